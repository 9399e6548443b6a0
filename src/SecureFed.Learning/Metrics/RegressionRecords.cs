using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Metrics;

/// <summary>What every row contributes to record-level evaluation of a regression: <c>[e², v, v² | 1]</c>, with e and v of <see cref="RegressionSums"/>.</summary>
/// <remarks>All three lie in [-1, 1], errors larger than the range of the label being clipped to it, so that the bounds √3 and 1 hold by construction.</remarks>
public sealed class RegressionRecords : IRecordVectors
{
    /// <summary>Segment of e², v and v².</summary>
    public const string Sums = RegressionSums.Sums;

    /// <summary>Segment of the count.</summary>
    public const string RowCount = "rows";

    private const double Resolution = 3;
    private readonly double[] scores;
    private readonly DataSet data;
    private readonly Standardizer standardizer;
    private readonly FeatureSchema label;

    /// <param name="model">The global model.</param>
    /// <param name="data">The client's rows as they are, not standardised.</param>
    /// <param name="standardizer">What the model was trained with.</param>
    /// <param name="label">The label's public bounds, not constant.</param>
    /// <exception cref="ArgumentException">The label is constant, or features do not fit.</exception>
    public RegressionRecords(IScoringModel model, DataSet data, Standardizer standardizer, FeatureSchema label)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(label.HalfRange, nameof(label));
        scores = model.Scores(standardizer.Apply(data));
        this.data = data;
        this.standardizer = standardizer;
        this.label = label;
    }

    /// <inheritdoc/>
    public int Count => data.Rows;

    /// <inheritdoc/>
    public VectorLayout Layout { get; } = LayoutOf();

    /// <summary>The layout; it does not depend on the task.</summary>
    public static VectorLayout LayoutOf() => new(new VectorSegment(Sums, 3, Math.Sqrt(3)), new VectorSegment(RowCount, 1, 1));

    /// <inheritdoc/>
    public void Write(int record, Span<double> vector)
    {
        Span<double> sums = Layout.Slice(vector, Sums);
        double v = Math.Clamp(label.ToUnit(data.Labels[record]), -1, 1);
        double error = Math.Clamp((standardizer.RestoreLabel(scores[record]) - data.Labels[record]) / (2 * label.HalfRange), -1, 1);
        sums[0] = error * error;
        sums[1] = v;
        sums[2] = v * v;
        Layout.Slice(vector, RowCount)[0] = 1;
    }

    /// <summary>Metrics from the noisy sum over the sampled rows of all survivors.</summary>
    /// <param name="sum">In <see cref="LayoutOf"/>.</param>
    /// <param name="noiseDeviations">Per segment, standard deviation of each coordinate's noise, at least 0.</param>
    /// <param name="label">The label's public bounds.</param>
    /// <returns>Metrics with errors, that of R² as if its two sums erred independently; R² is null when the label's deviation is not told from noise.</returns>
    /// <exception cref="LearningException"><c>no-weight</c>: the number of rows is not told from 0.</exception>
    public static NoisyMetrics Decode(ReadOnlySpan<double> sum, ReadOnlySpan<double> noiseDeviations, FeatureSchema label)
    {
        VectorLayout layout = LayoutOf();
        NoiseDeviations.Require(layout, noiseDeviations);
        (double noise, double rowNoise) = (noiseDeviations[0], noiseDeviations[1]);
        double rows = layout.Slice(sum, RowCount)[0];
        if (!(rows >= Math.Max(0.5, Resolution * rowNoise)))
        {
            throw new LearningException("no-weight", "The number of rows is not told from 0 by the noisy sum.", "Repeat the evaluation with more rows or more budget.");
        }

        ReadOnlySpan<double> sums = layout.Slice(sum, Sums);
        double square = label.HalfRange * label.HalfRange;
        double loss = 4 * square * Math.Max(0, sums[0] / rows);
        double lossError = 4 * square * NoiseDeviations.OfRatio(sums[0], noise, rows, rowNoise);
        double rmse = Math.Sqrt(loss);

        // The root is not differentiable at 0, where √error is as far as it can have gone.
        double rmseError = Math.Min(rmse > 0 ? lossError / (2 * rmse) : double.PositiveInfinity, Math.Sqrt(lossError));
        double mean = sums[1] / rows;
        double deviation = square * ((sums[2] / rows) - (mean * mean));
        double countWeight = (2 * mean * mean) - (sums[2] / rows);
        double deviationError = square / rows
            * Math.Sqrt((noise * noise * (1 + (4 * mean * mean))) + (countWeight * countWeight * rowNoise * rowNoise));
        bool isResolved = deviation > Resolution * deviationError;
        return new NoisyMetrics(
            new ModelMetrics((long)Math.Max(1, Math.Round(rows)), loss, null, null, rmse, isResolved ? 1 - (loss / deviation) : null),
            new MetricErrors(rowNoise, lossError, null, null, rmseError, isResolved ? NoiseDeviations.OfRatio(loss, lossError, deviation, deviationError) : null));
    }
}
