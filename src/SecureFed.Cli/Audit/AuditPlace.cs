using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Audit;

/// <summary>Where a log is, with what else is there for its auditor.</summary>
internal abstract class AuditPlace : IDisposable
{
    /// <summary>As the auditor named it.</summary>
    public required string Name { get; init; }

    public required ILogSource Log { get; init; }

    /// <summary>Null if the place holds none, or does not show them to this reader.</summary>
    public IBlobSource? Blobs { get; init; }

    /// <summary>Whether the task may go on while it is read.</summary>
    public virtual bool IsLive => false;

    /// <summary>Why there are no blobs; empty if there are.</summary>
    public string WithoutBlobs { get; init; } = "";

    /// <summary>What a file of the log is called here, for messages.</summary>
    public abstract string PathOf(string logFile);

    /// <summary>A client policy in the place itself; null if there is none.</summary>
    public virtual ClientPolicy? FindPolicy() => null;

    /// <summary>The task's parameters where they are to be had without blobs; null otherwise.</summary>
    public virtual byte[]? FindParameters(Identifier task) => null;

    /// <summary>What is wrong with a copy of the current model that lies beside the log; null if nothing is, or if there is none.</summary>
    /// <param name="task">The log's task.</param>
    /// <param name="model">The digest that the log ends with.</param>
    public virtual string? FindModelFault(Identifier task, Digest model) => null;

    /// <summary>What the published budget is called here.</summary>
    public abstract string BudgetSource(Identifier task);

    /// <summary>The budget as it was published, in JSON; null if it was not, or not to this reader.</summary>
    public abstract byte[]? ReadPublishedBudget(Identifier task);

    public virtual void Dispose()
    {
    }
}
