using SecureFed.Learning.Data;
using SecureFed.Learning.Explanation;
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
using SecureFed.Protocol.Wire;
using SecureFed.Shared;

namespace SecureFed.Server.Tasks;

/// <summary>From a released sum to the next model or to metrics: deterministic, so that an auditor recomputes it from the log's blobs.</summary>
internal static class ModelStep
{
    /// <summary>The model of a task's first round.</summary>
    /// <exception cref="InvalidOperationException">The learning library does not take what the task states.</exception>
    public static ModelState First(TaskParameters task) => LearningTask.OfForeign(LearningTask.Read(task).InitialModel);

    /// <summary>The public seed of a network's first weights.</summary>
    public static ulong SeedOf(Identifier taskId) => TaskModels.SeedOf(taskId);

    /// <summary>The model that follows from a closed round that awaits one; null if none does.</summary>
    /// <exception cref="KeyNotFoundException">The sum or the current model is not held.</exception>
    /// <exception cref="InvalidOperationException">One of them is malformed, or numbers of it are out of range.</exception>
    public static ModelState? Next(TaskState state, IBlobSource blobs)
    {
        try
        {
            return LearningTask.OfForeign(() => Apply(state, blobs));
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
        if (learning.Statistics is not null)
            return StatisticsTask.Step(learning.Statistics, task, current, round, sum);
        if (round.Parameters.Kind == RoundKind.Evaluate)
            return Judge(task, current, Evaluate(task, round, aggregate).Loss);
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

        ServerStep step = learning.OptimizerFor(present, current.CompletedTrainRounds).Step([.. current.Parameters], [.. current.OptimizerState], sum, round.SurvivorCount);
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

    /// <summary>An evaluation of a task that can stop early moves no parameter: it adds the loss, and keeps what was evaluated if it was the best.</summary>
    private static ModelState Judge(TaskParameters task, ModelState current, double loss)
    {
        double[] losses = [.. current.Losses, loss];
        return current with { Losses = losses, Best = task.Schedule.BestOf(losses) == losses.Length - 1 ? current.Candidate : current.Best };
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

    /// <summary>How far the updates of a closed training round lie apart; null for any other, and unless the task measures it.</summary>
    public static DriftView? TryMeasureDrift(TaskParameters task, ServerRound round, IBlobSource blobs)
    {
        if (!task.Training.MeasuresDrift || round is not { Phase: RoundPhase.Closed, Parameters.Kind: RoundKind.Train })
            return null;
        double[] sum = Decode(round.Parameters.Layout, blobs.Get(round.AggregateDigest!.Value).Span);
        ClientDrift drift = new LearningTask(task).DriftOf(sum, NoiseOf(round), round.SurvivorCount);
        return double.IsFinite(drift.Dispersion) ? new DriftView(drift.Dispersion, drift.SquaredMeanNorm, drift.Deviation) : null;
    }

    /// <summary>What a closed explanation round tells of its model; null for any other, and if the sum holds no rows.</summary>
    /// <exception cref="KeyNotFoundException">The sum or the model is not held.</exception>
    /// <exception cref="InvalidOperationException">One of them is malformed.</exception>
    public static ExplanationView? TryExplain(TaskParameters task, ServerRound round, IBlobSource blobs)
    {
        if (round is not { Phase: RoundPhase.Closed, Parameters.Kind: RoundKind.Explain })
            return null;
        if (!ModelState.TryDecode(blobs.Get(round.Parameters.ModelDigest).Span, out ModelState? model))
            throw new InvalidOperationException("A published model is malformed.");
        LearningTask learning = new(task);
        double[] sum = Decode(round.Parameters.Layout, blobs.Get(round.AggregateDigest!.Value).Span);
        try
        {
            ExplanationSum read = new(learning.ExplanationPlan, sum, NoiseOf(round), task.Training.GreatestRows);
            return ExplanationViews.Of(read.Read(learning.MarginalOf(model!), [.. model!.Result], task.Model.L2Penalty), round.Parameters.Number);
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
        bool isRecordLevel = task.Privacy.Unit == PrivacyUnit.Record;
        int greatestRows = task.Training.GreatestRows;
        if (learning.Output == OutputKind.Softmax && !isRecordLevel)
        {
            (ModelMetrics ofAll, ClassCounts counts) = MulticlassCounts.Decode(sum, learning.Model.OutputCount, greatestRows);
            return new MetricsView(ofAll.Rows, ofAll.Loss, ofAll.Auc, ofAll.Accuracy, ofAll.Rmse, ofAll.R2, ToView(task.Model.Classes, counts));
        }

        ModelMetrics metrics = (learning.Output, isRecordLevel) switch
        {
            (OutputKind.Logistic, true) => ClassificationRecords.Decode(sum, NoiseOf(round), LogitBins.Noised).Metrics,
            (OutputKind.Logistic, false) => ClassificationCounts.Decode(sum, greatestRows).Metrics,
            (OutputKind.Softmax, _) => MulticlassRecords.Decode(sum, NoiseOf(round), learning.Model.OutputCount).Metrics,
            (_, true) => RegressionRecords.Decode(sum, NoiseOf(round), learning.Schema.Label).Metrics,
            _ => RegressionSums.Decode(sum, learning.Schema.Label, greatestRows),
        };
        return new MetricsView(metrics.Rows, metrics.Loss, metrics.Auc, metrics.Accuracy, metrics.Rmse, metrics.R2);
    }

    private static ClassView[] ToView(IReadOnlyList<string> names, ClassCounts counts) =>
        [.. names.Select((name, k) => new ClassView(name, counts.Rows[k], counts.Correct[k], counts.Confusion?[k]))];

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
