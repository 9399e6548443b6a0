using SecureFed.Learning.Data;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Preprocessing;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Shared;

namespace SecureFed.Server.Tasks;

/// <summary>From a released sum to the next model or to metrics: deterministic, so that an auditor recomputes it from the log's blobs.</summary>
internal static class ModelStep
{
    /// <exception cref="Learning.LearningException">The sum is unusable: no weight in it, or the model would not stay finite.</exception>
    public static ModelState Apply(TaskParameters task, ModelState current, RoundKind kind, UpdateLayout layout, ReadOnlySpan<byte> aggregate, int survivors)
    {
        LearningTask learning = new(task);
        double[] sum = Decode(layout, aggregate);
        if (kind == RoundKind.Standardise)
            return current with { Standardisation = Standardizer.FromSum(learning.Schema, sum, task.Training.GreatestRows).ToArray() };
        ServerStep step = learning.Optimizer.Step([.. current.Parameters], [.. current.OptimizerState], sum, survivors);
        return current with { Parameters = step.Parameters, OptimizerState = step.State, CompletedTrainRounds = current.CompletedTrainRounds + 1 };
    }

    /// <summary>Null if the sum holds no rows.</summary>
    public static MetricsView? TryEvaluate(TaskParameters task, UpdateLayout layout, ReadOnlySpan<byte> aggregate)
    {
        try
        {
            return Evaluate(task, layout, aggregate);
        }
        catch (Learning.LearningException)
        {
            return null;
        }
    }

    private static MetricsView Evaluate(TaskParameters task, UpdateLayout layout, ReadOnlySpan<byte> aggregate)
    {
        LearningTask learning = new(task);
        double[] sum = Decode(layout, aggregate);
        ModelMetrics metrics = learning.ModelKind == ModelKind.Logistic
            ? ClassificationCounts.Decode(sum, task.Training.GreatestRows).Metrics
            : RegressionSums.Decode(sum, learning.Schema.Label, task.Training.GreatestRows);
        return new MetricsView(metrics.Rows, metrics.Loss, metrics.Auc, metrics.Accuracy, metrics.Rmse, metrics.R2);
    }

    private static double[] Decode(UpdateLayout layout, ReadOnlySpan<byte> aggregate)
    {
        uint[] ring = new uint[layout.Dimension];
        if (!RingVector.TryDecode(aggregate, ring))
            throw new InvalidOperationException("A released sum has another length than its layout.");
        return SumDecoder.ToValues(layout, SumDecoder.ToIntegers(layout, ring));
    }
}
