using System.Globalization;
using SecureFed.Cli.Output;
using SecureFed.Learning.Data;
using SecureFed.Learning.Statistics;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Cli.Stats;

/// <summary>From words on a command line to questions, and to the definition that an operator posts.</summary>
internal static class StatsQuestions
{
    private static readonly string[] OfSeveral = ["correlation"];

    /// <summary>Every statistic of every column, in the order of the statistics.</summary>
    /// <param name="options">What is asked.</param>
    /// <param name="known">Columns that the data have, with bounds; null if nobody here has the data, so that the user states the bounds.</param>
    public static StatisticsQuery Read(StatsOptions options, DataSchema? known)
    {
        FeatureSchema[] columns = [.. options.Columns.Select(name => ColumnOf(name, options, known))];
        List<Statistic> statistics = [];
        foreach (string name in options.Statistics)
        {
            StatisticKind kind = KindOf(name);
            if (OfSeveral.Contains(name, StringComparer.Ordinal))
                statistics.Add(new Statistic(kind, [.. Enumerable.Range(0, columns.Length)]));
            else if (kind == StatisticKind.Count && columns.Length == 0)
                statistics.Add(new Statistic(kind));
            else
                statistics.AddRange(Enumerable.Range(0, columns.Length).SelectMany(column => OfColumn(kind, column, columns[column], options, known)));
        }

        RequireUsage(statistics.Count > 0, "Name --columns: only the number of rows needs none.");
        try
        {
            return new StatisticsQuery(columns, statistics, options.Cells, options.SearchRounds);
        }
        catch (ArgumentException exception)
        {
            throw CommandException.Refuse(ErrorCodes.InvalidTask, exception.Message.Split(" (Parameter", 2)[0], "Change the columns, the statistics or their options.");
        }
    }

    /// <summary>The model that the operator posts.</summary>
    public static ModelDefinition ToDefinition(StatisticsQuery query, int cells) => new()
    {
        Kind = TaskModelKind.Statistics,
        Features = [.. query.Columns.Select(c => new FeatureDefinition(c.Name, c.LowerBound, c.UpperBound))],
        Statistics = new StatisticsDefinition
        {
            Cells = cells,
            SearchRounds = query.Rounds,
            Questions =
            [
                .. query.Statistics.Select(s => new StatisticDefinition
                {
                    Kind = (TaskStatisticKind)s.Kind,
                    Columns = [.. s.Columns.Select(c => query.Columns[c].Name)],
                    Probability = s.Probability,
                    Edges = s.Edges,
                    Domain = s.Domain,
                    Threshold = s.Threshold,
                }),
            ],
        },
    };

    /// <summary>The word on the command line and in JSON.</summary>
    public static string NameOf(StatisticKind kind) => kind == StatisticKind.HeavyHitters ? "heavy-hitters" : kind.ToString().ToLowerInvariant();

    public static StatisticKind KindOf(string name) => Enum.GetValues<StatisticKind>().Cast<StatisticKind?>().FirstOrDefault(kind => string.Equals(NameOf(kind!.Value), name, StringComparison.Ordinal))
        ?? throw CommandException.Misuse($"There is no statistic '{name}'.", $"Choose from {string.Join(", ", Enum.GetValues<StatisticKind>().Select(NameOf))}.");

    private static IEnumerable<Statistic> OfColumn(StatisticKind kind, int column, FeatureSchema schema, StatsOptions options, DataSchema? known) => kind switch
    {
        StatisticKind.Quantile => (options.Quantiles.Count == 0 ? ["0.5"] : options.Quantiles).Select(q => new Statistic(kind, column) { Probability = Number(q, "--quantile") }),
        StatisticKind.Histogram => [new Statistic(kind, column) { Edges = EdgesOf(schema, options.Bins) }],
        StatisticKind.HeavyHitters => [new Statistic(kind, column) { Domain = DomainOf(schema.Name, options, known), Threshold = options.Threshold }],
        _ => [new Statistic(kind, column)],
    };

    private static FeatureSchema ColumnOf(string name, StatsOptions options, DataSchema? known)
    {
        if (Find(options.Bounds, name, "--bounds") is { } stated)
        {
            string[] ends = stated.Split(':');
            RequireUsage(ends.Length == 2, "--bounds are COLUMN=LOW:HIGH, comma-separated.");
            return new FeatureSchema(name, Number(ends[0], "--bounds"), Number(ends[1], "--bounds"));
        }

        if (known?.Features.FirstOrDefault(f => string.Equals(f.Name, name, StringComparison.Ordinal)) is { } feature)
            return feature;
        if (Find(options.Domains, name, "--domain") is not null || (known is not null && CategoriesOf(name, known).Length > 0))
            return new FeatureSchema(name, 0, 0); // Of a category the list counts, not the bounds.
        throw known is null
            ? CommandException.Misuse($"Nobody here has the data, so the bounds of '{name}' must be stated.", "Give --bounds COLUMN=LOW:HIGH for each numeric column, and --domain COLUMN=v1|v2 for each categorical one.")
            : CommandException.Refuse("unknown-column", $"There is no column '{name}'; there are {string.Join(", ", known.Features.Select(f => f.Name))}.", "Name --columns exactly as the header writes them.");
    }

    private static string[] DomainOf(string name, StatsOptions options, DataSchema? known)
    {
        if (Find(options.Domains, name, "--domain") is { } stated)
            return stated.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string[] categories = known is null ? [] : CategoriesOf(name, known);
        return categories.Length > 0
            ? categories
            : throw CommandException.Misuse($"Heavy hitters are counted over a public list of values; '{name}' has none.", "Give --domain COLUMN=v1|v2: names that are not public are never collected.");
    }

    private static string[] CategoriesOf(string name, DataSchema known) =>
        [.. known.Features.Where(f => f.Name.StartsWith(name + "=", StringComparison.Ordinal)).Select(f => f.Name[(name.Length + 1)..])];

    private static double[] EdgesOf(FeatureSchema column, int bins)
    {
        RequireUsage(bins is >= 1 and <= 4096, "--bins is 1 to 4,096.");
        RequireUsage(column.HalfRange > 0, $"A histogram of '{column.Name}' needs bounds that differ: state --bounds.");
        return [.. Enumerable.Range(0, bins + 1).Select(i => i == bins ? column.UpperBound : column.LowerBound + ((column.UpperBound - column.LowerBound) * i / bins))];
    }

    private static string? Find(IReadOnlyList<string> pairs, string name, string option)
    {
        foreach (string pair in pairs)
        {
            int cut = pair.LastIndexOf('=');
            RequireUsage(cut > 0, $"{option} needs COLUMN=VALUES.");
            if (string.Equals(pair[..cut].Trim(), name, StringComparison.Ordinal))
                return pair[(cut + 1)..].Trim();
        }

        return null;
    }

    private static double Number(string text, string option) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
        ? number
        : throw CommandException.Misuse($"{option}: '{text}' is no number.", "Write numbers with a decimal point.");

    private static void RequireUsage(bool condition, string message)
    {
        if (!condition)
            throw CommandException.Misuse(message, "Run 'securefed stats --help'.");
    }
}
