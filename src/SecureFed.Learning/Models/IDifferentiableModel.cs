namespace SecureFed.Learning.Models;

/// <summary>A model whose loss has a gradient: all that training, record-level protection, evaluation and the baseline need of it.</summary>
/// <remarks>
/// Immutable and without parameters of its own: they are an argument, one flat vector, laid out by <see cref="Layers"/>. Nothing here allocates per row; the caller
/// brings the workspace and uses it from one thread at a time. Contents of a workspace come from a row and are as secret as it is.
/// </remarks>
public interface IDifferentiableModel
{
    /// <summary>Kind.</summary>
    ModelKind Kind { get; }

    /// <summary>How the outputs are read.</summary>
    OutputKind Output { get; }

    /// <summary>Number of features of a row.</summary>
    int FeatureCount { get; }

    /// <summary>Number of scores: 1, or one for each class.</summary>
    int OutputCount { get; }

    /// <summary>Length of the parameters.</summary>
    int ParameterCount { get; }

    /// <summary>Least length of a workspace.</summary>
    int WorkspaceLength { get; }

    /// <summary>Where weights and biases stand, first layer first. Penalties fall on weights only.</summary>
    IReadOnlyList<DenseLayer> Layers { get; }

    /// <summary>Where training starts: public, and the same on every machine.</summary>
    /// <param name="seed">Public; convex models start at 0 whatever it is.</param>
    double[] InitialParameters(ulong seed);

    /// <summary>Scores of one row: the number, the logit, or one score for each class.</summary>
    /// <param name="parameters">As many as <see cref="ParameterCount"/>.</param>
    /// <param name="features">As many as <see cref="FeatureCount"/>, standardised.</param>
    /// <param name="outputs">As many as <see cref="OutputCount"/>. Overwritten.</param>
    /// <param name="workspace">At least <see cref="WorkspaceLength"/>. Overwritten.</param>
    void Evaluate(ReadOnlySpan<double> parameters, ReadOnlySpan<double> features, Span<double> outputs, Span<double> workspace);

    /// <summary>Adds the gradient of one row's loss, divided by <paramref name="divisor"/>, without penalty.</summary>
    /// <param name="parameters">As many as <see cref="ParameterCount"/>.</param>
    /// <param name="features">As many as <see cref="FeatureCount"/>, standardised.</param>
    /// <param name="label">Number, 0 or 1, or the class counted from 0.</param>
    /// <param name="divisor">Rows that share the mean; 1 for a row's own gradient.</param>
    /// <param name="gradient">As many as <see cref="ParameterCount"/>. Added to.</param>
    /// <param name="workspace">At least <see cref="WorkspaceLength"/>. Overwritten.</param>
    /// <returns>The row's loss, not divided.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The label is no class of the model.</exception>
    double AddGradient(ReadOnlySpan<double> parameters, ReadOnlySpan<double> features, double label, double divisor, Span<double> gradient, Span<double> workspace);
}
