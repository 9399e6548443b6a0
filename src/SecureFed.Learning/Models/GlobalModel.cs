using SecureFed.Learning.Data;

namespace SecureFed.Learning.Models;

/// <summary>A model with its parameters. Immutable.</summary>
public sealed class GlobalModel : IScoringModel
{
    private readonly double[] parameters;

    /// <param name="kind">Linear or logistic.</param>
    /// <param name="parameters">Weights, then the intercept; copied.</param>
    /// <exception cref="ArgumentException">Another kind, fewer than two parameters, or one that is not finite.</exception>
    public GlobalModel(ModelKind kind, ReadOnlySpan<double> parameters)
        : this(
            parameters.Length >= 2 ? new LinearModel(kind, parameters.Length - 1) : throw new ArgumentException("A model has at least one weight and the intercept.", nameof(parameters)),
            parameters)
    {
    }

    /// <param name="shape">What the parameters mean.</param>
    /// <param name="parameters">As many as the shape has; copied.</param>
    /// <exception cref="ArgumentException">Another number, or one that is not finite.</exception>
    public GlobalModel(IDifferentiableModel shape, ReadOnlySpan<double> parameters)
    {
        if (parameters.Length != shape.ParameterCount)
        {
            throw new ArgumentException($"{parameters.Length} parameters do not fit a model of {shape.ParameterCount}.", nameof(parameters));
        }

        foreach (double parameter in parameters)
        {
            if (!double.IsFinite(parameter))
            {
                throw new ArgumentException("A model holds finite parameters only.", nameof(parameters));
            }
        }

        Shape = shape;
        this.parameters = parameters.ToArray();
    }

    /// <summary>What the parameters mean.</summary>
    public IDifferentiableModel Shape { get; }

    /// <summary>Kind.</summary>
    public ModelKind Kind => Shape.Kind;

    /// <inheritdoc/>
    public OutputKind Output => Shape.Output;

    /// <inheritdoc/>
    public int FeatureCount => Shape.FeatureCount;

    /// <inheritdoc/>
    public int WorkspaceLength => Shape.WorkspaceLength;

    /// <summary>All parameters: weights in feature order and the intercept, or layer by layer.</summary>
    public ReadOnlySpan<double> Parameters => parameters;

    /// <summary>Weights in feature order.</summary>
    /// <exception cref="InvalidOperationException">The model is neither linear nor logistic regression.</exception>
    public ReadOnlySpan<double> Weights => RequireLinear().AsSpan(..^1);

    /// <summary>The intercept.</summary>
    /// <exception cref="InvalidOperationException">The model is neither linear nor logistic regression.</exception>
    public double Intercept => RequireLinear()[^1];

    /// <summary>All parameters 0: where training of linear and logistic regression starts.</summary>
    public static GlobalModel Zero(ModelKind kind, int featureCount) => new(kind, new double[featureCount + 1]);

    /// <summary>Where training starts.</summary>
    /// <param name="shape">Model.</param>
    /// <param name="seed">Public.</param>
    public static GlobalModel Initial(IDifferentiableModel shape, ulong seed) => new(shape, shape.InitialParameters(seed));

    /// <summary>The same model with other parameters.</summary>
    public GlobalModel With(ReadOnlySpan<double> newParameters) => new(Shape, newParameters);

    /// <summary>Logit, or predicted number.</summary>
    /// <exception cref="InvalidOperationException">The model has one score for each class.</exception>
    public double Score(ReadOnlySpan<double> features) => Shape is LinearModel ? Objective.Score(parameters, features) : Score(features, new double[Shape.WorkspaceLength]);

    /// <summary>The same without allocation.</summary>
    /// <param name="features">Standardised.</param>
    /// <param name="workspace">As the shape needs it.</param>
    /// <exception cref="InvalidOperationException">The model has one score for each class.</exception>
    public double Score(ReadOnlySpan<double> features, Span<double> workspace)
    {
        RequireOneScore();
        Span<double> output = stackalloc double[1];
        Shape.Evaluate(parameters, features, output, workspace);
        return output[0];
    }

    /// <summary>Probability of the positive class, the predicted number, or the most probable class counted from 0.</summary>
    public double Predict(ReadOnlySpan<double> features)
    {
        if (Shape.Output != OutputKind.Softmax)
        {
            return Shape.Output == OutputKind.Logistic ? Objective.Sigmoid(Score(features)) : Score(features);
        }

        var scores = new double[Shape.OutputCount];
        Shape.Evaluate(parameters, features, scores, new double[Shape.WorkspaceLength]);
        return OutputLoss.BestClass(scores);
    }

    /// <summary>The score of every row.</summary>
    /// <exception cref="InvalidOperationException">The model has one score for each class.</exception>
    public double[] Scores(DataSet data)
    {
        RequireOneScore();
        return Outputs(data);
    }

    /// <summary>All scores of every row, row by row.</summary>
    public double[] Outputs(DataSet data)
    {
        int count = Shape.OutputCount;
        var outputs = new double[data.Rows * count];
        var workspace = new double[Shape.WorkspaceLength];
        for (int row = 0; row < data.Rows; row++)
        {
            Shape.Evaluate(parameters, data.Row(row), outputs.AsSpan(row * count, count), workspace);
        }

        return outputs;
    }

    /// <summary>Weights of standardised features by name, largest magnitude first: what a linear or logistic model goes by.</summary>
    /// <exception cref="ArgumentException">Another number of names than of weights.</exception>
    /// <exception cref="InvalidOperationException">The model is neither linear nor logistic regression.</exception>
    public IReadOnlyList<(string Name, double Coefficient)> Coefficients(IReadOnlyList<string> featureNames)
    {
        RequireLinear();
        if (featureNames.Count != parameters.Length - 1)
        {
            throw new ArgumentException($"{featureNames.Count} names do not fit {parameters.Length - 1} weights.", nameof(featureNames));
        }

        return [.. featureNames.Select((name, j) => (name, parameters[j])).OrderByDescending(feature => Math.Abs(feature.Item2))];
    }

    private double[] RequireLinear() => Shape is LinearModel
        ? parameters
        : throw new InvalidOperationException($"A {Kind} model has no single weight for each feature; read its layers.");

    private void RequireOneScore()
    {
        if (Shape.OutputCount != 1)
        {
            throw new InvalidOperationException($"This model has {Shape.OutputCount} scores for each row; read its outputs.");
        }
    }
}
