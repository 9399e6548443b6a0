using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Auditing;
using SecureFed.Privacy.Updates;

namespace SecureFed.Cli.Commands;

/// <summary>The client library's own pipeline, as the audit sees it.</summary>
internal sealed class AuditedPipeline(AuditPlan plan, IRandomSource random) : IAuditedClient
{
    private readonly UpdatePipeline pipeline = new(random);

    public NoisedUpdate Contribute(UpdateLayout layout, IReadOnlyList<double[]> units, Rational shareVariance)
    {
        QuantizedUpdate update = plan.Unit == AuditedUnit.Record
            ? pipeline.Quantize(layout, new Records(units), plan.SamplingRate, out _)
            : pipeline.Quantize(layout, units.Count == 0 ? new double[layout.Dimension] : units[0]);
        return pipeline.AddNoise(update, shareVariance);
    }

    private sealed class Records(IReadOnlyList<double[]> vectors) : IRecordSource
    {
        public int Count => vectors.Count;

        public void Write(int record, Span<double> vector) => vectors[record].CopyTo(vector);
    }
}
