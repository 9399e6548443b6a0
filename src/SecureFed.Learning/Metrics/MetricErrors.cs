namespace SecureFed.Learning.Metrics;

/// <summary>Standard errors of <see cref="ModelMetrics"/>, each in its metric's unit; null where the metric is.</summary>
/// <param name="Rows">Of the number of rows.</param>
/// <param name="Loss">Of the mean loss.</param>
/// <param name="Auc">Of the area under the ROC curve.</param>
/// <param name="Accuracy">Of the accuracy.</param>
/// <param name="Rmse">Of the root mean squared error.</param>
/// <param name="R2">Of R².</param>
public sealed record MetricErrors(double Rows, double Loss, double? Auc, double? Accuracy, double? Rmse, double? R2);
