using SecureFed.Learning.Data;

namespace SecureFed.Learning.Statistics;

/// <summary>What a well-formed list of questions is.</summary>
internal static class StatisticsRules
{
    private const int GreatestCells = 256;
    private const int GreatestSearchRounds = 64;

    /// <exception cref="ArgumentException">The list is not well-formed.</exception>
    public static void Check(IReadOnlyList<FeatureSchema> columns, IReadOnlyList<Statistic> statistics, int cells, int searchRounds)
    {
        if (statistics.Count is < 1 or > StatisticsQuery.GreatestStatistics)
        {
            throw new ArgumentException($"A task asks 1 to {StatisticsQuery.GreatestStatistics} statistics.", nameof(statistics));
        }

        if (cells is < 2 or > GreatestCells || searchRounds is < 1 or > GreatestSearchRounds)
        {
            throw new ArgumentException($"A search has 2 to {GreatestCells} cells and 1 to {GreatestSearchRounds} rounds.", nameof(cells));
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (FeatureSchema column in columns)
        {
            if (!double.IsFinite(column.UpperBound - column.LowerBound) || column.UpperBound < column.LowerBound || !names.Add(column.Name))
            {
                throw new ArgumentException($"Column '{column.Name}' needs its own name and finite bounds in order.", nameof(columns));
            }
        }

        for (int i = 0; i < statistics.Count; i++)
        {
            if (FindFault(statistics[i], columns.Count) is { } fault)
            {
                throw new ArgumentException($"Statistic {i + 1} ({statistics[i].Kind}) {fault}", nameof(statistics));
            }
        }
    }

    private static string? FindFault(Statistic statistic, int columns)
    {
        if (!Enum.IsDefined(statistic.Kind))
        {
            return "is none that this version knows.";
        }

        if (statistic.Columns.Any(c => c < 0 || c >= columns) || statistic.Columns.Distinct().Count() != statistic.Columns.Count)
        {
            return "names a column that the task does not have, or one twice.";
        }

        bool hasOwn = statistic.Kind switch
        {
            StatisticKind.Count => statistic.Columns.Count <= 1,
            StatisticKind.Correlation => statistic.Columns.Count is >= 2 and <= StatisticsQuery.GreatestCorrelation,
            _ => statistic.Columns.Count == 1,
        };
        return !hasOwn ? $"is of one column, a correlation matrix of 2 to {StatisticsQuery.GreatestCorrelation}."
            : (statistic.Probability != 0) != (statistic.Kind == StatisticKind.Quantile) || !(statistic.Probability is >= 0 and < 1) ? "has a probability in (0, 1) if it is a quantile, and none else."
            : (statistic.Edges.Count > 0) != (statistic.Kind == StatisticKind.Histogram) || !AreEdges(statistic.Edges) ? "has at least two finite edges, ascending, if it is a histogram, and none else."
            : (statistic.Domain.Count > 0) != (statistic.Kind == StatisticKind.HeavyHitters) || statistic.Domain.Distinct(StringComparer.Ordinal).Count() != statistic.Domain.Count
                ? "has a public list of distinct values if it asks for heavy hitters, and none else."
            : !(statistic.Threshold is >= 0 and <= 1) || (statistic.Threshold > 0 && statistic.Kind != StatisticKind.HeavyHitters) ? "has a threshold in [0, 1] if it asks for heavy hitters, and none else."
            : null;
    }

    private static bool AreEdges(IReadOnlyList<double> edges) =>
        edges.Count != 1 && edges.All(double.IsFinite) && edges.Zip(edges.Skip(1)).All(pair => pair.First < pair.Second);
}
