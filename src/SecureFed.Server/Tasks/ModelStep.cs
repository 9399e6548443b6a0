using SecureFed.Learning.Data;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Trees;
using SecureFed.Privacy.Budget;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Shared;

namespace SecureFed.Server.Tasks;

/// <summary>From a released sum to the next model or to metrics: deterministic, so that an auditor recomputes it from the log's blobs.</summary>
internal static class ModelStep
{
    /// <summary>The model that follows from a closed round that awaits one; null if none does.</summary>
    /// <exception cref="KeyNotFoundException">The sum or the current model is not held.</exception>
    /// <exception cref="InvalidOperationException">One of them is malformed.</exception>
    public static ModelState? Next(TaskState state, IBlobSource blobs)
    {
        try
        {
            return Apply(state, blobs);
        }
        catch (Learning.LearningException)
        {
            return null;
        }
    }

    /// <exception cref="Learning.LearningException">The sum is unusable: no weight in it, or the model would not stay finite.</exception>
    public static ModelState Apply(TaskState state, IBlobSource blobs)
    {
        ServerRound round = state.Round!;
        return ModelState.TryDecode(blobs.Get(state.ModelDigest).Span, out ModelState? current)
            ? Apply(state.InForce, current!, round, blobs.Get(round.AggregateDigest!.Value).Span)
            : throw new InvalidOperationException("A published model is malformed.");
    }

    /// <exception cref="Learning.LearningException">The sum is unusable: no weight in it, or the model would not stay finite.</exception>
    public static ModelState Apply(TaskParameters task, ModelState current, ServerRound round, ReadOnlySpan<byte> aggregate)
    {
        LearningTask learning = new(task);
        double[] sum = Decode(round.Parameters.Layout, aggregate);
        if (learning.Trees is { } trees)
            return Grow(task, learning, trees, current, round, sum);
        if (round.Parameters.Kind == RoundKind.Standardise)
            return current with { Standardisation = Standardise(task, learning, round, sum).ToArray() };
        double present = (double)round.SurvivorCount / task.Cohort.Greatest;
        double clipNorm = current.ClipNorm;
        if (task.Training.AdaptiveClip is { } adaptive)
        {
            double expected = task.Privacy.Unit == PrivacyUnit.Record ? Math.Max(1, task.Privacy.SamplingRate * task.Privacy.ExpectedRecords * present) : round.SurvivorCount;
            clipNorm = adaptive.ToRule().Next(clipNorm, AdaptiveClip.Fraction(sum[^1], expected));
            sum = sum[..^1];
        }

        ServerStep step = learning.OptimizerFor(present).Step([.. current.Parameters], [.. current.OptimizerState], sum, round.SurvivorCount);
        int completed = current.CompletedTrainRounds + 1;
        double[] averaged = task.Training.AveragesIterates ? TailAverage.Next([.. current.Averaged], step.Parameters, completed, task.Schedule.TrainRounds) : [];
        return current with { Parameters = step.Parameters, OptimizerState = step.State, CompletedTrainRounds = completed, Averaged = averaged, ClipNorm = clipNorm };
    }

    private static ModelState Grow(TaskParameters task, LearningTask learning, TreeOptions trees, ModelState current, ServerRound round, double[] sum)
    {
        double noise = task.Privacy.HasNoise ? NoiseOf(round)[0] : 0;
        if (round.Parameters.Kind == RoundKind.Standardise)
        {
            TreeBins bins = TreeBins.FromGrid(learning.Schema, learning.GridCells, trees.Bins, sum, learning.RowsPerUnit, noise, trees.Rule == TreeRule.Histogram);
            return current with { Standardisation = bins.ToArray(), Parameters = TreeEnsemble.Initial(trees, learning.Schema.Label, bins.LabelMean) };
        }

        TreeGrower grower = new(trees, learning.BinsOf(current), learning.TreeSeed, learning.RowsPerUnit, noise);
        ServerStep step = grower.Step([.. current.Parameters], [.. current.OptimizerState], current.CompletedTrainRounds, sum);
        return current with { Parameters = step.Parameters, OptimizerState = step.State, CompletedTrainRounds = current.CompletedTrainRounds + 1 };
    }

    /// <summary>The federated metrics of a closed evaluation round; null for any other, and if the sum holds no rows.</summary>
    public static MetricsView? TryEvaluate(TaskParameters task, ServerRound round, IBlobSource blobs)
    {
        if (round is not { Phase: RoundPhase.Closed, Parameters.Kind: RoundKind.Evaluate })
            return null;
        try
        {
            return Evaluate(task, round, blobs.Get(round.AggregateDigest!.Value).Span);
        }
        catch (Learning.LearningException)
        {
            return null;
        }
    }

    private static MetricsView Evaluate(TaskParameters task, ServerRound round, ReadOnlySpan<byte> aggregate)
    {
        LearningTask learning = new(task);
        double[] sum = Decode(round.Parameters.Layout, aggregate);
        bool isLogistic = learning.ModelKind == ModelKind.Logistic;
        ModelMetrics metrics = task.Privacy.Unit == PrivacyUnit.Record
            ? (isLogistic
                ? ClassificationRecords.Decode(sum, NoiseOf(round), LogitBins.Noised)
                : RegressionRecords.Decode(sum, NoiseOf(round), learning.Schema.Label)).Metrics
            : isLogistic
                ? ClassificationCounts.Decode(sum, task.Training.GreatestRows).Metrics
                : RegressionSums.Decode(sum, learning.Schema.Label, task.Training.GreatestRows);
        return new MetricsView(metrics.Rows, metrics.Loss, metrics.Auc, metrics.Accuracy, metrics.Rmse, metrics.R2);
    }

    private static Standardizer Standardise(TaskParameters task, LearningTask learning, ServerRound round, double[] sum)
    {
        if (task.Privacy.Unit == PrivacyUnit.Record)
            return Standardizer.FromNoisySum(learning.Schema, sum, NoiseOf(round));
        if (!task.Privacy.HasNoise)
            return Standardizer.FromSum(learning.Schema, sum, task.Training.GreatestRows);

        // Three standard errors of a mean square: what is below cannot be told from noise.
        double[] noise = NoiseOf(round);
        double weight = MomentVector.Layout(learning.Schema).Slice(sum, MomentVector.Weight)[0];
        return Standardizer.FromSum(learning.Schema, sum, task.Training.GreatestRows, 3 * (2 * noise[0] + noise[1] + noise[2]) / Math.Max(weight, double.Epsilon));
    }

    /// <summary>Standard deviation of the noise in each segment, in the segment's own units.</summary>
    private static double[] NoiseOf(ServerRound round)
    {
        double sigma = Math.Sqrt(round.NoiseVariance);
        return [.. round.Parameters.Layout.Segments.Select(s => sigma / s.Scale)];
    }

    private static double[] Decode(UpdateLayout layout, ReadOnlySpan<byte> aggregate)
    {
        uint[] ring = new uint[layout.Dimension];
        if (!RingVector.TryDecode(aggregate, ring))
            throw new InvalidOperationException("A released sum has another length than its layout.");
        return SumDecoder.ToValues(layout, SumDecoder.ToIntegers(layout, ring));
    }
}
