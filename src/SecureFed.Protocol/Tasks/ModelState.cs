using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>The global model as a blob: what the server publishes after each step and clients fetch by digest.</summary>
/// <param name="Parameters">θ, length of the task's model.</param>
/// <param name="Mean">Mean of every feature from the standardisation round; empty before it or without one.</param>
/// <param name="Scale">Standard deviation of every feature, 1 for a constant one; as long as <paramref name="Mean"/>.</param>
/// <param name="TotalRows">N over all survivors of the standardisation round, 0 if unknown.</param>
/// <param name="CompletedTrainRounds">Training rounds behind this model.</param>
public sealed record ModelState(
    IReadOnlyList<double> Parameters,
    IReadOnlyList<double> Mean,
    IReadOnlyList<double> Scale,
    double TotalRows,
    int CompletedTrainRounds)
{
    private const byte Version = 1;
    private const int GreatestLength = 1 << 25;

    public static ModelState Initial(ModelSpecification model) => new(new double[model.Length], [], [], 0, 0);

    public byte[] Encode() => CanonicalWriter.Write(writer => writer
        .UInt8(Version)
        .List(Parameters, (w, v) => w.Double(v))
        .List(Mean, (w, v) => w.Double(v))
        .List(Scale, (w, v) => w.Double(v))
        .Double(TotalRows)
        .Count(CompletedTrainRounds));

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out ModelState? state)
    {
        CanonicalReader reader = new(bytes);
        reader.Require(reader.UInt8() == Version);
        ModelState read = new(Doubles(ref reader), Doubles(ref reader), Doubles(ref reader), reader.Double(), reader.Count(int.MaxValue));
        reader.Require(read.Mean.Count == read.Scale.Count && read.TotalRows >= 0);
        state = reader.IsComplete ? read : null;
        return state is not null;
    }

    private static double[] Doubles(ref CanonicalReader reader) => reader.List(GreatestLength, 8, (ref CanonicalReader r) => r.Double());
}
