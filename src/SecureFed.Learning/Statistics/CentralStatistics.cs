using SecureFed.Learning.Data;

namespace SecureFed.Learning.Statistics;

/// <summary>The same questions answered from all rows in one place, without protection: the reference of a trial.</summary>
public static class CentralStatistics
{
    /// <summary>One list of values per statistic, as <see cref="StatisticAnswer.Values"/>. Values beyond the public bounds count as the bound.</summary>
    /// <exception cref="DataException"><c>schema-mismatch</c>: a column is missing.</exception>
    public static IReadOnlyList<IReadOnlyList<double>> Of(StatisticsQuery query, DataSet data) => [.. query.Statistics.Select(statistic => Of(query, statistic, data))];

    private static double[] Of(StatisticsQuery query, Statistic statistic, DataSet data)
    {
        if (statistic.Kind == StatisticKind.Correlation)
        {
            return Correlations(query, statistic, data);
        }

        if (statistic.Columns.Count == 0)
        {
            return [data.Rows];
        }

        FeatureSchema column = query.Columns[statistic.Columns[0]];
        if (statistic.Kind == StatisticKind.HeavyHitters)
        {
            double[] places = Read(new StatisticsField(column.Name, statistic.Domain), data);
            return [.. Enumerable.Range(0, statistic.ValueCount).Select(place => (double)places.Count(p => p == place))];
        }

        double[] all = Read(new StatisticsField(column.Name, null), data);
        double[] finite = [.. all.Where(double.IsFinite)];
        double[] clamped = [.. finite.Select(value => Math.Clamp(value, column.LowerBound, column.UpperBound)).Order()];
        return statistic.Kind switch
        {
            StatisticKind.Quality => [all.Count(double.IsNaN), all.Count(double.IsInfinity), finite.Count(value => !column.Contains(value))],
            StatisticKind.Histogram => Histogram(finite, statistic.Edges),
            StatisticKind.Count => [finite.Length],
            StatisticKind.Sum => [clamped.Sum()],
            _ when clamped.Length == 0 => [double.NaN],
            StatisticKind.Mean => [clamped.Average()],
            StatisticKind.Variance => [MathNet.Numerics.Statistics.Statistics.PopulationVariance(clamped)],
            StatisticKind.Minimum => [clamped[0]],
            StatisticKind.Maximum => [clamped[^1]],
            _ => [clamped[Math.Clamp((int)Math.Ceiling(statistic.Probability * clamped.Length * (1 - 1e-12)) - 1, 0, clamped.Length - 1)]],
        };
    }

    private static double[] Histogram(double[] values, IReadOnlyList<double> edges) =>
        [.. Enumerable.Range(0, edges.Count - 1).Select(bin => (double)values.Count(v => v >= edges[bin] && (v < edges[bin + 1] || (bin == edges.Count - 2 && v == edges[bin + 1]))))];

    private static double[] Correlations(StatisticsQuery query, Statistic statistic, DataSet data)
    {
        FeatureSchema[] columns = [.. statistic.Columns.Select(c => query.Columns[c])];
        double[][] read = [.. columns.Select(c => Read(new StatisticsField(c.Name, null), data))];
        int[] complete = [.. Enumerable.Range(0, data.Rows).Where(row => read.All(column => double.IsFinite(column[row])))];
        double[][] values = [.. read.Select((column, i) => complete.Select(row => Math.Clamp(column[row], columns[i].LowerBound, columns[i].UpperBound)).ToArray())];
        var correlations = new List<double>();
        for (int i = 0; i < values.Length; i++)
        {
            for (int j = i + 1; j < values.Length; j++)
            {
                correlations.Add(complete.Length > 1 ? MathNet.Numerics.Statistics.Correlation.Pearson(values[i], values[j]) : double.NaN);
            }
        }

        return [.. correlations];
    }

    private static double[] Read(StatisticsField field, DataSet data)
    {
        FieldReader reader = field.In(data);
        return [.. Enumerable.Range(0, data.Rows).Select(row => reader.Read(data.Row(row)))];
    }
}
