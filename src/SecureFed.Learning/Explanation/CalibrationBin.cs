namespace SecureFed.Learning.Explanation;

/// <summary>Rows whose prediction lies in one tenth of its range. Of a calibrated model outcome and prediction agree within the errors.</summary>
/// <param name="Lower">Lower end of the bin: a probability, or a value of the label.</param>
/// <param name="Upper">Upper end.</param>
/// <param name="Rows">Rows in the bin.</param>
/// <param name="Prediction">Mean prediction.</param>
/// <param name="Outcome">Share of positive rows, or mean of the label.</param>
public sealed record CalibrationBin(double Lower, double Upper, double Rows, Estimate Prediction, Estimate Outcome);
