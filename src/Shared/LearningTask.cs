using SecureFed.Learning.Data;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Training;
using SecureFed.Learning.Vectors;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Shared;

/// <summary>A task in the terms of the learning library. Compiled into client and server, the two that may know both sides.</summary>
internal sealed class LearningTask(ModelSpecification model, TrainingSpecification training)
{
    public LearningTask(TaskParameters task)
        : this(task.Model, task.Training)
    {
    }

    public ModelKind ModelKind => model.Kind == TaskModelKind.Logistic ? ModelKind.Logistic : ModelKind.Linear;

    public DataSchema Schema { get; } = model.Label is null
        ? new DataSchema([new FeatureSchema("vector", 0, 0)], new FeatureSchema("none", 0, 0), LabelKind.Numeric)
        : new DataSchema(
            [.. model.Features.Select(ToSchema)],
            ToSchema(model.Label),
            model.Kind == TaskModelKind.Logistic ? LabelKind.Binary : LabelKind.Numeric);

    public IServerOptimizer Optimizer { get; } = training.ServerOptimizer == ServerOptimizerKind.FedSgd
        ? new FedSgd(training.ServerLearningRate)
        : new FedAvg(training.ServerLearningRate);

    public LocalTrainingOptions Local { get; } = new()
    {
        Optimizer = training.LocalOptimizer == LocalOptimizerKind.Adam ? LocalOptimizer.Adam : LocalOptimizer.Sgd,
        AdamEpsilon = training.AdamEpsilon,
        Epochs = training.LocalEpochs,
        BatchSize = training.BatchSize,
        LearningRate = training.LocalLearningRate,
        LearningRateDecay = training.LearningRateDecay,
    };

    public Standardizer StandardizerOf(ModelState state) => state.Standardisation.Count > 0
        ? Standardizer.FromArray([.. state.Standardisation])
        : Standardizer.Identity(model.Features.Count, training.GreatestRows);

    /// <summary>Whether a model that somebody sent belongs to a task of this form.</summary>
    public bool Fits(ModelState state)
    {
        if (state.Parameters.Count != model.Length)
            return false;
        try
        {
            return state.Standardisation.Count == 0 || StandardizerOf(state).FeatureCount == model.Features.Count;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    public GlobalModel ModelOf(ModelState state) => new(ModelKind, [.. state.Parameters]);

    /// <summary>N of the penalty λ/(2N)‖w‖² is the number of rows that the standardisation round counted.</summary>
    public Objective ObjectiveOf(ModelState state) => new(ModelKind, model.L2Penalty, StandardizerOf(state).TotalRows);

    /// <summary>Segments of a kind of round with the bounds that the learning library proves for them.</summary>
    public VectorLayout LayoutOf(RoundKind kind) => kind switch
    {
        RoundKind.Standardise => MomentVector.Layout(Schema),
        RoundKind.Train => Optimizer.Layout(model.Length, training.ClipNorm),
        RoundKind.Evaluate when ModelKind == ModelKind.Logistic => ClassificationCounts.Layout(training.GreatestRows),
        RoundKind.Evaluate => RegressionSums.Layout(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    public IReadOnlyList<RoundShape> ShapesOf(TaskSchedule schedule) =>
        [.. schedule.Kinds.Select(kind => new RoundShape(kind, [.. LayoutOf(kind).Segments.Select(s => new SegmentShape(s.Name, s.Length, s.NormBound))]))];

    private static FeatureSchema ToSchema(FeatureSpecification feature) => new(feature.Name, feature.LowerBound, feature.UpperBound);
}
