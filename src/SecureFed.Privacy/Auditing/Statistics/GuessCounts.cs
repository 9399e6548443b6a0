namespace SecureFed.Privacy.Auditing.Statistics;

/// <summary>How often a fixed rule said "the canary took part", over independent runs.</summary>
/// <param name="TruePositives">Runs with the canary in which the rule said so.</param>
/// <param name="WithRuns">n₁: runs with the canary.</param>
/// <param name="FalsePositives">Runs without it in which the rule said so all the same.</param>
/// <param name="WithoutRuns">n₀: runs without it.</param>
internal readonly record struct GuessCounts(long TruePositives, long WithRuns, long FalsePositives, long WithoutRuns);
