using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Identity;

/// <summary>One enrolled identity.</summary>
/// <param name="Id">The identity's name in every message.</param>
/// <param name="Role">What it may do.</param>
/// <param name="Organisation">Legal party behind it; corruption and the cap per cohort are counted by organisation. 1 to 128 bytes of UTF-8.</param>
/// <param name="PublicKey">P-256 identity key, 65 bytes uncompressed; verifies its messages and requests.</param>
public sealed record RosterEntry(Identifier Id, RosterRole Role, string Organisation, ReadOnlyMemory<byte> PublicKey);
