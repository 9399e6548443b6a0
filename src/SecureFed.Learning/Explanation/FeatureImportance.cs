namespace SecureFed.Learning.Explanation;

/// <summary>By how much the mean loss grows when a feature's values are replaced by others that tell nothing about the row.</summary>
/// <param name="Feature">Name.</param>
/// <param name="Increase">Log loss, or squared error in units of the label's variance. Negative within its error means none.</param>
public sealed record FeatureImportance(string Feature, Estimate Increase);
