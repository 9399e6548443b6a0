using System.Globalization;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>Which rounds a task runs: standardise once, train R times, evaluate at the end or also in between, explain once.</summary>
/// <param name="Standardise">Whether a standardisation round comes first.</param>
/// <param name="TrainRounds">R, at least 1: all that the budget is planned for.</param>
/// <param name="Evaluate">Whether an evaluation round follows training.</param>
/// <param name="GreatestFailures">Rounds in a row that may fail before the task is given up.</param>
/// <param name="EvaluateEvery">E: an evaluation round also follows every E training rounds; 0 = only the last. Each is charged.</param>
/// <param name="Patience">P: training stops when the federated loss has not improved in P evaluations in a row; 0 = it never stops early.</param>
/// <param name="LeastImprovement">How much less than the least loss so far counts as an improvement, at least 0.</param>
/// <param name="WaitsForClients">A round opens only when a cohort's clients wait for it, however long that takes: the model follows data that keep coming.</param>
/// <param name="GreatestStaleness">s: training rounds by which the model that an update was computed on may be older than the round's; 0 = none.</param>
/// <param name="Explain">Whether an explanation round comes last, after evaluation.</param>
public sealed record TaskSchedule(
    bool Standardise,
    int TrainRounds,
    bool Evaluate,
    int GreatestFailures,
    int EvaluateEvery = 0,
    int Patience = 0,
    double LeastImprovement = 0,
    bool WaitsForClients = false,
    int GreatestStaleness = 0,
    bool Explain = false)
{
    private const int GreatestRounds = 1_000_000;

    public int Rounds => TrainRounds + (Standardise ? 1 : 0) + Evaluations + (Explain ? 1 : 0);

    /// <summary>Highest number that a round of this task can have: every scheduled round after as many failures as are allowed in a row.</summary>
    /// <remarks>Bounds how often a server can ask a client for a vector.</remarks>
    public long GreatestRoundNumber => Rounds * (GreatestFailures + 1L);

    /// <summary>Whether an evaluation can end the training.</summary>
    public bool StopsEarly => Patience > 0;

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

    private int Evaluations => !Evaluate ? 0 : EvaluateEvery == 0 ? 1 : (int)((TrainRounds + (long)EvaluateEvery - 1) / EvaluateEvery);

    /// <summary>How many rounds of a kind the schedule holds at most.</summary>
    public int CountOf(RoundKind kind) => kind switch
    {
        RoundKind.Train => TrainRounds,
        RoundKind.Standardise => Standardise ? 1 : 0,
        RoundKind.Evaluate => Evaluations,
        RoundKind.Explain => Explain ? 1 : 0,
        _ => 0,
    };

    /// <summary>What comes after <paramref name="completedRounds"/> successful rounds; null when the task is complete.</summary>
    /// <param name="completedRounds">Of any kind.</param>
    /// <param name="convergedAfter">Successful rounds after which an evaluation had ended the training; null if none has.</param>
    public RoundKind? KindAfter(int completedRounds, int? convergedAfter = null)
    {
        int position = completedRounds - (Standardise ? 1 : 0);
        if (position < 0)
            return RoundKind.Standardise;
        int last = convergedAfter is { } end ? end - (Standardise ? 1 : 0) : TrainRounds + Evaluations;
        if (position >= last)
            return Explain && position == last ? RoundKind.Explain : null;
        int block = EvaluateEvery == 0 ? int.MaxValue : EvaluateEvery + 1;
        int trained = position - (position / block);
        return trained < TrainRounds && position % block < block - 1 ? RoundKind.Train : RoundKind.Evaluate;
    }

    /// <summary>Whether training ends with the last of these evaluations.</summary>
    /// <param name="losses">Federated loss of every evaluation so far, in order.</param>
    public bool HasConverged(IReadOnlyList<double> losses) => StopsEarly && losses.Count > Patience && losses.Count - 1 - BestOf(losses) >= Patience;

    /// <summary>Index of the last evaluation that improved on all before it.</summary>
    public int BestOf(IReadOnlyList<double> losses)
    {
        int best = 0;
        for (int i = 1; i < losses.Count; i++)
        {
            if (losses[i] < losses[best] - LeastImprovement)
                best = i;
        }

        return best;
    }

    /// <summary>Whether more training rounds can be added: not after a round that looks at the finished model has begun, nor after training has ended early.</summary>
    internal bool CanExtendAfter(int completedTrainRounds, bool isLooking, bool hasConverged) => !hasConverged && !(isLooking && completedTrainRounds >= TrainRounds);

    /// <summary>Whether a model follows from the sum of a round of that kind; the others look at the model that is there.</summary>
    public bool YieldsModel(RoundKind kind) => kind is RoundKind.Standardise or RoundKind.Train || (kind == RoundKind.Evaluate && StopsEarly);

    internal string? FindFault()
    {
        if (TrainRounds is < 1 or > GreatestRounds || GreatestFailures is < 0 or > 1000)
            return "A task trains for 1 to 1,000,000 rounds and allows 0 to 1,000 failures in a row.";
        if (EvaluateEvery < 0 || EvaluateEvery > TrainRounds || (EvaluateEvery > 0 && !Evaluate))
            return "Evaluation rounds in between (evaluateEvery) lie 1 to as many training rounds apart as the task has, and need evaluate.";
        if (Patience < 0 || !(LeastImprovement >= 0) || !double.IsFinite(LeastImprovement) || (Patience == 0 && LeastImprovement > 0))
            return "Patience and the least improvement are at least 0, and the improvement goes with patience.";
        if (StopsEarly && (EvaluateEvery == 0 || Patience >= Evaluations))
            return string.Create(CultureInfo.InvariantCulture, $"To stop after {Patience} evaluations without improvement the schedule needs more than that many evaluation rounds; it has {Evaluations}. Set evaluateEvery.");
        return GreatestStaleness is >= 0 and <= 1000 ? null : "An update is at most 1,000 training rounds behind.";
    }

    internal void Write(CanonicalWriter writer) => writer
        .Flag(Standardise).Count(TrainRounds).Flag(Evaluate).Count(GreatestFailures)
        .Count(EvaluateEvery).Count(Patience).Double(LeastImprovement).Flag(WaitsForClients).Count(GreatestStaleness).Flag(Explain);

    internal static TaskSchedule Read(ref CanonicalReader reader) => new(
        reader.Flag(),
        reader.Count(GreatestRounds),
        reader.Flag(),
        reader.Count(int.MaxValue),
        reader.Count(GreatestRounds),
        reader.Count(GreatestRounds),
        reader.Double(),
        reader.Flag(),
        reader.Count(1000),
        reader.Flag());
}
