namespace SecureFed.Privacy.Budget;

/// <summary>One kind of release of a planned schedule: everything that a round reveals about one sample.</summary>
/// <param name="Name">What is released, for messages.</param>
/// <param name="Count">How many releases touch one protected unit: rounds, or the nodes of a tree on the unit's path. At least 1.</param>
/// <param name="SamplingRate">q in (0, 1]: the rate of secret Poisson sampling of records; 1 without.</param>
/// <param name="Share">Its part of the budget, in (0, 1]; the shares of a plan sum to 1.</param>
public sealed record PlannedRelease(string Name, int Count, double SamplingRate, double Share);
