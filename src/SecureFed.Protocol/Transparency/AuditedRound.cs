using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>What the entries of one round say, for reports.</summary>
/// <param name="Number">1, 2, … within the task.</param>
/// <param name="RoundId">Round.</param>
/// <param name="Kind">What was summed.</param>
/// <param name="OpenIndex">Its ROUND_OPENED entry.</param>
/// <param name="Phase">Closed, Aborted, or where the round in progress stands.</param>
/// <param name="Cohort">n; 0 before the cohort is published. Encrypted: the clients that are invited.</param>
/// <param name="LeastSurvivors">S_min of the cohort, leaves added up; 0 before the cohort is published.</param>
/// <param name="Survivors">Updates in the sum; 0 if there is none.</param>
/// <param name="Leaves">Leaves of the round; 1 if it is one cohort.</param>
/// <param name="LostLeaves">Leaves that aborted.</param>
/// <param name="AbortReason">Error code of a round without a sum, or of a sum from which no model follows.</param>
/// <param name="Suspects">Pseudonyms that the end of the round names; honest ones can be among them.</param>
/// <param name="NoiseMultiplier">z; null if sums are exact.</param>
/// <param name="Charge">Units of its reservation; 0 if sums are exact.</param>
/// <param name="Budget">What became of the reservation; null if sums are exact.</param>
/// <param name="EpsilonAfter">ε committed or reserved after its last entry; null without parameters or noise.</param>
/// <param name="AggregateDigest">Blob of the sum.</param>
/// <param name="ParentDigest">Model that its updates refer to.</param>
/// <param name="ModelDigest">Model that followed from the sum; null if none did.</param>
/// <param name="VectorsDeleted">Entry that deletes its uploads; null if they are to be held.</param>
/// <param name="Holders">What its key holders did; null if it is masked.</param>
public sealed record AuditedRound(
    int Number,
    Identifier RoundId,
    RoundKind Kind,
    ulong OpenIndex,
    RoundPhase Phase,
    int Cohort,
    int LeastSurvivors,
    int Survivors,
    int Leaves,
    int LostLeaves,
    string? AbortReason,
    IReadOnlyList<Identifier> Suspects,
    double? NoiseMultiplier,
    long Charge,
    BudgetState? Budget,
    double? EpsilonAfter,
    Digest? AggregateDigest,
    Digest ParentDigest,
    Digest? ModelDigest,
    ulong? VectorsDeleted,
    HolderActivity? Holders = null)
{
    /// <summary>Cohort members whose updates are not in the sum; 0 if there is no sum.</summary>
    public int Dropped => Survivors == 0 ? 0 : Cohort - Survivors;
}
