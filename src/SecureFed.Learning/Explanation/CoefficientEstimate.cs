namespace SecureFed.Learning.Explanation;

/// <summary>A coefficient on the standardised feature.</summary>
/// <param name="Feature">Name; <c>(intercept)</c> for the intercept.</param>
/// <param name="Released">Of the released model.</param>
/// <param name="Value">After the step, with the standard error of noise and sampling.</param>
/// <param name="IsResolved">False if most of the error comes from directions that noise hides: the interval then says little more than what was assumed.</param>
public sealed record CoefficientEstimate(string Feature, double Released, Estimate Value, bool IsResolved);
