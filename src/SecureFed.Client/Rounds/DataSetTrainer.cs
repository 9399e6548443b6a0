using SecureFed.Learning.Data;
using SecureFed.Learning.Explanation;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Statistics;
using SecureFed.Learning.Training;
using SecureFed.Learning.Trees;
using SecureFed.Learning.Vectors;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Shared;

namespace SecureFed.Client.Rounds;

/// <summary>Trains the built-in models on a client's rows, which may change from round to round.</summary>
public sealed class DataSetTrainer : ILocalTrainer, IRecordTrainer
{
    private readonly ulong shuffleSeed;
    private readonly Func<DataSet>? current;
    private DataSet data;
    private DataSet? standardised;
    private Standardizer? standardizer;
    private TreeRows? treeRows;

    /// <summary>The same rows in every round.</summary>
    /// <param name="data">The client's rows, not standardised. Never leave this object except as round vectors.</param>
    /// <param name="shuffleSeed">Order of the rows in local training; differs between clients. Not a secret.</param>
    public DataSetTrainer(DataSet data, ulong shuffleSeed)
    {
        this.data = data;
        this.shuffleSeed = shuffleSeed;
    }

    /// <summary>Rows that change: each round is computed on those that the client has then.</summary>
    /// <remarks>
    /// <para>A round never fails because rows could not be had: it is computed on those of before, and <see cref="RowsFault"/> says why. Where sums carry noise a client's
    /// silence would tell the server something that no noise covers. Rows that were withdrawn are therefore used until they can be read again; stop the client to withdraw them at once.</para>
    /// <para>What privacy promises holds for a row through all rounds that it was in, and for a row that was corrected together with the one that it replaces, as long as no round
    /// has both. It does not cover a row that decides whether all the others can be read: leave rows that do not fit out instead of failing. Without noise, the sums before and
    /// after a change differ by what has changed since, counts of rows too.</para>
    /// <para>With the tree mechanism (<see cref="PrivacySpecification.TreeLeaves"/>) a row is in one round of a pass, by its number: there the rows of the start are kept.</para>
    /// </remarks>
    /// <param name="data">The rows of the start.</param>
    /// <param name="shuffleSeed">Order of the rows in local training; differs between clients. Not a secret.</param>
    /// <param name="current">
    /// Called once for each round, after the round is paid for (before, where the task takes late updates), never by two at once: all rows of the client, with the features of <paramref name="data"/>. The same object as
    /// before means that nothing has changed, and what was computed of the rows is kept. Whatever it throws is caught.
    /// </param>
    public DataSetTrainer(DataSet data, ulong shuffleSeed, Func<DataSet> current)
        : this(data, shuffleSeed)
    {
        ArgumentNullException.ThrowIfNull(current);
        this.current = current;
    }

    /// <summary>Mean loss over the own rows in the last training round with local steps; null before. Stays here.</summary>
    public double? LastLoss { get; private set; }

    /// <summary>Why the last round was computed on the rows of before, though they may have changed; null if it was not. Stays here.</summary>
    public Exception? RowsFault { get; private set; }

    public ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default)
    {
        LearningTask learning = new(assignment.Task);
        int greatestRows = assignment.Task.Training.GreatestRows;
        Follow(learning, assignment.Task);
        if (learning.Statistics is not null)
            return ValueTask.FromResult(StatisticsVector.Create(learning.Statistics, data, [.. assignment.Model.OptimizerState], greatestRows));
        data.RequireNoGaps();
        return ValueTask.FromResult(assignment.Round.Kind switch
        {
            RoundKind.Standardise when learning.Trees is not null => GridVector.Create(data, learning.Schema, learning.GridCells, greatestRows),
            RoundKind.Standardise => MomentVector.Create(data, learning.Schema, greatestRows),
            RoundKind.Train when learning.Trees is { } trees => TreeVectors.Create(TreesOf(learning, trees, assignment.Model), greatestRows),
            RoundKind.Train => Train(assignment, learning, greatestRows),
            RoundKind.Evaluate when learning.Output == OutputKind.Logistic =>
                ClassificationCounts.Create(learning.CandidateOf(assignment.Model), Standardise(learning, assignment.Model), greatestRows),
            RoundKind.Evaluate when learning.Output == OutputKind.Softmax =>
                MulticlassCounts.Create(learning.ClassifierOf(assignment.Model), Standardise(learning, assignment.Model), greatestRows),
            RoundKind.Evaluate =>
                RegressionSums.Create(learning.CandidateOf(assignment.Model), data, learning.StandardizerOf(assignment.Model), learning.Schema.Label, greatestRows),
            RoundKind.Explain => ExplanationVector.Create(learning.ExplanationPlan, learning.ExplainedOf(assignment.Model), data, greatestRows, shuffleSeed),
            _ => throw new ArgumentOutOfRangeException(nameof(assignment)),
        });
    }

    public ValueTask<IRecordSource> OpenRecordsAsync(RoundAssignment assignment, CancellationToken cancellationToken = default)
    {
        LearningTask learning = new(assignment.Task);
        Follow(learning, assignment.Task);
        if (learning.Statistics is not null)
            return ValueTask.FromResult<IRecordSource>(new RowRecords(new StatisticsRecords(learning.Statistics, data, [.. assignment.Model.OptimizerState], isRecordLevel: true)));
        IRecordVectors vectors = assignment.Round.Kind switch
        {
            RoundKind.Standardise when learning.Trees is not null => new GridRecords(data, learning.Schema, learning.GridCells),
            RoundKind.Standardise => new MomentRecords(data, learning.Schema),
            RoundKind.Train when learning.Trees is { } trees => TreesOf(learning, trees, assignment.Model),
            RoundKind.Train => new GradientRecords(learning.ModelOf(assignment.Model), Standardise(learning, assignment.Model), assignment.Task.Training.ClipNorm),
            RoundKind.Evaluate when learning.Output == OutputKind.Softmax => new MulticlassRecords(learning.ClassifierOf(assignment.Model), Standardise(learning, assignment.Model)),
            RoundKind.Evaluate when learning.Output == OutputKind.Logistic => new ClassificationRecords(learning.CandidateOf(assignment.Model), Standardise(learning, assignment.Model), LogitBins.Noised),
            RoundKind.Evaluate => new RegressionRecords(learning.CandidateOf(assignment.Model), data, learning.StandardizerOf(assignment.Model), learning.Schema.Label),
            RoundKind.Explain => new ExplanationRecords(learning.ExplanationPlan, learning.ExplainedOf(assignment.Model), data),
            _ => throw new ArgumentOutOfRangeException(nameof(assignment)),
        };
        return ValueTask.FromResult<IRecordSource>(new RowRecords(vectors));
    }

    /// <summary>Takes up rows that have changed, and drops what was computed of the former.</summary>
    private void Follow(LearningTask learning, TaskParameters task)
    {
        RowsFault = null;
        if (current is null)
            return;
        try
        {
            DataSet rows = current();
            if (ReferenceEquals(rows, data))
                return;
            RequireFitting(rows, learning, task);
            (data, standardised, standardizer, treeRows) = (rows, null, null, null);
        }
        catch (Exception exception)
        {
            RowsFault = exception;
        }
    }

    private void RequireFitting(DataSet rows, LearningTask learning, TaskParameters task)
    {
        if (task.Privacy.TreeLeaves > 0)
        {
            throw new DataException(
                "rows-fixed",
                "The rows have changed, and the task's tree mechanism gives each row of the start its place in one pass.",
                "The rows of the start go on being used; changed rows can take part in the next task.");
        }

        if (!rows.FeatureNames.SequenceEqual(data.FeatureNames, StringComparer.Ordinal))
            throw new DataException("schema-mismatch", "The changed rows have other features than those of the start.", "Provide the same columns in the same order.");
        if (learning.Statistics is null && task.Privacy.Unit != PrivacyUnit.Record) // There a record with a gap counts as zero by itself.
            rows.RequireNoGaps();
    }

    private double[] Train(RoundAssignment assignment, LearningTask learning, int greatestRows)
    {
        DataSet rows = Standardise(learning, assignment.Model);
        GlobalModel model = learning.ModelOf(assignment.Model);
        Objective objective = learning.ObjectiveOf(assignment.Model);
        TrainingSpecification training = assignment.Task.Training;
        int round = assignment.Model.CompletedTrainRounds + 1;
        double[] vector;
        double weight = 1;
        if (training.ServerOptimizer == ServerOptimizerKind.FedSgd)
        {
            LocalTrainer.RequireSound(model, rows, objective, round);
            vector = FedSgd.CreateVector(model, rows, objective);
        }
        else
        {
            double[] correction = learning.CorrectionOf(assignment.Model, rows, objective);
            LocalUpdate update = LocalTrainer.Train(model, rows, objective, learning.Local, round, shuffleSeed, correction);
            LastLoss = update.MeanLoss;
            vector = FedAvg.CreateVector(update, greatestRows);
            weight = vector[^1];
            if (training.CorrectsDrift)
                vector = DriftCorrection.CreateVector(vector, LocalTrainer.FullGradient(model, rows, objective));
        }

        return training.MeasuresDrift ? DriftMeasure.CreateVector(vector, model.Parameters.Length, weight, training.ClipNorm) : vector;
    }

    /// <summary>This client's rows in a round of trees; what it has computed for earlier trees is kept.</summary>
    private TreeRecords TreesOf(LearningTask learning, TreeOptions trees, ModelState model)
    {
        TreeBins bins = learning.BinsOf(model);
        if (treeRows is null || !treeRows.Bins.ToArray().AsSpan().SequenceEqual(bins.ToArray()))
            treeRows = new TreeRows(data, bins, learning.Schema.Label);
        return new TreeRecords(treeRows, trees, [.. model.Parameters], [.. model.OptimizerState], model.CompletedTrainRounds, learning.TreeSeed);
    }

    private DataSet Standardise(LearningTask learning, ModelState model)
    {
        if (standardised is null || standardizer is null || !standardizer.ToArray().AsSpan().SequenceEqual(learning.StandardizerOf(model).ToArray()))
        {
            standardizer = learning.StandardizerOf(model);
            standardised = standardizer.Apply(data);
        }

        return standardised;
    }

    /// <summary>Rows of the built-in models as the records of a round.</summary>
    private sealed class RowRecords(IRecordVectors vectors) : IRecordSource
    {
        public int Count => vectors.Count;

        public void Write(int record, Span<double> vector) => vectors.Write(record, vector);
    }
}
