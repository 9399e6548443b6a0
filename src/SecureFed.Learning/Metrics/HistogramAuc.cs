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

    // Each class must be seen this many standard errors above 0, or the area divides by noise.
    private const double ClassResolution = 3;

    /// <summary>Standard error that noise in the counts gives the area; 0 when there is none.</summary>
    public double StandardError { get; init; }

    /// <summary>The bin of a logit: 0 for the lowest.</summary>
    public static int BinOf(double logit) => LogitBins.Exact.Of(logit);

    /// <summary>From two histograms without noise; negative counts, as rounding may leave them, count as 0.</summary>
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

    /// <summary>From two noisy histograms of any number of bins.</summary>
    /// <remarks>
    /// <para>Counts are taken as they are, negative ones too: the area is bilinear in the two histograms, whose noise is independent, so noise of mean 0
    /// leaves it unbiased but for the ratio to P·N. Setting negative counts to 0 would add 0.4 of a standard deviation to every empty bin and pull the area
    /// towards ½.</para>
    /// <para>Error to first order: ∂A/∂p_b = (N_below(b)/N - A)/P and ∂A/∂n_b = (P_above(b)/P - A)/N, the bin's own counts halved. The noise in these
    /// derivatives adds twice what the second order leaves out, so that the error is stated slightly too large when noise is strong.</para>
    /// </remarks>
    /// <param name="positives">Noisy counts of positive rows per bin.</param>
    /// <param name="negatives">As many of negative rows.</param>
    /// <param name="noiseDeviation">Standard deviation of the noise of every count, at least 0.</param>
    /// <returns>Null when one of the classes is not told from 0: below one row, or below three standard errors.</returns>
    public static HistogramAuc? FromNoisy(ReadOnlySpan<double> positives, ReadOnlySpan<double> negatives, double noiseDeviation)
    {
        if (positives.Length != negatives.Length)
        {
            throw new ArgumentException("Both histograms need the same bins.", nameof(negatives));
        }

        double positiveTotal = Total(positives);
        double negativeTotal = Total(negatives);
        if (!(Math.Min(positiveTotal, negativeTotal) >= Math.Max(0.5, ClassResolution * noiseDeviation * Math.Sqrt(positives.Length))))
        {
            return null;
        }

        double area = 0;
        double undecided = 0;
        double below = 0;
        for (int bin = 0; bin < positives.Length; bin++)
        {
            double share = positives[bin] / positiveTotal;
            area += share * (below + (negatives[bin] / 2)) / negativeTotal;
            undecided += share * negatives[bin] / negativeTotal / 2;
            below += negatives[bin];
        }

        double variance = 0;
        double above = positiveTotal;
        below = 0;
        for (int bin = 0; bin < positives.Length; bin++)
        {
            above -= positives[bin];
            double byPositive = (((below + (negatives[bin] / 2)) / negativeTotal) - area) / positiveTotal;
            double byNegative = (((above + (positives[bin] / 2)) / positiveTotal) - area) / negativeTotal;
            variance += (byPositive * byPositive) + (byNegative * byNegative);
            below += negatives[bin];
        }

        return new HistogramAuc(Math.Clamp(area, 0, 1), Math.Clamp(undecided, 0, 0.5)) { StandardError = noiseDeviation * Math.Sqrt(variance) };
    }

    private static double Total(ReadOnlySpan<double> counts)
    {
        double total = 0;
        foreach (double count in counts)
        {
            total += count;
        }

        return total;
    }
}
