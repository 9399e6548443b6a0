using SecureFed.Learning.Data;

namespace SecureFed.Learning.Models;

/// <summary>Anything that gives a row its scores: what metrics and explanations need to know of a model.</summary>
public interface IScoringModel
{
    /// <summary>How scores are read.</summary>
    OutputKind Output { get; }

    /// <summary>Number of features of a row.</summary>
    int FeatureCount { get; }

    /// <summary>Numbers of workspace that a score without allocation needs.</summary>
    int WorkspaceLength { get; }

    /// <summary>All numbers of the model.</summary>
    ReadOnlySpan<double> Parameters { get; }

    /// <summary>Logit of the positive class, or the prediction.</summary>
    /// <param name="features">In the form in which the model was trained: standardised, but for trees as they are.</param>
    /// <exception cref="InvalidOperationException">The model has one score for each class.</exception>
    double Score(ReadOnlySpan<double> features);

    /// <summary>The same without allocation.</summary>
    /// <param name="features">As for <see cref="Score(ReadOnlySpan{double})"/>.</param>
    /// <param name="workspace">At least <see cref="WorkspaceLength"/> numbers; overwritten.</param>
    /// <exception cref="InvalidOperationException">The model has one score for each class.</exception>
    double Score(ReadOnlySpan<double> features, Span<double> workspace);

    /// <summary>The score of every row.</summary>
    /// <exception cref="InvalidOperationException">The model has one score for each class.</exception>
    double[] Scores(DataSet data);

    /// <summary>All scores of every row, row by row.</summary>
    double[] Outputs(DataSet data);
}
