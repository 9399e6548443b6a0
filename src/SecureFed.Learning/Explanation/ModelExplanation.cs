namespace SecureFed.Learning.Explanation;

/// <summary>What the explanation round tells of a model, with standard errors that include the round's noise.</summary>
/// <param name="Rows">Rows in the sum, as far as noise lets it be told.</param>
/// <param name="RowsError">Standard error of that.</param>
/// <param name="Calibration">Bins of the prediction in which rows were found, ascending.</param>
/// <param name="Importance">Per feature in the order of the schema.</param>
/// <param name="Dependence">Per feature in the order of the schema.</param>
/// <param name="Coefficients">Per feature in the order of the schema, the intercept last; null for models that have none, and where the matrix is too large.</param>
/// <param name="Fairness">Groups compared; null without groups.</param>
public sealed record ModelExplanation(
    double Rows,
    double RowsError,
    IReadOnlyList<CalibrationBin> Calibration,
    IReadOnlyList<FeatureImportance> Importance,
    IReadOnlyList<DependenceCurve> Dependence,
    CoefficientEstimates? Coefficients,
    GroupComparison? Fairness);
