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
            double held = known.Budget.FindRefusal(units) is null ? known.Limit : Raise(charge, units, known, limits);
            return known.First with { EpsilonLimit = held, Round = charge.Round, Advertisement = advertisement, Units = units, Node = charge.Node };
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
        bool continues = known.First with { EpsilonLimit = line.EpsilonLimit, Round = line.Round, Advertisement = line.Advertisement, Units = line.Units, Node = line.Node } == line;
        if (!continues || line.EpsilonLimit < known.Limit || !known.Advertisements.Add(line.Advertisement))
            throw new InvalidOperationException($"A charge of task {line.Task} does not follow from those before it.");
        if (line.EpsilonLimit > known.Limit)
            known.Budget.Raise(new BudgetCap(line.EpsilonLimit, line.Delta, line.Order));
        int entry = known.Advertisements.Count;
        known.Budget.Reserve(entry, line.Units);
        known.Budget.Commit(entry);
        if (line.Node > 0)
            known.Nodes.Add(line.Node);
    }

    public IReadOnlyList<TaskSpending> Read() =>
        [.. tasks.Values.Select(t => new TaskSpending(Identifier.Parse(t.First.Task), t.First.DataSet, t.First.Unit, t.Limit, t.First.Delta, t.Budget.EpsilonSpent, t.Budget.Entries.Count))];

    /// <summary>An approved raise counts here from the first round that needs it, if the policy's limits carry it.</summary>
    /// <returns>The task's limit from now on.</returns>
    private double Raise(PrivacyCharge charge, long units, TaskAccount known, PrivacyLimits limits)
    {
        PrivacySpecification privacy = charge.Task.Privacy;
        double limit = (double)limits.LimitFor(privacy);
        if (!charge.IsBudgetRaised || limit <= known.Limit || new BudgetCap(limit, privacy.Delta, privacy.Order).Units - known.Budget.Spent < units)
            throw Refuse(known.Budget.FindRefusal(units)!.Message);
        RequireTotal(known.First.Task, privacy, limit, limits);
        return limit;
    }

    /// <summary>All tasks of the unit count with the most that they may ever cost here.</summary>
    private void RequireTotal(string task, PrivacySpecification privacy, double limit, PrivacyLimits limits)
    {
        DataSetLedger total = new((double)limits.TotalEpsilonOf(privacy.Unit), (double)limits.TotalDelta);
        foreach (TaskAccount earlier in tasks.Values.Where(t => t.First.Unit == privacy.Unit && !string.Equals(t.First.Task, task, StringComparison.Ordinal)))
        {
            if (!total.TryReserve(earlier.First.Task, earlier.Limit, earlier.First.Delta, out _))
                throw Refuse(string.Create(CultureInfo.InvariantCulture, $"Earlier tasks have used up the policy's total of epsilon {limits.TotalEpsilonOf(privacy.Unit)}, delta {limits.TotalDelta} for unit {privacy.Unit}."));
        }

        if (!total.TryReserve(task, limit, privacy.Delta, out DataSetRefusal? refusal))
            throw Refuse(refusal!.Message);
    }

    private static RoundRefusedException Refuse(string message) =>
        new(ErrorCodes.BudgetExhausted, $"The client's own ledger refuses: {message}");

    private sealed record TaskAccount(LedgerLine First, BudgetLedger Budget)
    {
        /// <summary>The most that the task may cost here.</summary>
        public double Limit => Budget.Cap.Epsilon;

        public HashSet<string> Advertisements { get; } = new(StringComparer.Ordinal);

        public NodeCounts Nodes { get; } = new();
    }
}
