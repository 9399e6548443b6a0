namespace SecureFed.Privacy.Budget;

/// <summary>The noise of one kind of release.</summary>
/// <param name="Release">What was planned.</param>
/// <param name="NoiseMultiplier">z with six significant digits.</param>
/// <param name="Units">What one release costs at the plan's order.</param>
public sealed record PlannedNoise(PlannedRelease Release, double NoiseMultiplier, long Units);
