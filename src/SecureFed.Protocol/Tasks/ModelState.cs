using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>The global model as a blob: what the server publishes after each step and clients fetch by digest.</summary>
/// <param name="Parameters">θ, length of the task's model.</param>
/// <param name="Standardisation">Outcome of the standardisation round in the learning library's form; empty before it or without one.</param>
/// <param name="OptimizerState">What the server optimiser remembers between steps; empty for FedAvg and FedSGD.</param>
/// <param name="CompletedTrainRounds">Training rounds behind this model.</param>
/// <param name="Averaged">Mean of the models of the second half of the rounds so far; empty before it or for tasks that do not average.</param>
/// <param name="ClipNorm">C of the next training round if the task clips adaptively, else 0.</param>
/// <param name="Losses">Federated loss of every evaluation so far, in tasks that can stop early.</param>
/// <param name="Best">What was evaluated with the least of them; empty before.</param>
public sealed record ModelState(
    IReadOnlyList<double> Parameters,
    IReadOnlyList<double> Standardisation,
    IReadOnlyList<double> OptimizerState,
    int CompletedTrainRounds,
    IReadOnlyList<double> Averaged,
    double ClipNorm,
    IReadOnlyList<double> Losses,
    IReadOnlyList<double> Best)
{
    private const byte Version = 4;
    private const int GreatestLength = 1 << 25;

    /// <summary>What an evaluation round evaluates: averaged if the task averages, else the last.</summary>
    public IReadOnlyList<double> Candidate => Averaged.Count > 0 ? Averaged : Parameters;

    /// <summary>The model that the task has to show: the best that was evaluated if the task can stop early, else the candidate.</summary>
    public IReadOnlyList<double> Result => Best.Count > 0 ? Best : Candidate;

    public static ModelState Initial(ModelSpecification model) => new(new double[model.Length], [], [], 0, [], 0, [], []);

    public byte[] Encode() => CanonicalWriter.Write(writer => writer
        .UInt8(Version)
        .List(Parameters, (w, v) => w.Double(v))
        .List(Standardisation, (w, v) => w.Double(v))
        .List(OptimizerState, (w, v) => w.Double(v))
        .Count(CompletedTrainRounds)
        .List(Averaged, (w, v) => w.Double(v))
        .Double(ClipNorm)
        .List(Losses, (w, v) => w.Double(v))
        .List(Best, (w, v) => w.Double(v)));

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out ModelState? state)
    {
        CanonicalReader reader = new(bytes);
        reader.Require(reader.UInt8() == Version);
        ModelState read = new(Doubles(ref reader), Doubles(ref reader), Doubles(ref reader), reader.Count(int.MaxValue), Doubles(ref reader), reader.Double(), Doubles(ref reader), Doubles(ref reader));
        state = reader.IsComplete ? read : null;
        return state is not null;
    }

    private static double[] Doubles(ref CanonicalReader reader) => reader.List(GreatestLength, 8, (ref CanonicalReader r) => r.Double());
}
