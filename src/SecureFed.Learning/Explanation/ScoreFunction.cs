namespace SecureFed.Learning.Explanation;

/// <summary>Score of one row: the logit of the positive class, or the predicted label in standardised units.</summary>
/// <param name="features">Standardised features in the order of the schema.</param>
public delegate double ScoreFunction(ReadOnlySpan<double> features);
