using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Cli.Audit.Report;

/// <summary>One requested change of the task. Fields that its reader is not shown are null.</summary>
/// <param name="Change">Identifier of the request.</param>
/// <param name="Kind">start, raise-budget or extend-schedule.</param>
/// <param name="Effect">What it does once approved.</param>
/// <param name="Reason">The requester's words.</param>
/// <param name="Requester">Operator.</param>
/// <param name="RequestEntry">Log index of the request.</param>
/// <param name="Approver">Null while nobody has approved it.</param>
/// <param name="ApprovalEntry">Log index from which on it is in force.</param>
internal sealed record ReportApproval(string? Change, string? Kind, string? Effect, string? Reason, string? Requester, ulong RequestEntry, string? Approver, ulong? ApprovalEntry)
{
    public static ReportApproval Of(AuditedChange change) => new(
        change.Request?.ChangeId.ToString(),
        change.Request?.Kind switch { null => null, ChangeKind.Start => "start", ChangeKind.RaiseBudget => "raise-budget", _ => "extend-schedule" },
        change.Request?.Effect,
        change.Request?.Reason,
        change.Request?.Requester.ToString(),
        change.RequestIndex,
        change.Approver?.ToString(),
        change.ApprovalIndex);

    /// <summary>What was checked of the approvals; or that there are none.</summary>
    public static string NoteOf(AuditResult result)
    {
        if (result.Entries.Changes.Count == 0)
            return "None recorded: budget, schedule, thresholds and cohort bounds are those of the task's creation.";
        if (result.Replay is null)
            return "Not judged: who signed is seen only with blobs and a roster authority. Entries alone show which requests were approved, and when.";
        return result.IsVerified
            ? "Each approval carries the signatures of an operator and of an approver of another organisation, both of the signed roster. Expiry is not judged: the log knows no time. Thresholds and cohort bounds are those of the task's creation; nothing can change them."
            : "The verification failed; see the deviations.";
    }
}
