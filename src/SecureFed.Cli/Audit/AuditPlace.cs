using System.Text.Json;
using SecureFed.Client.Configuration;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Resources;
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

    /// <summary>Why there are no blobs; empty if there are.</summary>
    public string WithoutBlobs { get; init; } = "";

    /// <summary>What a file of the log is called here, for messages.</summary>
    public abstract string PathOf(string logFile);

    /// <summary>A client policy in the place itself; null if there is none.</summary>
    public virtual ClientPolicy? FindPolicy() => null;

    /// <summary>The task's parameters where they are to be had without blobs; null otherwise.</summary>
    public virtual byte[]? FindParameters(Identifier task) => null;

    /// <summary>The budget as it was published.</summary>
    /// <param name="task">The task.</param>
    /// <param name="hasNoise">Whether the task adds noise at all.</param>
    /// <param name="source">What was read.</param>
    /// <param name="budget">Null if the publication says that there is none.</param>
    /// <returns>False if nothing was published here, or this reader may not see it.</returns>
    public abstract bool TryReadBudget(Identifier task, bool hasNoise, out string source, out BudgetView? budget);

    public virtual void Dispose()
    {
    }

    /// <exception cref="JsonException">Not a published budget.</exception>
    protected static BudgetView? ParseBudget(byte[] json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        bool isNone = document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("unit", out JsonElement unit) && unit.ValueEquals("none");
        return isNone ? null : document.RootElement.Deserialize<BudgetView>(ResourceJson.Options) ?? throw new JsonException("The document is null.");
    }

    /// <summary>A policy that does not open is no policy: what it would have pinned counts as not given.</summary>
    protected static ClientPolicy? OpenPolicy(string path) => File.Exists(path) ? PolicyFile.Load(path) : null;
}
