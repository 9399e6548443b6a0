using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Holding;

/// <summary>What a key holder did in one round.</summary>
/// <param name="RoundId">Round.</param>
/// <param name="Number">1, 2, … in the task.</param>
/// <param name="Kind">What was summed.</param>
/// <param name="HasChecked">It answered the challenge about everybody's shares.</param>
/// <param name="HasSigned">It signed the list of uploads.</param>
/// <param name="HasSummed">It gave its sum of shares.</param>
/// <param name="Reason">Error code of what kept it from the rest; null if nothing did.</param>
public sealed record HolderOutcome(Identifier RoundId, int Number, RoundKind Kind, bool HasChecked, bool HasSigned, bool HasSummed, string? Reason);
