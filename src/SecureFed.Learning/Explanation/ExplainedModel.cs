using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;

namespace SecureFed.Learning.Explanation;

/// <summary>A finished model as the explanation needs it: any function with a score, and what its features are scaled by.</summary>
/// <param name="Score">Score of standardised features; reads nothing else and can be called from one thread at a time.</param>
/// <param name="Link">Logistic if the score is a logit, linear if it is the standardised label.</param>
/// <param name="Standardizer">What the model was trained with.</param>
public sealed record ExplainedModel(ScoreFunction Score, ModelKind Link, Standardizer Standardizer)
{
    /// <summary>A model with one score.</summary>
    public static ExplainedModel Of(GlobalModel model, Standardizer standardizer)
    {
        double[] workspace = new double[model.Shape.WorkspaceLength];
        return new ExplainedModel(features => model.Score(features, workspace), model.Shape.Output == OutputKind.Logistic ? ModelKind.Logistic : ModelKind.Linear, standardizer);
    }

    /// <summary>Prediction on the scale [0, 1] on which explanations are summed: a probability, or the place between the label's public bounds.</summary>
    internal double Predict(ReadOnlySpan<double> features, FeatureSchema label) => ToUnit(Score(features), label);

    /// <summary>What a score predicts, on [0, 1].</summary>
    internal double ToUnit(double score, FeatureSchema label) => Link == ModelKind.Logistic
        ? Objective.Sigmoid(score)
        : (Math.Clamp(label.ToUnit(Standardizer.RestoreLabel(score)), -1, 1) + 1) / 2;

    /// <summary>Loss of one row: log loss of a logit, squared error in standardised units.</summary>
    internal double Loss(double score, double label) => Objective.Loss(Link, score, label);
}
