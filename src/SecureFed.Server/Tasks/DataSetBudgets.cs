using System.Globalization;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Server.Tasks;

/// <summary>One budget for each data set and unit, over all tasks of this server.</summary>
/// <remarks>
/// A task takes its whole (ε, δ) when it is created. It gets them back only if it ends without having asked for a single unmasking. Client and record budgets are
/// kept apart: they promise different things and do not add up.
/// </remarks>
internal sealed class DataSetBudgets(ServerOptions options)
{
    private readonly Dictionary<(string DataSet, PrivacyUnit Unit), DataSetLedger> ledgers = [];
    private readonly Lock gate = new();

    /// <summary>Null if the task fits; otherwise what was requested, spent and left.</summary>
    public string? TryReserve(TaskParameters task)
    {
        PrivacySpecification privacy = task.Privacy;
        if (!privacy.HasNoise)
            return null;
        lock (gate)
        {
            return LedgerOf(privacy).TryReserve(task.TaskId.ToString(), privacy.Epsilon, privacy.Delta, out DataSetRefusal? refusal)
                ? null
                : string.Create(CultureInfo.InvariantCulture, $"Data set '{privacy.DataSet}', unit {privacy.Unit}: {refusal!.Message}");
        }
    }

    /// <summary>Charges a task that was admitted before the server started.</summary>
    public void Restore(TaskParameters task)
    {
        if (!task.Privacy.HasNoise)
            return;
        lock (gate)
            LedgerOf(task.Privacy).Restore(task.TaskId.ToString(), task.Privacy.Epsilon, task.Privacy.Delta);
    }

    /// <summary>The task is over: what it never touched is there again.</summary>
    public void Close(TaskParameters task, bool hasReleased)
    {
        if (!task.Privacy.HasNoise)
            return;
        lock (gate)
        {
            DataSetLedger ledger = LedgerOf(task.Privacy);
            if (hasReleased)
                ledger.Commit(task.TaskId.ToString());
            else
                ledger.Release(task.TaskId.ToString());
        }
    }

    private DataSetLedger LedgerOf(PrivacySpecification privacy)
    {
        if (!ledgers.TryGetValue((privacy.DataSet, privacy.Unit), out DataSetLedger? ledger))
            ledgers[(privacy.DataSet, privacy.Unit)] = ledger = new DataSetLedger(options.DataSetEpsilon, options.DataSetDelta);
        return ledger;
    }
}
