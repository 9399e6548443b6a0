namespace SecureFed.Learning.Statistics;

/// <summary>Count, sum, mean and variance from the sums of a <see cref="MomentBlock"/>.</summary>
/// <param name="block">The block.</param>
/// <param name="sums">The query's averaged sums.</param>
/// <param name="error">Their error; its slack is that of counts.</param>
/// <param name="slack">Largest rounding error of a real coordinate: there may be some even where counts are exact.</param>
internal sealed class Moments(MomentBlock block, double[] sums, SumError error, double slack)
{
    /// <summary>Sums that a variance is made of.</summary>
    private const int Dimension = 3;

    private double Count => sums[block.Offset];

    private double Units => sums[block.Offset + 1];

    public (double Value, double ErrorBound) CountAndError() =>
        (Math.Max(0, Count), (ConfidenceSet.Simultaneous(1) * error.CountDeviation) + error.Slack);

    public (double Value, double ErrorBound) SumAndError()
    {
        double half = block.Column.HalfRange;
        double centre = block.Column.Centre;
        double deviation = Math.Sqrt((half * half * error.RealDeviation * error.RealDeviation) + (centre * centre * error.CountDeviation * error.CountDeviation));
        return ((half * Units) + (centre * Count), (ConfidenceSet.Simultaneous(1) * deviation) + (half * slack) + (Math.Abs(centre) * error.Slack));
    }

    public (double Value, double ErrorBound) MeanAndError()
    {
        if (ConfidenceSet.Ratio(Units, error.RealDeviation, slack, Count, error, ConfidenceSet.Simultaneous(1)) is not { } interval)
        {
            return (double.NaN, double.NaN);
        }

        double mean = Math.Clamp(Units / Count, -1, 1);
        double half = block.Column.HalfRange;
        return (block.Column.Centre + (half * mean), half * interval.Clamp(-1, 1).ErrorOf(mean));
    }

    /// <remarks>σ² = E(u − c)² − (m − c)² for any c; with c the decoded mean the second term is of second order, and every sum enters once.</remarks>
    public (double Value, double ErrorBound) VarianceAndError()
    {
        double chi = ConfidenceSet.Ellipsoid(Dimension);
        double c = Count > 0 ? Math.Clamp(Units / Count, -1, 1) : 0;
        double shift = 0.5 + (c * c);
        double squares = sums[block.Offset + 2] - (2 * c * Units);
        Interval? mean = ConfidenceSet.Ratio(Units, error.RealDeviation, slack, Count, error, chi);
        Interval? square = ConfidenceSet.Ratio(squares, error.RealDeviation * Math.Sqrt(1 + (4 * c * c)), slack * (1 + (2 * Math.Abs(c))), Count, error, chi);
        if (mean is not { } m || square is not { } s)
        {
            return (double.NaN, double.NaN);
        }

        double variance = Math.Clamp((squares / Count) + shift, 0, 1);
        Interval interval = new Interval(s.Low + shift - m.SquareFrom(c).High, s.High + shift - m.SquareFrom(c).Low).Clamp(0, 1);
        double half = block.Column.HalfRange;
        return (half * half * variance, half * half * interval.ErrorOf(variance));
    }
}
