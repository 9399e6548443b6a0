namespace SecureFed.Protocol.Changes;

/// <summary>One change of a task as its log tells it.</summary>
/// <param name="Request">What was asked for.</param>
/// <param name="RequestIndex">Its log entry.</param>
/// <param name="Approval">Null while nobody has approved it.</param>
/// <param name="ApprovalIndex">Log entry from which on it is in force.</param>
public sealed record ChangeRecord(SignedChangeRequest Request, ulong RequestIndex, SignedApproval? Approval, ulong? ApprovalIndex);
