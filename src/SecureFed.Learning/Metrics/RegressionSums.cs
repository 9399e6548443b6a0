using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Metrics;

/// <summary>What a client contributes to the federated evaluation of a regression: <c>[w·mean(e²) | w·mean(v) | w·mean(v²) | w]</c>.</summary>
/// <remarks>
/// v is the label and e half the error, both in half ranges of the label's public bounds and in [-1, 1]; larger errors are clipped to the range of the
/// label. A rounding of 2^-24 leaves an RMSE of at least 1/2000 of the range of the label indistinguishable from 0.
/// </remarks>
public static class RegressionSums
{
    /// <summary>The only segment.</summary>
    public const string Sums = "sums";

    /// <summary>Weight segment.</summary>
    public const string Weight = "weight";

    /// <summary>The layout; it does not depend on the task.</summary>
    public static VectorLayout Layout() => new(new VectorSegment(Sums, 3, Math.Sqrt(3)), new VectorSegment(Weight, 1, 1));

    /// <summary>The client's vector.</summary>
    /// <param name="model">The global model.</param>
    /// <param name="data">The client's rows as they are, not standardised.</param>
    /// <param name="standardizer">What the model was trained with.</param>
    /// <param name="label">The label's public bounds, not constant.</param>
    /// <param name="maxRows">The task's public maximum of rows per client.</param>
    /// <exception cref="DataException"><c>too-few-rows</c> or <c>too-many-rows</c>.</exception>
    public static double[] Create(IScoringModel model, DataSet data, Standardizer standardizer, FeatureSchema label, int maxRows)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(label.HalfRange, nameof(label));
        double weight = RowWeight.Of(data.Rows, maxRows);
        double[] scores = model.Scores(standardizer.Apply(data));
        double[] vector = [0, 0, 0, weight];
        for (int row = 0; row < scores.Length; row++)
        {
            double v = Math.Clamp(label.ToUnit(data.Labels[row]), -1, 1);
            double error = Math.Clamp((standardizer.RestoreLabel(scores[row]) - data.Labels[row]) / (2 * label.HalfRange), -1, 1);
            vector[0] += error * error * weight / scores.Length;
            vector[1] += v * weight / scores.Length;
            vector[2] += v * v * weight / scores.Length;
        }

        return vector;
    }

    /// <summary>Metrics from the sum over the surviving clients.</summary>
    /// <exception cref="LearningException"><c>no-weight</c>: the sum holds no rows.</exception>
    public static ModelMetrics Decode(ReadOnlySpan<double> sum, FeatureSchema label, int maxRows)
    {
        VectorLayout layout = Layout();
        double weight = layout.Slice(sum, Weight)[0];
        double rows = Math.Round(weight * maxRows);
        if (!(rows >= 1))
        {
            throw new LearningException("no-weight", "The evaluation holds no rows.", "Repeat the evaluation round with clients that hold rows.");
        }

        ReadOnlySpan<double> sums = layout.Slice(sum, Sums);
        double error = 4 * label.HalfRange * label.HalfRange * Math.Max(0, sums[0] / weight);
        double mean = sums[1] / weight;
        double deviation = label.HalfRange * label.HalfRange * ((sums[2] / weight) - (mean * mean));
        return new ModelMetrics((long)rows, error, null, null, Math.Sqrt(error), deviation > 0 ? 1 - (error / deviation) : null);
    }
}
