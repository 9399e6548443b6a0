using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Scenarios;
using SecureFed.Learning.Training;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Tests;

/// <summary>Record-level training in one process: rows drawn, clipped by segment, summed, noised and decoded, with continuous noise in place of the discrete one.</summary>
/// <param name="data">Who holds which rows.</param>
/// <param name="scenario">Settings.</param>
/// <param name="honest">h: survivors whose shares alone make up the stated noise.</param>
/// <param name="seed">Draws, dropouts and noise.</param>
internal sealed class RecordLevelSimulation(ScenarioData data, Scenario scenario, int honest, ulong seed)
{
    private readonly DeterministicSequence random = new(seed, 0x7265636f7264);

    public RecordLevelSettings Settings { get; init; } = scenario.RecordLevel;

    public GlobalModel Start { get; init; } = GlobalModel.Zero(scenario.ModelKind, data.Schema.Features.Count);

    /// <param name="noiseMultiplier">z of a training round.</param>
    /// <param name="standardisationMultiplier">z of the standardisation round.</param>
    public (GlobalModel Model, Standardizer Standardizer) Run(double noiseMultiplier, double standardisationMultiplier)
    {
        RecordLevelSettings settings = Settings;
        MomentRecords[] moments = [.. data.Clients.Select(client => new MomentRecords(client, data.Schema))];
        (double[] sum, double[] noise) = Release(moments, 1, standardisationMultiplier);
        var standardizer = Standardizer.FromNoisySum(data.Schema, sum, noise);
        DataSet[] clients = [.. data.Clients.Select(standardizer.Apply)];
        var optimizer = new RecordSgd(settings.CreateRule(), settings.SamplingRate * standardizer.TotalRows, scenario.Penalty / standardizer.TotalRows, Start.Shape.Layers);
        GlobalModel model = Start;
        (double[] state, double[] average) = ([], []);
        for (int round = 1; round <= settings.Rounds; round++)
        {
            GradientRecords[] gradients = [.. clients.Select(client => new GradientRecords(model, client, settings.ClipNorm))];
            ServerStep step = optimizer.Step(model.Parameters, state, Release(gradients, settings.SamplingRate, noiseMultiplier).Sum, clients.Length);
            (model, state) = (model.With(step.Parameters), step.State);
            average = TailAverage.Next(average, step.Parameters, round, settings.Rounds);
        }

        return (model.With(average), standardizer);
    }

    private (double[] Sum, double[] Noise) Release(IReadOnlyList<IRecordVectors> clients, double samplingRate, double noiseMultiplier)
    {
        VectorLayout layout = clients[0].Layout;
        var sum = new double[layout.Dimension];
        var vector = new double[layout.Dimension];
        int survivors = 0;
        foreach (IRecordVectors records in clients)
        {
            if (random.NextBoolean(scenario.DefaultDropout))
            {
                continue;
            }

            survivors++;
            for (int record = 0; record < records.Count; record++)
            {
                if (random.NextBoolean(samplingRate))
                {
                    records.Write(record, vector);
                    AddClipped(layout, vector, sum);
                }
            }
        }

        // One noise for all segments in units of √length/norm bound: then they share the sensitivity √dimension.
        double[] noise =
        [
            .. layout.Segments.Select(segment =>
                noiseMultiplier * Math.Sqrt(layout.Dimension) * segment.NormBound / Math.Sqrt(segment.Length) * Math.Sqrt((double)survivors / honest)),
        ];
        return (RecordVectors.WithNoise(sum, layout, noise, random), noise);
    }

    private static void AddClipped(VectorLayout layout, double[] vector, double[] sum)
    {
        foreach (VectorSegment segment in layout.Segments)
        {
            ReadOnlySpan<double> part = layout.Slice(vector.AsSpan(), segment.Name);
            Span<double> total = layout.Slice(sum.AsSpan(), segment.Name);
            double square = 0;
            foreach (double x in part)
            {
                square += x * x;
            }

            double factor = Math.Min(1, segment.NormBound / Math.Sqrt(square));
            for (int j = 0; j < part.Length; j++)
            {
                total[j] += factor * part[j];
            }
        }
    }
}
