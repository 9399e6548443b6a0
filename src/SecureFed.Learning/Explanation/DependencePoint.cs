namespace SecureFed.Learning.Explanation;

/// <summary>One place of a <see cref="DependenceCurve"/>.</summary>
/// <param name="Value">Of the feature.</param>
/// <param name="Prediction">Mean over all rows.</param>
public sealed record DependencePoint(double Value, Estimate Prediction);
