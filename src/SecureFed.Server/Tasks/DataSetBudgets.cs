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

    /// <summary>Null if a raise of the task's ε fits, which is set aside then; otherwise what was requested, spent and left.</summary>
    /// <remarks>Before the raise is logged. If it never is, the data set has set too much aside until the server starts again: never too little.</remarks>
    /// <param name="task">The task.</param>
    /// <param name="epsilon">Its whole ε afterwards.</param>
    public string? TryRaise(TaskParameters task, double epsilon)
    {
        PrivacySpecification privacy = task.Privacy;
        lock (gate)
        {
            return LedgerOf(privacy).TryRaise(task.TaskId.ToString(), epsilon, out DataSetRefusal? refusal)
                ? null
                : string.Create(CultureInfo.InvariantCulture, $"Data set '{privacy.DataSet}', unit {privacy.Unit}: {refusal!.Message}");
        }
    }

    /// <summary>Sets aside what a raise needs that stands in the log, whoever admitted it.</summary>
    /// <param name="inForce">The task with its approved changes.</param>
    public void RestoreRaise(TaskParameters inForce)
    {
        if (!inForce.Privacy.HasNoise)
            return;
        lock (gate)
            LedgerOf(inForce.Privacy).RestoreRaise(inForce.TaskId.ToString(), inForce.Privacy.Epsilon);
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
