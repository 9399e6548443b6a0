using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>A request for a change as an auditor reads it from entries and whatever blobs are to be had.</summary>
/// <param name="RequestDigest">SHA-256 of the signed request.</param>
/// <param name="RequestIndex">Its entry.</param>
/// <param name="Request">Null without its blob.</param>
/// <param name="ApprovalIndex">Entry of the approval; null while there is none.</param>
/// <param name="Approver">Null while there is none, or without its blob.</param>
public sealed record AuditedChange(Digest RequestDigest, ulong RequestIndex, ChangeRequest? Request, ulong? ApprovalIndex, Identifier? Approver);
