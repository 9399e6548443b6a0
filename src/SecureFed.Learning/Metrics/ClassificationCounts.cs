using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Metrics;

/// <summary>What a client contributes to the federated evaluation of a classifier: whole numbers only, so that the sum is exact.</summary>
/// <remarks>
/// <c>[positives per bin | negatives per bin | correct | loss | rows]</c>. Logits are clipped to ± <see cref="HistogramAuc.LogitLimit"/>, so one row's
/// loss is at most 16.0000002; the loss is sent in units of 1/256 and rounded once per client. In a ring of 32 bits the sum holds 500,000 rows.
/// </remarks>
public static class ClassificationCounts
{
    /// <summary>Segment: positive rows per bin of the logit.</summary>
    public const string Positives = "positives";

    /// <summary>Segment: negative rows per bin of the logit.</summary>
    public const string Negatives = "negatives";

    /// <summary>Segment: rows whose class is predicted correctly.</summary>
    public const string Correct = "correct";

    /// <summary>Segment: sum of the log loss in units of 1/256.</summary>
    public const string LossUnits = "loss";

    /// <summary>Segment: rows.</summary>
    public const string RowCount = "rows";

    private const double UnitsPerLoss = 256;
    private const double LargestLoss = HistogramAuc.LogitLimit + 0.01;

    /// <summary>Layout for clients of at most <paramref name="maxRows"/> rows.</summary>
    public static VectorLayout Layout(int maxRows) => new(
        new VectorSegment(Positives, HistogramAuc.Bins, maxRows, IntegerValued: true),
        new VectorSegment(Negatives, HistogramAuc.Bins, maxRows, IntegerValued: true),
        new VectorSegment(Correct, 1, maxRows, IntegerValued: true),
        new VectorSegment(LossUnits, 1, Math.Ceiling(maxRows * LargestLoss * UnitsPerLoss), IntegerValued: true),
        new VectorSegment(RowCount, 1, maxRows, IntegerValued: true));

    /// <summary>The client's vector.</summary>
    /// <param name="model">The global model.</param>
    /// <param name="data">The client's standardised rows; may be empty.</param>
    /// <param name="maxRows">The task's public maximum of rows per client.</param>
    /// <exception cref="DataException"><c>too-many-rows</c>.</exception>
    public static double[] Create(IScoringModel model, DataSet data, int maxRows)
    {
        RowWeight.RequireAtMost(data.Rows, maxRows);
        VectorLayout layout = Layout(maxRows);
        var vector = new double[layout.Dimension];
        Span<double> positives = layout.Slice(vector.AsSpan(), Positives);
        Span<double> negatives = layout.Slice(vector.AsSpan(), Negatives);
        double[] scores = model.Scores(data);
        double loss = 0;
        for (int row = 0; row < data.Rows; row++)
        {
            double logit = Math.Clamp(scores[row], -HistogramAuc.LogitLimit, HistogramAuc.LogitLimit);
            double label = data.Labels[row];
            (label is 1 ? positives : negatives)[HistogramAuc.BinOf(logit)]++;
            layout.Slice(vector.AsSpan(), Correct)[0] += ModelEvaluation.IsCorrect(logit, label) ? 1 : 0;
            loss += Objective.LogLoss(logit, label);
        }

        layout.Slice(vector.AsSpan(), LossUnits)[0] = Math.Round(loss * UnitsPerLoss);
        layout.Slice(vector.AsSpan(), RowCount)[0] = data.Rows;
        return vector;
    }

    /// <summary>Metrics from the sum over the surviving clients.</summary>
    /// <returns>Metrics, and the area under the ROC curve with its error bound (null when only one class was seen).</returns>
    /// <exception cref="LearningException"><c>no-weight</c>: the sum holds no rows.</exception>
    public static (ModelMetrics Metrics, HistogramAuc? Auc) Decode(ReadOnlySpan<double> sum, int maxRows)
    {
        VectorLayout layout = Layout(maxRows);
        double rows = Math.Round(layout.Slice(sum, RowCount)[0]);
        if (!(rows >= 1))
        {
            throw new LearningException("no-weight", "The evaluation holds no rows.", "Repeat the evaluation round with clients that hold rows.");
        }

        HistogramAuc? auc = HistogramAuc.From(Rounded(layout.Slice(sum, Positives)), Rounded(layout.Slice(sum, Negatives)));
        double loss = layout.Slice(sum, LossUnits)[0] / UnitsPerLoss / rows;
        double accuracy = Math.Clamp(layout.Slice(sum, Correct)[0] / rows, 0, 1);
        return (new ModelMetrics((long)rows, loss, auc?.Value, accuracy, null, null), auc);
    }

    private static double[] Rounded(ReadOnlySpan<double> counts) => [.. counts.ToArray().Select(count => Math.Round(count))];
}
