using SecureFed.Protocol.Identity;

namespace SecureFed.Protocol.Transparency;

/// <summary>What a ROSTER_CHANGED entry changed, without a name.</summary>
/// <param name="Index">The entry.</param>
/// <param name="Sequence">Of the new roster.</param>
/// <param name="Counts">By role.</param>
public sealed record EnrolmentChange(ulong Index, ulong Sequence, IReadOnlyList<EnrolmentCount> Counts);
