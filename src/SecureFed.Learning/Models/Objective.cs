using SecureFed.Learning.Data;

namespace SecureFed.Learning.Models;

/// <summary>The function that training minimises.</summary>
/// <remarks>
/// <para>Summed over all N rows of all clients: Σ loss + ½λ‖w‖² over the weights, biases and intercept not penalised. A mean over any part of the rows therefore
/// carries λ/(2N)·‖w‖², with N the total number of rows, so that the clients' means add up to the central objective.</para>
/// <para>Loss: log loss for two or more classes; squared error (y - ŷ)² for a number, without the factor ½, so its gradient at a linear model is 2(ŷ - y)x.</para>
/// </remarks>
/// <param name="Kind">Kind of the model.</param>
/// <param name="Penalty">λ on the summed loss, at least 0.</param>
/// <param name="TotalRows">N, at least 1: known to all after standardisation.</param>
public sealed record Objective(ModelKind Kind, double Penalty, long TotalRows)
{
    /// <summary>λ/N.</summary>
    public double PenaltyPerRow => Penalty / TotalRows;

    /// <param name="model">Model.</param>
    /// <param name="penalty">λ on the summed loss, at least 0.</param>
    /// <param name="totalRows">N, at least 1.</param>
    public Objective(IDifferentiableModel model, double penalty, long totalRows)
        : this(model.Kind, penalty, totalRows) => Model = model;

    /// <summary>The model; null for linear and logistic regression over any number of features.</summary>
    public IDifferentiableModel? Model { get; }

    /// <summary>Mean loss over the rows with its share of the penalty.</summary>
    public double Mean(ReadOnlySpan<double> parameters, DataSet data)
    {
        IDifferentiableModel model = ModelFor(parameters.Length);
        var workspace = new double[model.WorkspaceLength];
        var outputs = new double[model.OutputCount];
        double sum = 0;
        for (int row = 0; row < data.Rows; row++)
        {
            model.Evaluate(parameters, data.Row(row), outputs, workspace);
            sum += OutputLoss.Loss(model.Output, outputs, data.Labels[row]);
        }

        return (sum / data.Rows) + PenaltyTerm(model, parameters);
    }

    /// <summary>Gradient of the mean over the chosen rows, its share of the penalty included.</summary>
    /// <param name="parameters">As the model lays them out.</param>
    /// <param name="data">Standardised rows.</param>
    /// <param name="rows">Which rows make the batch, at least one.</param>
    /// <param name="gradient">As long as the parameters. Overwritten.</param>
    /// <returns>The mean that <see cref="Mean"/> gives for these rows.</returns>
    public double Gradient(ReadOnlySpan<double> parameters, DataSet data, ReadOnlySpan<int> rows, Span<double> gradient)
    {
        IDifferentiableModel model = ModelFor(parameters.Length);
        var workspace = new double[model.WorkspaceLength];
        gradient.Clear();
        double loss = 0;
        foreach (int row in rows)
        {
            loss += model.AddGradient(parameters, data.Row(row), data.Labels[row], rows.Length, gradient, workspace);
        }

        foreach (DenseLayer layer in model.Layers)
        {
            for (int j = layer.Start; j < layer.Start + layer.WeightCount; j++)
            {
                gradient[j] += PenaltyPerRow * parameters[j];
            }
        }

        return (loss / rows.Length) + PenaltyTerm(model, parameters);
    }

    /// <summary>Weights · features + intercept.</summary>
    public static double Score(ReadOnlySpan<double> parameters, ReadOnlySpan<double> features)
    {
        double score = parameters[^1];
        for (int j = 0; j < features.Length; j++)
        {
            score += parameters[j] * features[j];
        }

        return score;
    }

    /// <summary>1/(1 + e^-x), without overflow on either side.</summary>
    public static double Sigmoid(double x)
    {
        double tail = Math.Exp(-Math.Abs(x));
        return x >= 0 ? 1 / (1 + tail) : tail / (1 + tail);
    }

    /// <summary>Loss of one row of linear or logistic regression.</summary>
    public static double Loss(ModelKind kind, double score, double label) =>
        kind == ModelKind.Logistic ? LogLoss(score, label) : (score - label) * (score - label);

    /// <summary>ln(1 + e^score) - label·score, written so that neither large logits overflow nor small losses cancel.</summary>
    internal static double LogLoss(double logit, double label) =>
        LogOnePlus(Math.Exp(-Math.Abs(logit))) + Math.Max(logit, 0) - (label * logit);

    internal static double Slope(ModelKind kind, double score, double label) =>
        kind == ModelKind.Logistic ? Sigmoid(score) - label : 2 * (score - label);

    // ln(1 + x) as Kahan gives it: the rounding of 1 + x is taken back out. The platform's double.LogP1 is ln(x + 1) and loses x below 2^-53.
    private static double LogOnePlus(double x)
    {
        double sum = 1 + x;
        return sum is 1 ? x : Math.Log(sum) * (x / (sum - 1));
    }

    private IDifferentiableModel ModelFor(int parameterCount) => Model ?? new LinearModel(Kind, parameterCount - 1);

    private double PenaltyTerm(IDifferentiableModel model, ReadOnlySpan<double> parameters)
    {
        double square = 0;
        foreach (DenseLayer layer in model.Layers)
        {
            foreach (double weight in layer.Weights(parameters))
            {
                square += weight * weight;
            }
        }

        return PenaltyPerRow / 2 * square;
    }
}
