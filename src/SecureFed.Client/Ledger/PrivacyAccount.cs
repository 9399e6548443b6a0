using System.Globalization;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Ledger;

/// <summary>The fold over a client's charges: a filter per task, and one per unit over all tasks.</summary>
/// <remarks>
/// The totals count every task of the ledger, whatever data set its task names: that name is the operator's, and another one is no new data. Data that have
/// nothing to do with each other get a ledger each.
/// Not safe for concurrent use; the ledgers around it take care of that.
/// </remarks>
internal sealed class PrivacyAccount
{
    private readonly Dictionary<string, TaskAccount> tasks = new(StringComparer.Ordinal);

    /// <summary>Null if this part in the round is charged already; otherwise the line that charges it.</summary>
    /// <exception cref="RoundRefusedException"><c>budget-exhausted</c>; <c>invalid-parameters</c> if the task was charged under another budget before.</exception>
    public LedgerLine? Decide(PrivacyCharge charge, PrivacyLimits limits)
    {
        PrivacySpecification privacy = charge.Task.Privacy;
        string task = charge.Task.TaskId.ToString();
        string advertisement = charge.Advertisement.ToString();
        if (tasks.TryGetValue(task, out TaskAccount? known))
        {
            // Units of another order or δ cannot be added to what stands here.
            if ((known.First.Unit, known.First.Delta, known.First.Order) != (privacy.Unit, privacy.Delta, privacy.Order) || !string.Equals(known.First.DataSet, privacy.DataSet, StringComparison.Ordinal))
                throw new RoundRefusedException(ErrorCodes.InvalidParameters, "The client's own ledger has charged this task under another budget; a changed task needs a new identifier.");
            if (known.Advertisements.Contains(advertisement))
                return null;
            long units = charge.Node == 0 ? charge.Units : known.Nodes.UnitsOf(charge.Node, charge.Units);
            return known.Budget.FindRefusal(units) is { } refusal
                ? throw Refuse(refusal.Message)
                : known.First with { Round = charge.Round, Advertisement = advertisement, Units = units, Node = charge.Node };
        }

        double limit = (double)limits.LimitFor(privacy);
        RequireTotal(task, privacy, limit, limits);
        return new BudgetLedger(new BudgetCap(limit, privacy.Delta, privacy.Order)).FindRefusal(charge.Units) is { } excess
            ? throw Refuse(excess.Message)
            : new LedgerLine(task, privacy.DataSet, privacy.Unit, limit, privacy.Delta, privacy.Order, charge.Round, advertisement, charge.Units, charge.Node);
    }

    /// <exception cref="InvalidOperationException">The line cannot follow those before it: the ledger is damaged.</exception>
    public void Apply(LedgerLine line)
    {
        if (!tasks.TryGetValue(line.Task, out TaskAccount? known))
            tasks[line.Task] = known = new TaskAccount(line, new BudgetLedger(new BudgetCap(line.EpsilonLimit, line.Delta, line.Order)));
        if (known.First with { Round = line.Round, Advertisement = line.Advertisement, Units = line.Units, Node = line.Node } != line || !known.Advertisements.Add(line.Advertisement))
            throw new InvalidOperationException($"A charge of task {line.Task} does not follow from those before it.");
        int entry = known.Advertisements.Count;
        known.Budget.Reserve(entry, line.Units);
        known.Budget.Commit(entry);
        if (line.Node > 0)
            known.Nodes.Add(line.Node);
    }

    public IReadOnlyList<TaskSpending> Read() =>
        [.. tasks.Values.Select(t => new TaskSpending(Identifier.Parse(t.First.Task), t.First.DataSet, t.First.Unit, t.First.EpsilonLimit, t.First.Delta, t.Budget.EpsilonSpent, t.Budget.Entries.Count))];

    /// <summary>All tasks of the unit count with the most that they may ever cost here.</summary>
    private void RequireTotal(string task, PrivacySpecification privacy, double limit, PrivacyLimits limits)
    {
        DataSetLedger total = new((double)limits.TotalEpsilonOf(privacy.Unit), (double)limits.TotalDelta);
        foreach (LedgerLine earlier in tasks.Values.Select(t => t.First).Where(t => t.Unit == privacy.Unit))
        {
            if (!total.TryReserve(earlier.Task, earlier.EpsilonLimit, earlier.Delta, out _))
                throw Refuse(string.Create(CultureInfo.InvariantCulture, $"Earlier tasks have used up the policy's total of epsilon {limits.TotalEpsilonOf(privacy.Unit)}, delta {limits.TotalDelta} for unit {privacy.Unit}."));
        }

        if (!total.TryReserve(task, limit, privacy.Delta, out DataSetRefusal? refusal))
            throw Refuse(refusal!.Message);
    }

    private static RoundRefusedException Refuse(string message) =>
        new(ErrorCodes.BudgetExhausted, $"The client's own ledger refuses: {message}");

    private sealed record TaskAccount(LedgerLine First, BudgetLedger Budget)
    {
        public HashSet<string> Advertisements { get; } = new(StringComparer.Ordinal);

        public NodeCounts Nodes { get; } = new();
    }
}
