namespace SecureFed.Learning.Metrics;

/// <summary>How good a model is on a set of rows. What does not apply to the kind of model is null.</summary>
/// <param name="Rows">Rows evaluated.</param>
/// <param name="Loss">Mean log loss of a classifier; mean squared error of a number, in the label's unit squared. Without penalty.</param>
/// <param name="Auc">Area under the ROC curve, with several classes the mean of each against the rest; also null when the rows are of one class.</param>
/// <param name="Accuracy">Part of the rows whose predicted class (probability at least ½, or the most probable of several) is right.</param>
/// <param name="Rmse">Root mean squared error in the label's unit.</param>
/// <param name="R2">1 - squared error / squared deviation from the mean of these rows; null when they do not vary.</param>
public sealed record ModelMetrics(long Rows, double Loss, double? Auc, double? Accuracy, double? Rmse, double? R2);
