using SecureFed.Learning.Data;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;

namespace SecureFed.Learning.Baselines;

/// <summary>A model fitted with all rows in one place and without protection.</summary>
/// <param name="Model">Fitted to convergence, a network for a fixed number of steps.</param>
/// <param name="Standardizer">Exact mean and standard deviation of the training rows.</param>
/// <param name="Iterations">Steps taken.</param>
/// <param name="TrainingLoss">Mean loss of the training rows with its share of the penalty.</param>
public sealed record BaselineFit(GlobalModel Model, Standardizer Standardizer, int Iterations, double TrainingLoss)
{
    /// <summary>Exact metrics on rows as they are.</summary>
    public ModelMetrics Evaluate(DataSet data) => ModelEvaluation.Evaluate(Model, data, Standardizer);
}
