using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>A roster that a log puts in force.</summary>
/// <param name="Index">Its TASK_CREATED or ROSTER_CHANGED entry.</param>
/// <param name="Digest">SHA-256 of the signed roster.</param>
public sealed record AuditedRoster(ulong Index, Digest Digest);
