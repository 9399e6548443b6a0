using System.Globalization;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Ledger;

/// <summary>The fold over a client's charges: a filter per task, and one per data set and unit over all tasks.</summary>
/// <remarks>Not safe for concurrent use; the ledgers around it take care of that.</remarks>
internal sealed class PrivacyAccount
{
    private readonly Dictionary<string, (LedgerLine First, BudgetLedger Budget, NodeCounts Nodes)> tasks = new(StringComparer.Ordinal);

    /// <summary>Null if the round is charged already; otherwise the line that charges it.</summary>
    /// <exception cref="RoundRefusedException"><c>budget-exhausted</c>.</exception>
    public LedgerLine? Decide(PrivacyCharge charge, PrivacyLimits limits)
    {
        PrivacySpecification privacy = charge.Task.Privacy;
        string task = charge.Task.TaskId.ToString();
        if (tasks.TryGetValue(task, out (LedgerLine First, BudgetLedger Budget, NodeCounts Nodes) known))
        {
            if (known.Budget.Entries.Any(e => e.Round == charge.Round))
                return null;
            long units = charge.Node == 0 ? charge.Units : known.Nodes.UnitsOf(charge.Node, charge.Units);
            if (known.Budget.FindRefusal(units) is { } refusal)
                throw Refuse(refusal.Message);
            return known.First with { Round = charge.Round, Units = units, Node = charge.Node };
        }

        double limit = privacy.Epsilon * (1 + (double)limits.FailureAllowance);
        RequireDataSet(task, privacy, limit, limits);
        LedgerLine first = new(task, privacy.DataSet, privacy.Unit, limit, privacy.Delta, privacy.Order, charge.Round, charge.Units, charge.Node);
        return new BudgetCap(limit, privacy.Delta, privacy.Order) is var cap && new BudgetLedger(cap).FindRefusal(charge.Units) is { } excess ? throw Refuse(excess.Message) : first;
    }

    /// <exception cref="InvalidOperationException">The line cannot follow those before it: the ledger is damaged.</exception>
    public void Apply(LedgerLine line)
    {
        if (!tasks.TryGetValue(line.Task, out (LedgerLine First, BudgetLedger Budget, NodeCounts Nodes) known))
            tasks[line.Task] = known = (line, new BudgetLedger(new BudgetCap(line.EpsilonLimit, line.Delta, line.Order)), new NodeCounts());
        known.Budget.Reserve(line.Round, line.Units);
        known.Budget.Commit(line.Round);
        if (line.Node > 0)
            known.Nodes.Add(line.Node);
    }

    public IReadOnlyList<TaskSpending> Read() =>
        [.. tasks.Values.Select(t => new TaskSpending(Identifier.Parse(t.First.Task), t.First.DataSet, t.First.Unit, t.First.EpsilonLimit, t.First.Delta, t.Budget.EpsilonSpent, t.Budget.Entries.Count))];

    /// <summary>All tasks of the unit on the data set count with the most that they may ever cost here.</summary>
    private void RequireDataSet(string task, PrivacySpecification privacy, double limit, PrivacyLimits limits)
    {
        DataSetLedger total = new((double)limits.TotalEpsilonOf(privacy.Unit), (double)limits.TotalDelta);
        foreach ((LedgerLine earlier, _, _) in tasks.Values.Where(t => t.First.Unit == privacy.Unit && string.Equals(t.First.DataSet, privacy.DataSet, StringComparison.Ordinal)))
        {
            if (!total.TryReserve(earlier.Task, earlier.EpsilonLimit, earlier.Delta, out _))
                throw Refuse(string.Create(CultureInfo.InvariantCulture, $"Earlier tasks on data set '{privacy.DataSet}' have used up the policy's total of epsilon {limits.TotalEpsilonOf(privacy.Unit)}, delta {limits.TotalDelta}."));
        }

        if (!total.TryReserve(task, limit, privacy.Delta, out DataSetRefusal? refusal))
            throw Refuse(refusal!.Message);
    }

    private static RoundRefusedException Refuse(string message) =>
        new(ErrorCodes.BudgetExhausted, $"The client's own ledger refuses: {message}");
}
