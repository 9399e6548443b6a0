namespace SecureFed.Learning.Metrics;

/// <summary>Area under the ROC curve from counts of positive and negative rows per bin of the logit.</summary>
/// <remarks>
/// <para>Trapezoids: rows of one bin are taken as tied. The exact area lies within <see cref="ErrorBound"/> = ½ Σ p_b·n_b / (P·N) of it, whatever the
/// order within bins; rows spread within bins cancel to about its square. <see cref="Bins"/> = 1024 bins of 1/32 keep the error below 0.001 for models
/// whose logits spread over more than a few bins.</para>
/// <para>Not resolved: rows squeezed into one bin (a model that has hardly begun to learn), and many rows of both classes beyond the same limit (a model that
/// is wrong at odds of nine million to one). Then the bound is large and says so.</para>
/// </remarks>
/// <param name="Value">The area.</param>
/// <param name="ErrorBound">Largest possible distance of the exact area.</param>
public sealed record HistogramAuc(double Value, double ErrorBound)
{
    /// <summary>Number of bins.</summary>
    public const int Bins = 1024;

    /// <summary>Logits are clipped to ± this.</summary>
    public const double LogitLimit = 16;

    /// <summary>The bin of a logit: 0 for the lowest.</summary>
    public static int BinOf(double logit) =>
        Math.Min(Bins - 1, (int)((Math.Clamp(logit, -LogitLimit, LogitLimit) + LogitLimit) * (Bins / (2 * LogitLimit))));

    /// <summary>From the two histograms; negative counts, as noise may leave them, count as 0.</summary>
    /// <returns>Null when there are no positive or no negative rows.</returns>
    public static HistogramAuc? From(ReadOnlySpan<double> positives, ReadOnlySpan<double> negatives)
    {
        if (positives.Length != negatives.Length)
        {
            throw new ArgumentException("Both histograms need the same bins.", nameof(negatives));
        }

        double area = 0;
        double undecided = 0;
        double positivesSeen = 0;
        double negativesBelow = 0;
        for (int bin = 0; bin < positives.Length; bin++)
        {
            double positive = Math.Max(0, positives[bin]);
            double negative = Math.Max(0, negatives[bin]);
            area += positive * (negativesBelow + (negative / 2));
            undecided += positive * negative / 2;
            positivesSeen += positive;
            negativesBelow += negative;
        }

        double pairs = positivesSeen * negativesBelow;
        return pairs > 0 ? new HistogramAuc(area / pairs, undecided / pairs) : null;
    }
}
