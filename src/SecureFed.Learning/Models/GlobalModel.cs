using SecureFed.Learning.Data;

namespace SecureFed.Learning.Models;

/// <summary>A linear score over the features: weights in feature order, the intercept last. Immutable.</summary>
public sealed class GlobalModel : IScoringModel
{
    private readonly double[] parameters;

    /// <param name="kind">Linear or logistic.</param>
    /// <param name="parameters">Weights, then the intercept; copied.</param>
    /// <exception cref="ArgumentException">Fewer than two parameters, or one that is not finite.</exception>
    public GlobalModel(ModelKind kind, ReadOnlySpan<double> parameters)
    {
        if (parameters.Length < 2)
        {
            throw new ArgumentException("A model has at least one weight and the intercept.", nameof(parameters));
        }

        foreach (double parameter in parameters)
        {
            if (!double.IsFinite(parameter))
            {
                throw new ArgumentException("A model holds finite parameters only.", nameof(parameters));
            }
        }

        Kind = kind;
        this.parameters = parameters.ToArray();
    }

    /// <summary>Linear or logistic.</summary>
    public ModelKind Kind { get; }

    /// <summary>Weights in feature order, then the intercept.</summary>
    public ReadOnlySpan<double> Parameters => parameters;

    /// <inheritdoc/>
    public int FeatureCount => parameters.Length - 1;

    /// <summary>Weights in feature order.</summary>
    public ReadOnlySpan<double> Weights => parameters.AsSpan(..^1);

    /// <summary>The intercept.</summary>
    public double Intercept => parameters[^1];

    /// <summary>All parameters 0: where training starts.</summary>
    public static GlobalModel Zero(ModelKind kind, int featureCount) => new(kind, new double[featureCount + 1]);

    /// <summary>Logit of a logistic model, prediction of a linear one.</summary>
    public double Score(ReadOnlySpan<double> features) => Objective.Score(parameters, features);

    /// <summary>Probability of the positive class, or the predicted number.</summary>
    public double Predict(ReadOnlySpan<double> features) => Kind == ModelKind.Logistic ? Objective.Sigmoid(Score(features)) : Score(features);

    /// <summary>The score of every row.</summary>
    public double[] Scores(DataSet data)
    {
        var scores = new double[data.Rows];
        for (int row = 0; row < scores.Length; row++)
        {
            scores[row] = Score(data.Row(row));
        }

        return scores;
    }

    /// <summary>Weights of standardised features by name, largest magnitude first: what the model goes by.</summary>
    /// <exception cref="ArgumentException">Another number of names than of weights.</exception>
    public IReadOnlyList<(string Name, double Coefficient)> Coefficients(IReadOnlyList<string> featureNames)
    {
        if (featureNames.Count != parameters.Length - 1)
        {
            throw new ArgumentException($"{featureNames.Count} names do not fit {parameters.Length - 1} weights.", nameof(featureNames));
        }

        return [.. featureNames.Select((name, j) => (name, parameters[j])).OrderByDescending(feature => Math.Abs(feature.Item2))];
    }
}
