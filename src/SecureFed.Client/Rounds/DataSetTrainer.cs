using SecureFed.Learning.Data;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Training;
using SecureFed.Learning.Trees;
using SecureFed.Learning.Vectors;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Shared;

namespace SecureFed.Client.Rounds;

/// <summary>Trains the built-in models on a client's rows.</summary>
/// <param name="data">The client's rows, not standardised. Never leave this object except as round vectors.</param>
/// <param name="shuffleSeed">Order of the rows in local training; differs between clients. Not a secret.</param>
public sealed class DataSetTrainer(DataSet data, ulong shuffleSeed) : ILocalTrainer, IRecordTrainer
{
    private DataSet? standardised;
    private Standardizer? standardizer;
    private TreeRows? treeRows;

    public ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default)
    {
        LearningTask learning = new(assignment.Task);
        int greatestRows = assignment.Task.Training.GreatestRows;
        return ValueTask.FromResult(assignment.Round.Kind switch
        {
            RoundKind.Standardise when learning.Trees is not null => GridVector.Create(data, learning.Schema, learning.GridCells, greatestRows),
            RoundKind.Standardise => MomentVector.Create(data, learning.Schema, greatestRows),
            RoundKind.Train when learning.Trees is { } trees => TreeVectors.Create(TreesOf(learning, trees, assignment.Model), greatestRows),
            RoundKind.Train => Train(assignment, learning, greatestRows),
            RoundKind.Evaluate when learning.ModelKind == ModelKind.Logistic =>
                ClassificationCounts.Create(learning.ResultOf(assignment.Model), Standardise(learning, assignment.Model), greatestRows),
            RoundKind.Evaluate =>
                RegressionSums.Create(learning.ResultOf(assignment.Model), data, learning.StandardizerOf(assignment.Model), learning.Schema.Label, greatestRows),
            _ => throw new ArgumentOutOfRangeException(nameof(assignment)),
        });
    }

    public ValueTask<IRecordSource> OpenRecordsAsync(RoundAssignment assignment, CancellationToken cancellationToken = default)
    {
        LearningTask learning = new(assignment.Task);
        IScoringModel result = learning.ResultOf(assignment.Model);
        IRecordVectors vectors = assignment.Round.Kind switch
        {
            RoundKind.Standardise when learning.Trees is not null => new GridRecords(data, learning.Schema, learning.GridCells),
            RoundKind.Standardise => new MomentRecords(data, learning.Schema),
            RoundKind.Train when learning.Trees is { } trees => TreesOf(learning, trees, assignment.Model),
            RoundKind.Train => new GradientRecords(learning.ModelOf(assignment.Model), Standardise(learning, assignment.Model), assignment.Task.Training.ClipNorm),
            RoundKind.Evaluate when learning.ModelKind == ModelKind.Logistic => new ClassificationRecords(result, Standardise(learning, assignment.Model), LogitBins.Noised),
            RoundKind.Evaluate => new RegressionRecords(result, data, learning.StandardizerOf(assignment.Model), learning.Schema.Label),
            _ => throw new ArgumentOutOfRangeException(nameof(assignment)),
        };
        return ValueTask.FromResult<IRecordSource>(new RowRecords(vectors));
    }

    private double[] Train(RoundAssignment assignment, LearningTask learning, int greatestRows)
    {
        DataSet rows = Standardise(learning, assignment.Model);
        GlobalModel model = learning.ModelOf(assignment.Model);
        Objective objective = learning.ObjectiveOf(assignment.Model);
        if (assignment.Task.Training.ServerOptimizer == ServerOptimizerKind.FedSgd)
            return FedSgd.CreateVector(model, rows, objective);
        int round = assignment.Model.CompletedTrainRounds + 1;
        return FedAvg.CreateVector(LocalTrainer.Train(model, rows, objective, learning.Local, round, shuffleSeed), greatestRows);
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
