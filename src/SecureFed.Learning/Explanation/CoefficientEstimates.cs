namespace SecureFed.Learning.Explanation;

/// <summary>Coefficients after one Newton step from the released model, with their intervals.</summary>
/// <param name="All">Per feature, the intercept last.</param>
/// <param name="Unresolved">Directions, of as many as there are coefficients, in which noise hides the curvature of the loss.</param>
/// <param name="Decrement">Newton decrement √(gᵀH⁻¹g) per √row: how far the released model is from the optimum. From 0.3 on one step is a rough guess.</param>
public sealed record CoefficientEstimates(IReadOnlyList<CoefficientEstimate> All, int Unresolved, double Decrement);
