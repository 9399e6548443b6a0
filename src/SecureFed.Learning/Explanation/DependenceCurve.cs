namespace SecureFed.Learning.Explanation;

/// <summary>Mean prediction over all rows when one feature is set to a value everywhere (Friedman 2001, section 8.2).</summary>
/// <param name="Feature">Name.</param>
/// <param name="Points">Values of the feature in its own unit, ascending, with the mean prediction: a probability, or a value of the label.</param>
public sealed record DependenceCurve(string Feature, IReadOnlyList<DependencePoint> Points);
