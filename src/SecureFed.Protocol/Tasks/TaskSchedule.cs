using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>Which rounds a task runs: standardise once, train R times, evaluate once, explain once.</summary>
/// <param name="Standardise">Whether a standardisation round comes first.</param>
/// <param name="TrainRounds">R, at least 1.</param>
/// <param name="Evaluate">Whether an evaluation round follows training.</param>
/// <param name="GreatestFailures">Rounds in a row that may fail before the task is given up.</param>
/// <param name="Explain">Whether an explanation round comes last, after evaluation.</param>
public sealed record TaskSchedule(bool Standardise, int TrainRounds, bool Evaluate, int GreatestFailures, bool Explain = false)
{
    public int Rounds => TrainRounds + (Standardise ? 1 : 0) + (Evaluate ? 1 : 0) + (Explain ? 1 : 0);

    /// <summary>Highest number that a round of this task can have: every scheduled round after as many failures as are allowed in a row.</summary>
    /// <remarks>Bounds how often a server can ask a client for a vector.</remarks>
    public long GreatestRoundNumber => Rounds * (GreatestFailures + 1L);

    /// <summary>The kinds of round in this schedule, ascending.</summary>
    public IEnumerable<RoundKind> Kinds
    {
        get
        {
            if (Standardise)
                yield return RoundKind.Standardise;
            yield return RoundKind.Train;
            if (Evaluate)
                yield return RoundKind.Evaluate;
            if (Explain)
                yield return RoundKind.Explain;
        }
    }

    /// <summary>How many rounds of a kind the schedule holds.</summary>
    public int CountOf(RoundKind kind) => kind == RoundKind.Train ? TrainRounds : Kinds.Contains(kind) ? 1 : 0;

    /// <summary>What comes after <paramref name="completedRounds"/> successful rounds; null when the task is complete.</summary>
    public RoundKind? KindAfter(int completedRounds)
    {
        int position = completedRounds - (Standardise ? 1 : 0);
        if (position < 0)
            return RoundKind.Standardise;
        if (position < TrainRounds)
            return RoundKind.Train;
        if (position == TrainRounds && Evaluate)
            return RoundKind.Evaluate;
        return Explain && position == TrainRounds + (Evaluate ? 1 : 0) ? RoundKind.Explain : null;
    }

    /// <summary>Whether a model follows from the sum of a round of that kind; the others look at the finished model, so that training cannot go on after them.</summary>
    public static bool YieldsModel(RoundKind kind) => kind is RoundKind.Standardise or RoundKind.Train;

    internal string? FindFault() =>
        TrainRounds is >= 1 and <= 1_000_000 && GreatestFailures is >= 0 and <= 1000 ? null : "A task trains for 1 to 1,000,000 rounds and allows 0 to 1,000 failures in a row.";

    internal void Write(CanonicalWriter writer) => writer
        .Flag(Standardise).Count(TrainRounds).Flag(Evaluate).Count(GreatestFailures).Flag(Explain);

    internal static TaskSchedule Read(ref CanonicalReader reader) =>
        new TaskSchedule(reader.Flag(), reader.Count(1_000_000), reader.Flag(), reader.Count(int.MaxValue), reader.Flag());
}
