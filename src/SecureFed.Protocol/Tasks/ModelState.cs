using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>The global model as a blob: what the server publishes after each step and clients fetch by digest.</summary>
/// <param name="Parameters">θ, length of the task's model.</param>
/// <param name="Standardisation">Outcome of the standardisation round in the learning library's form; empty before it or without one.</param>
/// <param name="OptimizerState">What the server optimiser remembers between steps; empty for FedAvg and FedSGD.</param>
/// <param name="CompletedTrainRounds">Training rounds behind this model.</param>
public sealed record ModelState(
    IReadOnlyList<double> Parameters,
    IReadOnlyList<double> Standardisation,
    IReadOnlyList<double> OptimizerState,
    int CompletedTrainRounds)
{
    private const byte Version = 1;
    private const int GreatestLength = 1 << 25;

    public static ModelState Initial(ModelSpecification model) => new(new double[model.Length], [], [], 0);

    public byte[] Encode() => CanonicalWriter.Write(writer => writer
        .UInt8(Version)
        .List(Parameters, (w, v) => w.Double(v))
        .List(Standardisation, (w, v) => w.Double(v))
        .List(OptimizerState, (w, v) => w.Double(v))
        .Count(CompletedTrainRounds));

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out ModelState? state)
    {
        CanonicalReader reader = new(bytes);
        reader.Require(reader.UInt8() == Version);
        ModelState read = new(Doubles(ref reader), Doubles(ref reader), Doubles(ref reader), reader.Count(int.MaxValue));
        state = reader.IsComplete ? read : null;
        return state is not null;
    }

    private static double[] Doubles(ref CanonicalReader reader) => reader.List(GreatestLength, 8, (ref CanonicalReader r) => r.Double());
}
