using SecureFed.Learning.Data;

namespace SecureFed.Learning.Models;

/// <summary>Anything that gives a row one number: what metrics need to know of a model.</summary>
public interface IScoringModel
{
    /// <summary>Whether the score is a logit or the predicted number itself.</summary>
    ModelKind Kind { get; }

    /// <summary>Number of features of a row.</summary>
    int FeatureCount { get; }

    /// <summary>All numbers of the model.</summary>
    ReadOnlySpan<double> Parameters { get; }

    /// <summary>Logit of the positive class, or the prediction.</summary>
    /// <param name="features">In the form in which the model was trained: standardised for linear scores, as they are for trees.</param>
    double Score(ReadOnlySpan<double> features);

    /// <summary>The score of every row.</summary>
    double[] Scores(DataSet data);
}
