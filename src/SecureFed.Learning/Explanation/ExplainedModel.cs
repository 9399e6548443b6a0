using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Trees;

namespace SecureFed.Learning.Explanation;

/// <summary>A finished model as the explanation needs it: any function with a score, and what its features are scaled by.</summary>
/// <param name="Score">Score of standardised features; reads nothing else and can be called from one thread at a time.</param>
/// <param name="Link">Logistic if the score is a logit, linear if it is the standardised label.</param>
/// <param name="Standardizer">What the model was trained with.</param>
public sealed record ExplainedModel(ScoreFunction Score, ModelKind Link, Standardizer Standardizer)
{
    /// <summary>Means and deviations that place the grid of <see cref="DependenceGrid"/>: the standardisation's, unless the model takes features as they are.</summary>
    public Standardizer Marginal { get; init; } = Standardizer;

    /// <summary>A model with one score.</summary>
    public static ExplainedModel Of(IScoringModel model, Standardizer standardizer)
    {
        double[] workspace = new double[model.WorkspaceLength];
        return new ExplainedModel(features => model.Score(features, workspace), LinkOf(model), standardizer);
    }

    /// <summary>Boosted trees: features as they are, so that rounding moves none across a threshold; a numeric label is standardised by its bounds.</summary>
    /// <param name="model">Trees.</param>
    /// <param name="schema">The task's columns.</param>
    /// <param name="bins">Where the trees may split.</param>
    public static ExplainedModel OfTrees(IScoringModel model, DataSchema schema, TreeBins bins)
    {
        Standardizer marginal = bins.ToMarginal(schema);
        int features = schema.Features.Count;
        var standardizer = Standardizer.FromArray([.. new double[features], marginal.LabelMean, .. Enumerable.Repeat(1.0, features), marginal.LabelScale, 1]);
        return new ExplainedModel(row => (model.Score(row) - marginal.LabelMean) / marginal.LabelScale, LinkOf(model), standardizer) { Marginal = marginal };
    }

    /// <summary>Prediction on the scale [0, 1] on which explanations are summed: a probability, or the place between the label's public bounds.</summary>
    internal double Predict(ReadOnlySpan<double> features, FeatureSchema label) => ToUnit(Score(features), label);

    /// <summary>What a score predicts, on [0, 1].</summary>
    internal double ToUnit(double score, FeatureSchema label) => Link == ModelKind.Logistic
        ? Objective.Sigmoid(score)
        : (Math.Clamp(label.ToUnit(Standardizer.RestoreLabel(score)), -1, 1) + 1) / 2;

    /// <summary>Loss of one row: log loss of a logit, squared error in standardised units.</summary>
    internal double Loss(double score, double label) => Objective.Loss(Link, score, label);

    private static ModelKind LinkOf(IScoringModel model) => model.Output == OutputKind.Logistic ? ModelKind.Logistic : ModelKind.Linear;
}
