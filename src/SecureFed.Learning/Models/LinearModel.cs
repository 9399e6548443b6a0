namespace SecureFed.Learning.Models;

/// <summary>One score, linear in the features: linear and logistic regression. Weights in feature order, the intercept last.</summary>
public sealed class LinearModel : IDifferentiableModel
{
    /// <param name="kind">Linear or logistic.</param>
    /// <param name="featureCount">At least 1.</param>
    /// <exception cref="ArgumentException">Another kind, or no features.</exception>
    public LinearModel(ModelKind kind, int featureCount)
    {
        if (kind is not (ModelKind.Linear or ModelKind.Logistic) || featureCount < 1)
        {
            throw new ArgumentException($"A linear model is linear or logistic and has at least one feature, not {kind} with {featureCount}.", nameof(kind));
        }

        Kind = kind;
        FeatureCount = featureCount;
        Layers = [new DenseLayer(0, featureCount, 1)];
    }

    /// <inheritdoc/>
    public ModelKind Kind { get; }

    /// <inheritdoc/>
    public OutputKind Output => Kind == ModelKind.Logistic ? OutputKind.Logistic : OutputKind.Linear;

    /// <inheritdoc/>
    public int FeatureCount { get; }

    /// <inheritdoc/>
    public int OutputCount => 1;

    /// <inheritdoc/>
    public int ParameterCount => FeatureCount + 1;

    /// <inheritdoc/>
    public int WorkspaceLength => 0;

    /// <inheritdoc/>
    public IReadOnlyList<DenseLayer> Layers { get; }

    /// <inheritdoc/>
    /// <remarks>0.</remarks>
    public double[] InitialParameters(ulong seed) => new double[ParameterCount];

    /// <inheritdoc/>
    public void Evaluate(ReadOnlySpan<double> parameters, ReadOnlySpan<double> features, Span<double> outputs, Span<double> workspace) =>
        outputs[0] = Objective.Score(parameters, features);

    /// <inheritdoc/>
    public double AddGradient(
        ReadOnlySpan<double> parameters, ReadOnlySpan<double> features, double label, double divisor, Span<double> gradient, Span<double> workspace)
    {
        double score = Objective.Score(parameters, features);
        double slope = Objective.Slope(Kind, score, label) / divisor;
        for (int j = 0; j < features.Length; j++)
        {
            gradient[j] += slope * features[j];
        }

        gradient[^1] += slope;
        return Objective.Loss(Kind, score, label);
    }
}
