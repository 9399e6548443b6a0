namespace SecureFed.Learning.Explanation;

/// <summary>Coefficients after one Newton step from the released model, with their intervals.</summary>
/// <param name="All">Per feature, the intercept last.</param>
/// <param name="Unresolved">Directions, of as many as there are coefficients, in which noise hides the curvature of the loss.</param>
/// <param name="Decrement">Newton decrement √(gᵀH⁻¹g) per √row: how far the released model is from the optimum. From 0.1 on one step is a rough guess, and intervals can miss by more than they say.</param>
public sealed record CoefficientEstimates(IReadOnlyList<CoefficientEstimate> All, int Unresolved, double Decrement)
{
    /// <summary>Standard deviation of the way to the optimum that is assumed in an unresolved direction: an odds ratio of 1.65 for a standard deviation of the features.</summary>
    public const double HiddenDeviation = 0.5;
}
