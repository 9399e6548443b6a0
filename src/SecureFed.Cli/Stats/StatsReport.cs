using System.Globalization;
using SecureFed.Cli.Demo;
using SecureFed.Cli.Output;
using SecureFed.Learning.Statistics;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using Spectre.Console;

namespace SecureFed.Cli.Stats;

/// <summary>The answers as a table or as the JSON document of DESIGN section 8.</summary>
internal static class StatsReport
{
    private const int SchemaVersion = 1;
    private const int ShownValues = 32;
    private static readonly string[] QualityNames = ["missing", "not finite", "out of bounds"];

    public static object ToDocument(StatsResult result, StatisticsQuery query, string? scenario, string? taskId, ProtectionKind protection, int clients) => new
    {
        schemaVersion = SchemaVersion,
        scenario,
        task = taskId,
        protection = DemoReport.ProtectionOf(protection),
        clients,
        seconds = Math.Round(result.Seconds, 3),
        rounds = result.Rounds.Select(r => new { round = r.Number, participants = r.Survivors, dropped = r.Cohort - r.Survivors }),
        statistics = result.Answers.Select((answer, i) => ToEntry(answer, query, result.Exact?[i])),
        privacy = DemoReport.ToPrivacy(result.Budget, 0, 0),
        audit = result.Audit is { } audit ? new { entries = audit.Checkpoint?.Checkpoint.Size ?? 0, verified = audit.IsVerified } : null,
    };

    public static void WriteTable(StatsResult result, StatisticsQuery query, Terminal terminal)
    {
        Table table = new Table().AddColumns("statistic", "column", "value", "error bound", "exact, all rows in one place").RoundedBorder();
        for (int i = 0; i < result.Answers.Count; i++)
        {
            StatisticAnswer answer = result.Answers[i];
            string[] names = NamesOf(answer.Statistic, query);
            for (int v = 0; v < answer.Values.Count && v < ShownValues; v++)
            {
                string rank = answer.RankError is { } error ? $", rank ±{Text(100 * error)} %" : "";
                table.AddRow(
                    Markup.Escape(v == 0 ? Describe(answer.Statistic) : ""),
                    Markup.Escape(names[v]),
                    Text(answer.Values[v]),
                    Markup.Escape($"±{Text(answer.ErrorBounds[v])}{rank}"),
                    result.Exact is null ? "" : Text(result.Exact[i][v]));
            }

            if (answer.Values.Count > ShownValues)
                table.AddRow("", $"and {answer.Values.Count - ShownValues} more (--json)", "", "", "");
            if (answer.Statistic.Kind == StatisticKind.HeavyHitters)
                table.AddRow("", Markup.Escape($"frequent: {string.Join(", ", answer.Frequent)}"), $"from {Text(answer.Threshold!.Value)}", $"±{Text(answer.ThresholdError!.Value)}", "");
        }

        terminal.Console.Write(table);
        terminal.WriteLine($"Error bounds hold with probability {StatisticsQuery.Confidence.ToString("0.##", CultureInfo.InvariantCulture)} over the noise, for the rows of the clients in the sums.");
    }

    /// <summary>Coordinates in words.</summary>
    private static string[] NamesOf(Statistic statistic, StatisticsQuery query)
    {
        string[] columns = [.. statistic.Columns.Select(c => query.Columns[c].Name)];
        return statistic.Kind switch
        {
            StatisticKind.Histogram => [.. Enumerable.Range(0, statistic.ValueCount).Select(b => $"{columns[0]} [{Text(statistic.Edges[b])}, {Text(statistic.Edges[b + 1])}{(b == statistic.ValueCount - 1 ? "]" : ")")}")],
            StatisticKind.HeavyHitters => [.. statistic.Domain.Append("other").Select(value => $"{columns[0]} {value}")],
            StatisticKind.Correlation => [.. Enumerable.Range(0, columns.Length).SelectMany(a => columns.Skip(a + 1).Select(b => $"{columns[a]}, {b}"))],
            StatisticKind.Quality => [.. QualityNames.Select(what => $"{columns[0]} {what}")],
            _ => [columns.FirstOrDefault() ?? "all rows"],
        };
    }

    private static string Describe(Statistic statistic) =>
        StatsQuestions.NameOf(statistic.Kind) + (statistic.Kind == StatisticKind.Quantile ? $" {Text(statistic.Probability)}" : "");

    private static object ToEntry(StatisticAnswer answer, StatisticsQuery query, IReadOnlyList<double>? exact)
    {
        Statistic statistic = answer.Statistic;
        bool isOne = statistic.ValueCount == 1 && statistic.Kind is not (StatisticKind.Histogram or StatisticKind.Correlation);
        string[] names = NamesOf(statistic, query);
        return new
        {
            statistic = StatsQuestions.NameOf(statistic.Kind),
            column = statistic.Columns.Count == 1 ? query.Columns[statistic.Columns[0]].Name : null,
            columns = statistic.Columns.Select(c => query.Columns[c].Name),
            bounds = statistic.Columns.Count == 1 ? new { lower = query.Columns[statistic.Columns[0]].LowerBound, upper = query.Columns[statistic.Columns[0]].UpperBound } : null,
            probability = statistic.Kind == StatisticKind.Quantile ? statistic.Probability : (double?)null,
            value = isOne ? Told(answer.Values[0]) : null,
            errorBound = isOne ? Told(answer.ErrorBounds[0]) : null,
            confidence = StatisticsQuery.Confidence,
            exact = isOne && exact is not null ? Told(exact[0]) : null,
            lower = answer.Lower,
            upper = answer.Upper,
            rankError = answer.RankError,
            edges = statistic.Edges.Count > 0 ? statistic.Edges : null,
            values = isOne ? null : answer.Values.Select((value, v) => new { name = names[v], value = Told(value), errorBound = Told(answer.ErrorBounds[v]), exact = exact is null ? null : Told(exact[v]) }),
            threshold = answer.Threshold,
            thresholdError = answer.ThresholdError,
            frequent = statistic.Kind == StatisticKind.HeavyHitters ? answer.Frequent : null,
        };
    }

    /// <summary>JSON has no NaN: null says that the noise drowns the answer, or that there is none.</summary>
    private static double? Told(double value) => double.IsNaN(value) ? null : value;

    private static string Text(double value) => double.IsNaN(value) ? "not told" : value.ToString("G6", CultureInfo.InvariantCulture);
}
