namespace SecureFed.Learning.Statistics;

/// <summary>The answer to one question.</summary>
/// <param name="Statistic">The question.</param>
/// <param name="Values">
/// Numbers asked for. Histogram: a count per bin; heavy hitters: a count per listed value, then one for all others; correlation: r_ij for i &lt; j, row by row; quality: missing, not finite, out of bounds.
/// NaN: not told, for noise drowns it or nothing is there.
/// </param>
/// <param name="ErrorBounds">One per value, of <see cref="StatisticsQuery.Confidence"/>.</param>
/// <param name="Further">Numbers that only some kinds have.</param>
public sealed record StatisticAnswer(Statistic Statistic, IReadOnlyList<double> Values, IReadOnlyList<double> ErrorBounds, IReadOnlyList<double> Further)
{
    /// <summary>Search: the answer is at least this, with the stated confidence.</summary>
    public double? Lower => Statistic.IsSearch ? Further[0] : null;

    /// <summary>Search: and at most this.</summary>
    public double? Upper => Statistic.IsSearch ? Further[1] : null;

    /// <summary>
    /// Search: within half a bracket of the value lies a quantile of an order that is at most this far from the asked one (0 for a minimum, 1 for a maximum), with the stated confidence.
    /// </summary>
    public double? RankError => Statistic.IsSearch ? Further[2] : null;

    /// <summary>Heavy hitters: rows from which on a value counts as frequent.</summary>
    public double? Threshold => Statistic.Kind == StatisticKind.HeavyHitters ? Further[0] : null;

    /// <summary>Heavy hitters: a listed value has at least threshold − this rows, one that is not listed less than threshold + this.</summary>
    public double? ThresholdError => Statistic.Kind == StatisticKind.HeavyHitters ? Further[1] : null;

    /// <summary>Heavy hitters: the values of the list that are frequent, by falling count.</summary>
    public IReadOnlyList<string> Frequent => Statistic.Kind != StatisticKind.HeavyHitters ? [] :
        [.. Enumerable.Range(0, Statistic.Domain.Count).Where(i => Values[i] >= Threshold).OrderByDescending(i => Values[i]).Select(i => Statistic.Domain[i])];
}
