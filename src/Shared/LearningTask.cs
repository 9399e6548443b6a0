using System.Buffers.Binary;
using System.Globalization;
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
using SecureFed.Protocol.Wire;

namespace SecureFed.Shared;

/// <summary>A task in the terms of the learning library. Compiled into client and server, the two that may know both sides.</summary>
internal sealed class LearningTask(ModelSpecification model, TrainingSpecification training, PrivacyUnit unit, ExplanationSpecification? explanation = null)
{
    /// <summary>With noise on the weights, FedAvg divides by at least half a full client's for each in the sum.</summary>
    private const double LeastMeanWeight = 0.5;
    private readonly PrivacySpecification privacy = PrivacySpecification.None;
    private readonly int trainRounds = 1;
    private readonly Identifier taskId;

    public LearningTask(TaskParameters task)
        : this(task.Model, task.Training, task.Privacy.Unit, task.Explanation)
    {
        privacy = task.Privacy;
        trainRounds = task.Schedule.TrainRounds;
        taskId = task.TaskId;
    }

    /// <summary>A task that somebody else made: the learning library takes all that it states, in every round, and its segments follow from its model.</summary>
    /// <exception cref="InvalidOperationException">One of that does not hold; the task's form does not say all that the library asks.</exception>
    public static LearningTask Read(TaskParameters task) => OfForeign(() =>
    {
        LearningTask learning = new(task);
        _ = learning.RuleIn(learning.trainRounds); // A schedule is least in its first round, which the layout asks for, or in its last.
        return learning.HasShapesOf(task) ? learning : throw new InvalidOperationException("its segments are not those that follow from its model.");
    });

    /// <summary>What is computed from parameters, models or sums that somebody else made: numbers out of range are that person's fault and no error of the program.</summary>
    /// <exception cref="InvalidOperationException">Numbers are out of range.</exception>
    public static T OfForeign<T>(Func<T> compute)
    {
        try
        {
            return compute();
        }
        catch (Exception exception) when (exception is ArgumentException or OverflowException)
        {
            throw new InvalidOperationException(exception.Message, exception);
        }
    }

    /// <summary>The questions of a statistics task; null for any other.</summary>
    public StatisticsQuery? Statistics { get; } = StatisticsTask.Read(model);

    /// <summary>Model; of a vector task, of statistics and of trees one that nobody evaluates.</summary>
    public IDifferentiableModel Model { get; } = TaskModels.ShapeOf(model);

    /// <summary>How the model's scores are read, and so which metrics it has.</summary>
    public OutputKind Output => model.Trees is { } trees ? trees.Loss == TreeLoss.LogLoss ? OutputKind.Logistic : OutputKind.Linear : Model.Output;

    public DataSchema Schema { get; } = model.Label is null
        ? new DataSchema([new FeatureSchema("vector", 0, 0)], new FeatureSchema("none", 0, 0), LabelKind.Numeric)
        : new DataSchema(
            [.. model.Features.Select(ToSchema)],
            ToSchema(model.Label),
            TaskModels.LabelKindOf(model));

    public LocalTrainingOptions Local { get; } = new()
    {
        Optimizer = training.LocalOptimizer == LocalOptimizerKind.Adam ? LocalOptimizer.Adam : LocalOptimizer.Sgd,
        AdamEpsilon = training.AdamEpsilon,
        Epochs = training.LocalEpochs,
        BatchSize = training.BatchSize,
        LearningRate = training.LocalLearningRate,
        LearningRateDecay = training.LearningRateDecay,
        ProximalWeight = training.ProximalWeight,
        AccumulatedBatches = training.AccumulatedBatches,
    };

    /// <summary>The task's boosted trees; null for any other model.</summary>
    public TreeOptions? Trees => model is not { Kind: TaskModelKind.Trees, Trees: { } trees } ? null : new TreeOptions(
        trees.Loss == TreeLoss.LogLoss ? ModelKind.Logistic : ModelKind.Linear,
        model.Features.Count,
        trees.Count,
        trees.Depth,
        trees.Bins,
        trees.Shrinkage,
        trees.Lambda,
        trees.Rule == TreeSplitRule.Histogram ? TreeRule.Histogram : TreeRule.Random,
        trees.TreesPerRound);

    /// <summary>From the task's id: draws random trees, alike for everybody.</summary>
    public ulong TreeSeed => BinaryPrimitives.ReadUInt64LittleEndian(taskId.ToArray());

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
    /// <param name="completedTrainRounds">Training rounds behind the model: what the server's rate goes by.</param>
    public IServerOptimizer OptimizerFor(double present, int completedTrainRounds = 0)
    {
        IServerRule rule = RuleIn(completedTrainRounds + 1);
        if (privacy.IsTree)
            return new TreeSgd(rule, privacy.TreeLeaves, Math.Max(1, (double)privacy.ExpectedRecords / privacy.TreeLeaves), model.L2Penalty / Math.Max(1, privacy.ExpectedRecords), Penalised);
        if (IsRecordLevel)
            return new RecordSgd(rule, Math.Max(1, privacy.SamplingRate * privacy.ExpectedRecords * present), model.L2Penalty / Math.Max(1, privacy.ExpectedRecords), Penalised);
        FedAvg average = new(rule, LeastWeightOfMean);
        IServerOptimizer optimizer = training.ServerOptimizer == ServerOptimizerKind.FedSgd ? new FedSgd(rule)
            : training.CorrectsDrift ? new DriftCorrection(average, training.GradientClipNorm)
            : average;
        return training.MeasuresDrift ? new DriftMeasure(optimizer) : optimizer;
    }

    /// <summary>How far the updates of a training sum lie apart.</summary>
    /// <param name="sum">Decoded sum in the layout of training rounds.</param>
    /// <param name="noise">Standard deviation of the noise in each segment.</param>
    /// <param name="survivors">Clients in the sum.</param>
    public ClientDrift DriftOf(ReadOnlySpan<double> sum, ReadOnlySpan<double> noise, int survivors)
    {
        double weight = training.ServerOptimizer == ServerOptimizerKind.FedSgd ? survivors : Math.Max(sum[model.Length], LeastWeightOfMean * survivors);
        return DriftMeasure.Decode(sum, model.Length, weight, noise[0], noise[^1]);
    }

    /// <summary>What this client adds to the gradients of its local steps; empty unless the task corrects drift and a round has told by what.</summary>
    public double[] CorrectionOf(ModelState state, DataSet rows, Objective objective) =>
        training.CorrectsDrift && DriftCorrection.TryRead([.. state.OptimizerState], model.Length, out ReadOnlySpan<double> mean, out ReadOnlySpan<double> anchor)
            ? LocalTrainer.CorrectionOf(new GlobalModel(Model, anchor), mean, rows, objective)
            : [];

    private double LeastWeightOfMean => unit == PrivacyUnit.Client ? LeastMeanWeight : 0;

    private IReadOnlyList<DenseLayer>? Penalised => model.Kind == TaskModelKind.Vector ? null : Model.Layers;

    /// <summary>The model of the first round: 0, or for a network drawn from a seed that follows from the task's identifier, so that everybody can draw it again.</summary>
    public ModelState InitialModel()
    {
        if (Statistics is not null)
            return StatisticsTask.Initial(Statistics);
        ModelState zero = ModelState.Initial(model) with { ClipNorm = training.AdaptiveClip is null ? 0 : training.ClipNorm };
        if (Trees is { } trees)
            return zero with { Parameters = TreeEnsemble.Initial(trees, Schema.Label) };
        if (model.Kind == TaskModelKind.Network)
            zero = zero with { Parameters = Model.InitialParameters(TaskModels.SeedOf(taskId)) };
        return training.ScalesByBounds && model.Label is not null
            ? zero with { Standardisation = Standardizer.FromBounds(Schema, Math.Max(1, IsRecordLevel ? privacy.ExpectedRecords : training.GreatestRows)).ToArray() }
            : zero;
    }

    private IServerRule RuleIn(int round)
    {
        double rate = training.ServerLearningRate * (ToSchedule(training.ServerSchedule)?.FactorIn(round, trainRounds) ?? 1);
        return training.ServerOptimizer switch
        {
            ServerOptimizerKind.FedAvgM => new MomentumRule(rate),
            ServerOptimizerKind.FedAdam => new AdamRule(rate),
            ServerOptimizerKind.FedYogi => new YogiRule(rate),
            ServerOptimizerKind.FedAdagrad => new AdagradRule(rate),
            _ => new PlainRule(rate),
        };
    }

    private static ServerRateSchedule? ToSchedule(ServerScheduleSpecification? schedule) => schedule is null ? null : new ServerRateSchedule
    {
        Kind = schedule.Kind switch
        {
            ServerScheduleKind.Cosine => ServerRateKind.Cosine,
            ServerScheduleKind.InverseSquareRoot => ServerRateKind.InverseSquareRoot,
            ServerScheduleKind.Step => ServerRateKind.Step,
            _ => ServerRateKind.Constant,
        },
        WarmUpRounds = schedule.WarmUpRounds,
        Floor = schedule.Floor,
        StepRounds = schedule.StepRounds,
        StepFactor = schedule.StepFactor,
    };

    public Standardizer StandardizerOf(ModelState state) => state.Standardisation.Count > 0 && Trees is null
        ? Standardizer.FromArray([.. state.Standardisation])
        : Standardizer.Identity(model.Features.Count, training.GreatestRows);

    /// <summary>Whether a model that somebody sent belongs to a task of this form.</summary>
    public bool Fits(ModelState state)
    {
        try
        {
            if (Statistics is not null)
                return StatisticsTask.Fits(Statistics, state);
            if (state.Parameters.Count != model.Length || !IsModelOrNone(state.Averaged) || !IsModelOrNone(state.Best) || !FitsCorrection(state))
                return false;
            if (Trees is { } trees)
                return FitsTrees(state, trees);
            return state.Standardisation.Count == 0 || StandardizerOf(state).FeatureCount == model.Features.Count;
        }
        catch (Exception exception) when (exception is ArgumentException or OverflowException)
        {
            return false;
        }
    }

    private bool IsModelOrNone(IReadOnlyList<double> parameters) => parameters.Count == 0 || parameters.Count == model.Length;

    /// <summary>State of the optimiser before the first round, or with a mean gradient and its model behind the rule's.</summary>
    private bool FitsCorrection(ModelState state) =>
        !training.CorrectsDrift || state.OptimizerState.Count == 0
        || (state.OptimizerState.Count == OptimizerFor(1).InitialState(model.Length).Length + (2 * model.Length) && state.OptimizerState.All(double.IsFinite));

    /// <exception cref="ArgumentException">The numbers are no trees, or no bins.</exception>
    private bool FitsTrees(ModelState state, TreeOptions trees)
    {
        _ = new TreeEnsemble(trees, [.. state.Parameters]);
        _ = new TreeEnsemble(trees, [.. state.Result]);
        return BinsOf(state).Fit(trees) && (state.OptimizerState.Count == 0 || state.OptimizerState.Count == 2 * trees.FeatureCount);
    }

    /// <summary>The model on which clients take steps; trees have none.</summary>
    public GlobalModel ModelOf(ModelState state) => new(Model, [.. state.Parameters]);

    /// <summary>The model that an evaluation round evaluates.</summary>
    public IScoringModel CandidateOf(ModelState state) => ScoringOf(state.Candidate);

    /// <summary>The model that is used in the end.</summary>
    public IScoringModel ResultOf(ModelState state) => ScoringOf(state.Result);

    /// <summary>The candidate of a task whose model tells several classes apart.</summary>
    public GlobalModel ClassifierOf(ModelState state) => new(Model, [.. state.Candidate]);

    private IScoringModel ScoringOf(IReadOnlyList<double> parameters) => Trees is { } trees ? new TreeEnsemble(trees, [.. parameters]) : new GlobalModel(Model, [.. parameters]);

    /// <summary>The model that the explanation round looks at: what it needs is a score.</summary>
    public ExplainedModel ExplainedOf(ModelState state) => Trees is null
        ? ExplainedModel.Of(ResultOf(state), StandardizerOf(state))
        : ExplainedModel.OfTrees(ResultOf(state), Schema, BinsOf(state));

    /// <summary>Mean and deviation of every feature, as far as they are public: where the explanation round sets features.</summary>
    public Standardizer MarginalOf(ModelState state) => Trees is null ? StandardizerOf(state) : BinsOf(state).ToMarginal(Schema);

    /// <summary>What the explanation round sums.</summary>
    public ExplanationPlan ExplanationPlan =>
        new(Schema, Output == OutputKind.Logistic ? ModelKind.Logistic : ModelKind.Linear, model.Kind is TaskModelKind.Linear or TaskModelKind.Logistic, IsRecordLevel, FairnessGroups());

    /// <summary>N of the penalty λ/(2N)‖w‖² is the number of rows that the standardisation round counted.</summary>
    public Objective ObjectiveOf(ModelState state) => new(Model, model.L2Penalty, StandardizerOf(state).TotalRows);

    /// <summary>Segments of a kind of round with the bounds that the learning library proves for them.</summary>
    public VectorLayout LayoutOf(RoundKind kind) => kind switch
    {
        RoundKind.Standardise when Trees is not null => GridVector.Layout(Schema, GridCells),
        RoundKind.Standardise => MomentVector.Layout(Schema),
        RoundKind.Train when Trees is { } trees => TreeVectors.Layout(trees),
        RoundKind.Train when Statistics is not null => Statistics.Layout(IsRecordLevel),
        RoundKind.Train => OptimizerFor(1).Layout(model.Length, training.ClipNorm),
        RoundKind.Evaluate when IsRecordLevel => Output switch
        {
            OutputKind.Logistic => ClassificationRecords.LayoutOf(LogitBins.Noised),
            OutputKind.Softmax => MulticlassRecords.LayoutOf(Model.OutputCount),
            _ => RegressionRecords.LayoutOf(),
        },
        RoundKind.Evaluate => Output switch
        {
            OutputKind.Logistic => ClassificationCounts.Layout(training.GreatestRows),
            OutputKind.Softmax => MulticlassCounts.Layout(Model.OutputCount, training.GreatestRows),
            _ => RegressionSums.Layout(),
        },
        RoundKind.Explain => ExplanationPlan.Layout,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    public IReadOnlyList<RoundShape> ShapesOf(TaskSchedule schedule) =>
        [.. schedule.Kinds.Select(kind => new RoundShape(kind, [.. LayoutOf(kind).Segments.Select(s => new SegmentShape(s.Name, s.Length, s.NormBound)), .. CountOf(kind)]))];

    /// <summary>The pipeline counts for adaptive clipping; no trainer knows of it.</summary>
    private SegmentShape[] CountOf(RoundKind kind) => kind == RoundKind.Train && training.AdaptiveClip is not null ? [TaskParameters.CountShape] : [];

    /// <summary>Whether the task asks for the vectors that its model has, and for no other.</summary>
    public bool HasShapesOf(TaskParameters task) =>
        (Statistics is null || Statistics.ResultLength == model.Length) &&
        ShapesOf(task.Schedule).Count == task.Shapes.Count && ShapesOf(task.Schedule).Zip(task.Shapes).All(pair => pair.First.Kind == pair.Second.Kind && pair.First.Segments.SequenceEqual(pair.Second.Segments));

    private IReadOnlyList<FairnessGroup> FairnessGroups()
    {
        if (explanation is not { FairnessFeature.Length: > 0 } compared)
            return [];
        int feature = model.Features.Select(f => f.Name).ToList().IndexOf(compared.FairnessFeature);
        return feature >= 0
            ? [.. compared.FairnessValues.Select(value => new FairnessGroup(string.Create(CultureInfo.InvariantCulture, $"{compared.FairnessFeature} = {value:R}"), feature, value))]
            : [.. ExplanationSpecification.EncodedFeatures(model, compared.FairnessFeature).Select(j => new FairnessGroup(model.Features[j].Name, j, 1))];
    }

    private static FeatureSchema ToSchema(FeatureSpecification feature) => new(feature.Name, feature.LowerBound, feature.UpperBound);
}
