using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>What remains of a finished round in the task's state.</summary>
/// <param name="RoundId">Round.</param>
/// <param name="Number">1, 2, …</param>
/// <param name="Kind">What was summed.</param>
/// <param name="CohortSize">n; 0 if it never assembled.</param>
/// <param name="Survivors">Updates in the sum; 0 if it failed.</param>
/// <param name="AggregateDigest">Blob of the sum; null if it failed.</param>
/// <param name="MaskTotalDigest">Blob of the removed masks; null if it failed.</param>
/// <param name="AbortReason">Error code of a failed round.</param>
/// <param name="ModelDigest">Model that the round produced; null for evaluation and failed rounds.</param>
public sealed record RoundSummary(
    Identifier RoundId,
    int Number,
    RoundKind Kind,
    int CohortSize,
    int Survivors,
    Digest? AggregateDigest,
    Digest? MaskTotalDigest,
    string? AbortReason,
    Digest? ModelDigest);
