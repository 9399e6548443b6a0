namespace SecureFed.Cli.Audit;

/// <summary>One part of a verification.</summary>
/// <param name="Name">Stable word: signature, history, tiles, entries, budget, messages, sums, models, files.</param>
/// <param name="Status">What came of it.</param>
/// <param name="Detail">What was checked and against what, or why it was not possible.</param>
internal sealed record AuditStep(string Name, AuditStatus Status, string Detail);

/// <summary>What came of one part of a verification.</summary>
internal enum AuditStatus
{
    Passed,
    Failed,

    /// <summary>The auditor lacks what it takes: blobs, a pinned authority, an earlier checkpoint.</summary>
    NotPossible,

    /// <summary>An earlier part failed.</summary>
    NotReached,
}
