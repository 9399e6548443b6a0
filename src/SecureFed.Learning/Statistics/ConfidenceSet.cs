using MathNet.Numerics.Distributions;

namespace SecureFed.Learning.Statistics;

/// <summary>Widths of confidence sets for sums with independent Gaussian errors.</summary>
internal static class ConfidenceSet
{
    private const double Failure = 1 - StatisticsQuery.Confidence;

    /// <summary>q: all of <paramref name="numbers"/> Gaussian errors are within q standard deviations with the stated confidence (Bonferroni; exact for one).</summary>
    public static double Simultaneous(int numbers) => Normal.InvCDF(0, 1, 1 - (Failure / (2.0 * numbers)));

    /// <summary>χ: every linear combination of <paramref name="dimension"/> independent errors, also one chosen after seeing them, is within χ of its standard deviations (Scheffé 1953).</summary>
    public static double Ellipsoid(int dimension) => Math.Sqrt(ChiSquared.InvCDF(dimension, StatisticsQuery.Confidence));

    /// <summary>The ratio of two sums: all t for which |a − t·b| is at most <paramref name="width"/> of its standard deviations (Fieller 1954), and what rounding allows.</summary>
    /// <param name="a">Decoded numerator.</param>
    /// <param name="deviation">Its standard deviation.</param>
    /// <param name="slack">Largest rounding error of the numerator.</param>
    /// <param name="b">Decoded denominator.</param>
    /// <param name="error">Of the denominator, a count.</param>
    /// <param name="width">In standard deviations.</param>
    /// <returns>Null if the denominator is not told from 0.</returns>
    public static Interval? Ratio(double a, double deviation, double slack, double b, SumError error, double width)
    {
        if (error.CountDeviation == 0)
        {
            return Interval.Ratio(Interval.Around(a, slack), Interval.Around(b, error.Slack));
        }

        double noise = width * width * error.CountDeviation * error.CountDeviation;
        double known = (b * b) - noise;
        if (!(b > 0 && known > 0))
        {
            return null;
        }

        double own = width * width * deviation * deviation;
        double root = Math.Sqrt((own * known) + (noise * a * a));
        return new Interval(((a * b) - root) / known, ((a * b) + root) / known);
    }
}
