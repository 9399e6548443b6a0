using System.Buffers.Binary;
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

namespace SecureFed.Shared;

/// <summary>A task in the terms of the learning library. Compiled into client and server, the two that may know both sides.</summary>
internal sealed class LearningTask(ModelSpecification model, TrainingSpecification training, PrivacyUnit unit)
{
    /// <summary>With noise on the weights, FedAvg divides by at least half a full client's for each in the sum.</summary>
    private const double LeastMeanWeight = 0.5;
    private readonly PrivacySpecification privacy = PrivacySpecification.None;

    public LearningTask(TaskParameters task)
        : this(task.Model, task.Training, task.Privacy.Unit)
    {
        privacy = task.Privacy;
        TreeSeed = BinaryPrimitives.ReadUInt64LittleEndian(task.TaskId.ToArray());
    }

    public ModelKind ModelKind => model.Kind == TaskModelKind.Logistic || model.Trees is { Loss: TreeLoss.LogLoss } ? ModelKind.Logistic : ModelKind.Linear;

    public DataSchema Schema { get; } = model.Label is null
        ? new DataSchema([new FeatureSchema("vector", 0, 0)], new FeatureSchema("none", 0, 0), LabelKind.Numeric)
        : new DataSchema(
            [.. model.Features.Select(ToSchema)],
            ToSchema(model.Label),
            model.Kind == TaskModelKind.Logistic || model.Trees is { Loss: TreeLoss.LogLoss } ? LabelKind.Binary : LabelKind.Numeric);

    public LocalTrainingOptions Local { get; } = new()
    {
        Optimizer = training.LocalOptimizer == LocalOptimizerKind.Adam ? LocalOptimizer.Adam : LocalOptimizer.Sgd,
        AdamEpsilon = training.AdamEpsilon,
        Epochs = training.LocalEpochs,
        BatchSize = training.BatchSize,
        LearningRate = training.LocalLearningRate,
        LearningRateDecay = training.LearningRateDecay,
    };

    /// <summary>The task's boosted trees; null for any other model.</summary>
    public TreeOptions? Trees => model is not { Kind: TaskModelKind.Trees, Trees: { } trees } ? null : new TreeOptions(
        ModelKind,
        model.Features.Count,
        trees.Count,
        trees.Depth,
        trees.Bins,
        trees.Shrinkage,
        trees.Lambda,
        trees.Rule == TreeSplitRule.Histogram ? TreeRule.Histogram : TreeRule.Random,
        trees.TreesPerRound);

    /// <summary>From the task's id: draws random trees, alike for everybody.</summary>
    public ulong TreeSeed { get; }

    /// <summary>Cells of a column in the binning round of trees.</summary>
    public int GridCells => unit == PrivacyUnit.None ? GridVector.ExactCells : GridVector.NoisedCells;

    /// <summary>Rows that 1 in a sum of trees or of their cells stands for.</summary>
    public double RowsPerUnit => IsRecordLevel ? 1 : training.GreatestRows;

    /// <summary>Where the trees of a model may split.</summary>
    /// <exception cref="ArgumentException">The model's standardisation is none of trees.</exception>
    public TreeBins BinsOf(ModelState state) =>
        state.Standardisation.Count > 0 ? TreeBins.FromArray([.. state.Standardisation]) : TreeBins.FromBounds(Schema, Trees!.Bins);

    private bool IsRecordLevel => unit == PrivacyUnit.Record;

    /// <summary>What turns a sum into a step.</summary>
    /// <param name="present">Part of the greatest cohort that is in the sum: public, and keeps the length of a step when clients drop out.</param>
    public IServerOptimizer OptimizerFor(double present)
    {
        if (privacy.IsTree)
            return new TreeSgd(Rule, privacy.TreeLeaves, Math.Max(1, (double)privacy.ExpectedRecords / privacy.TreeLeaves), model.L2Penalty / Math.Max(1, privacy.ExpectedRecords));
        if (IsRecordLevel)
            return new RecordSgd(Rule, Math.Max(1, privacy.SamplingRate * privacy.ExpectedRecords * present), model.L2Penalty / Math.Max(1, privacy.ExpectedRecords));
        return training.ServerOptimizer == ServerOptimizerKind.FedSgd ? new FedSgd(Rule) : new FedAvg(Rule, unit == PrivacyUnit.Client ? LeastMeanWeight : 0);
    }

    /// <summary>The model of the first round.</summary>
    public ModelState InitialModel()
    {
        ModelState zero = ModelState.Initial(model) with { ClipNorm = training.AdaptiveClip is null ? 0 : training.ClipNorm };
        if (Trees is { } trees)
            return zero with { Parameters = TreeEnsemble.Initial(trees, Schema.Label) };
        return training.ScalesByBounds && model.Label is not null
            ? zero with { Standardisation = Standardizer.FromBounds(Schema, Math.Max(1, IsRecordLevel ? privacy.ExpectedRecords : training.GreatestRows)).ToArray() }
            : zero;
    }

    private IServerRule Rule => training.ServerOptimizer switch
    {
        ServerOptimizerKind.FedAvgM => new MomentumRule(training.ServerLearningRate),
        ServerOptimizerKind.FedAdam => new AdamRule(training.ServerLearningRate),
        _ => new PlainRule(training.ServerLearningRate),
    };

    public Standardizer StandardizerOf(ModelState state) => state.Standardisation.Count > 0 && Trees is null
        ? Standardizer.FromArray([.. state.Standardisation])
        : Standardizer.Identity(model.Features.Count, training.GreatestRows);

    /// <summary>Whether a model that somebody sent belongs to a task of this form.</summary>
    public bool Fits(ModelState state)
    {
        if (state.Parameters.Count != model.Length)
            return false;
        try
        {
            if (Trees is { } trees)
                return FitsTrees(state, trees);
            return state.Standardisation.Count == 0 || StandardizerOf(state).FeatureCount == model.Features.Count;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <exception cref="ArgumentException">The numbers are no trees, or no bins.</exception>
    private bool FitsTrees(ModelState state, TreeOptions trees)
    {
        _ = new TreeEnsemble(trees, [.. state.Parameters]);
        _ = new TreeEnsemble(trees, [.. state.Result]);
        return BinsOf(state).Fit(trees) && (state.OptimizerState.Count == 0 || state.OptimizerState.Count == 2 * trees.FeatureCount);
    }

    /// <summary>The model on which clients train.</summary>
    public GlobalModel ModelOf(ModelState state) => new(ModelKind, [.. state.Parameters]);

    /// <summary>The model that is evaluated and used.</summary>
    public IScoringModel ResultOf(ModelState state) => Trees is { } trees ? new TreeEnsemble(trees, [.. state.Result]) : new GlobalModel(ModelKind, [.. state.Result]);

    /// <summary>N of the penalty λ/(2N)‖w‖² is the number of rows that the standardisation round counted.</summary>
    public Objective ObjectiveOf(ModelState state) => new(ModelKind, model.L2Penalty, StandardizerOf(state).TotalRows);

    /// <summary>Segments of a kind of round with the bounds that the learning library proves for them.</summary>
    public VectorLayout LayoutOf(RoundKind kind) => kind switch
    {
        RoundKind.Standardise when Trees is not null => GridVector.Layout(Schema, GridCells),
        RoundKind.Standardise => MomentVector.Layout(Schema),
        RoundKind.Train when Trees is { } trees => TreeVectors.Layout(trees),
        RoundKind.Train => OptimizerFor(1).Layout(model.Length, training.ClipNorm),
        RoundKind.Evaluate when IsRecordLevel => ModelKind == ModelKind.Logistic ? ClassificationRecords.LayoutOf(LogitBins.Noised) : RegressionRecords.LayoutOf(),
        RoundKind.Evaluate when ModelKind == ModelKind.Logistic => ClassificationCounts.Layout(training.GreatestRows),
        RoundKind.Evaluate => RegressionSums.Layout(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    public IReadOnlyList<RoundShape> ShapesOf(TaskSchedule schedule) =>
        [.. schedule.Kinds.Select(kind => new RoundShape(kind, [.. LayoutOf(kind).Segments.Select(s => new SegmentShape(s.Name, s.Length, s.NormBound)), .. CountOf(kind)]))];

    /// <summary>The pipeline counts for adaptive clipping; no trainer knows of it.</summary>
    private SegmentShape[] CountOf(RoundKind kind) => kind == RoundKind.Train && training.AdaptiveClip is not null ? [TaskParameters.CountShape] : [];

    /// <summary>Whether the task asks for the vectors that its model has, and for no other.</summary>
    public bool HasShapesOf(TaskParameters task) =>
        ShapesOf(task.Schedule).Count == task.Shapes.Count && ShapesOf(task.Schedule).Zip(task.Shapes).All(pair => pair.First.Kind == pair.Second.Kind && pair.First.Segments.SequenceEqual(pair.Second.Segments));

    private static FeatureSchema ToSchema(FeatureSpecification feature) => new(feature.Name, feature.LowerBound, feature.UpperBound);
}
