using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>How near the survivors of a released sum come to those of an earlier one: what an auditor of the cross-round guard reads.</summary>
/// <param name="Round">Number of the round.</param>
/// <param name="RoundId">Its id, or the leaf's. A round with leaves follows them with a line of its own: the sum of those that closed.</param>
/// <param name="Kind">What was summed.</param>
/// <param name="Survivors">Updates in the sum.</param>
/// <param name="NearestRound">The earlier round of this kind with the most similar survivors that are not the same; null if there is none.</param>
/// <param name="Difference">By how many clients the two differ.</param>
public sealed record Participation(int Round, Identifier RoundId, RoundKind Kind, int Survivors, int? NearestRound, int? Difference);
