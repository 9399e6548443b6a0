using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Metrics;

/// <summary>What every row contributes to record-level evaluation of a classifier: <c>[one-hot by class and bin of the logit | correct | loss]</c>.</summary>
/// <remarks>
/// <para>Both classes share one segment, positives first, because a row is in one bin of one class: the segment's norm is 1, not √2. Correct is 0 or 1, the
/// loss at most <see cref="LossLimit"/>, so that all bounds hold by construction. The number of rows is the sum over all bins, which is as exact as a
/// coordinate of its own would be.</para>
/// <para>Clipping the loss makes the mean loss of a model that is confidently wrong look smaller. A larger limit would cost as much more noise.</para>
/// </remarks>
public sealed class ClassificationRecords : IRecordVectors
{
    /// <summary>Segment: 1 in the row's bin, positive rows' bins before those of negative rows.</summary>
    public const string Counts = "counts";

    /// <summary>Segment: 1 if the class is predicted correctly.</summary>
    public const string Correct = "correct";

    /// <summary>Segment: the log loss, clipped.</summary>
    public const string Loss = "loss";

    /// <summary>Largest loss of one row: that of probability 1/150 for what happened.</summary>
    public const double LossLimit = 5;

    // Rows must be seen this many standard errors above 0, or the metrics divide by noise.
    private const double RowResolution = 3;
    private readonly IScoringModel model;
    private readonly DataSet data;
    private readonly LogitBins bins;
    private readonly double[] workspace;

    /// <param name="model">The global model, with a logistic output.</param>
    /// <param name="data">The client's standardised rows.</param>
    /// <param name="bins">The task's bins.</param>
    /// <exception cref="ArgumentException">Features and model do not fit.</exception>
    public ClassificationRecords(IScoringModel model, DataSet data, LogitBins bins)
    {
        if (data.FeatureCount != model.FeatureCount || model.Output != OutputKind.Logistic)
        {
            throw new ArgumentException($"A model of {model.FeatureCount} features with a {model.Output} output does not classify rows of {data.FeatureCount} features.", nameof(model));
        }

        this.model = model;
        this.data = data;
        this.bins = bins;
        workspace = new double[model.WorkspaceLength];
        Layout = LayoutOf(bins);
    }

    /// <inheritdoc/>
    public int Count => data.Rows;

    /// <inheritdoc/>
    public VectorLayout Layout { get; }

    /// <summary>The layout for given bins.</summary>
    public static VectorLayout LayoutOf(LogitBins bins) => new(
        new VectorSegment(Counts, 2 * bins.Count, 1, IntegerValued: true),
        new VectorSegment(Correct, 1, 1, IntegerValued: true),
        new VectorSegment(Loss, 1, LossLimit));

    /// <inheritdoc/>
    public void Write(int record, Span<double> vector)
    {
        Span<double> counts = Layout.Slice(vector, Counts);
        double logit = model.Score(data.Row(record), workspace);
        double label = data.Labels[record];
        counts.Clear();
        counts[(label is 1 ? 0 : bins.Count) + bins.Of(logit)] = 1;
        Layout.Slice(vector, Correct)[0] = ModelEvaluation.IsCorrect(logit, label) ? 1 : 0;
        Layout.Slice(vector, Loss)[0] = Math.Min(LossLimit, Objective.LogLoss(logit, label));
    }

    /// <summary>Metrics from the noisy sum over the sampled rows of all survivors.</summary>
    /// <param name="sum">In <see cref="LayoutOf"/>.</param>
    /// <param name="noiseDeviations">Per segment, standard deviation of each coordinate's noise, at least 0.</param>
    /// <param name="bins">The task's bins.</param>
    /// <returns>Metrics with errors; the area is null when a class is not told from noise.</returns>
    /// <exception cref="LearningException"><c>no-weight</c>: the number of rows is not told from 0.</exception>
    public static NoisyMetrics Decode(ReadOnlySpan<double> sum, ReadOnlySpan<double> noiseDeviations, LogitBins bins)
    {
        VectorLayout layout = LayoutOf(bins);
        NoiseDeviations.Require(layout, noiseDeviations);
        ReadOnlySpan<double> counts = layout.Slice(sum, Counts);
        double rows = 0;
        foreach (double count in counts)
        {
            rows += count;
        }

        double rowNoise = noiseDeviations[0] * Math.Sqrt(counts.Length);
        if (!(rows >= Math.Max(0.5, RowResolution * rowNoise)))
        {
            throw new LearningException("no-weight", "The number of rows is not told from 0 by the noisy sum.", "Repeat the evaluation with more rows or more budget.");
        }

        double correct = layout.Slice(sum, Correct)[0];
        double loss = layout.Slice(sum, Loss)[0];
        HistogramAuc? auc = HistogramAuc.FromNoisy(counts[..bins.Count], counts[bins.Count..], noiseDeviations[0]);
        return new NoisyMetrics(
            new ModelMetrics((long)Math.Max(1, Math.Round(rows)), Math.Clamp(loss / rows, 0, LossLimit), auc?.Value, Math.Clamp(correct / rows, 0, 1), null, null),
            new MetricErrors(
                rowNoise,
                NoiseDeviations.OfRatio(loss, noiseDeviations[2], rows, rowNoise),
                auc?.StandardError,
                NoiseDeviations.OfRatio(correct, noiseDeviations[1], rows, rowNoise),
                null,
                null));
    }
}
