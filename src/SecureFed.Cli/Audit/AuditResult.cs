using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;

namespace SecureFed.Cli.Audit;

/// <summary>What a verification found.</summary>
/// <param name="Place">As the auditor named it.</param>
/// <param name="Trust">Whom the auditor believed.</param>
/// <param name="Checkpoint">The trusted checkpoint; null if there is none.</param>
/// <param name="Steps">Every part, in order.</param>
/// <param name="Fault">The first fault; null exactly if the log is verified.</param>
/// <param name="Entries">The fold over the entries, up to the fault.</param>
/// <param name="Replay">The fold with blobs; null without them.</param>
/// <param name="Budget">Recomputed from the entries; null without noise, without parameters or after a fault.</param>
/// <param name="Explanation">Recomputed from the blobs; null without blobs, without such a round or after a fault.</param>
/// <param name="Figures">What each evaluation told, and each training round whose task measures drift, recomputed from the blobs; empty without them.</param>
internal sealed record AuditResult(
    string Place,
    AuditTrust Trust,
    SignedCheckpoint? Checkpoint,
    IReadOnlyList<AuditStep> Steps,
    AuditFault? Fault,
    EntryAudit Entries,
    TaskReplay? Replay,
    BudgetView? Budget,
    ExplanationView? Explanation = null,
    IReadOnlyList<RoundFigures>? Figures = null)
{
    public bool IsVerified => Fault is null;
}

/// <summary>What the sum of one round says beside the model.</summary>
/// <param name="Round">Its number.</param>
/// <param name="Metrics">Of an evaluation round, else null.</param>
/// <param name="Drift">Of a training round, else null.</param>
internal sealed record RoundFigures(int Round, MetricsView? Metrics, DriftView? Drift);
