using System.CommandLine;
using SecureFed.Cli.Demo;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Cli.Stats;

/// <summary>The options of <c>securefed stats</c> that say what is asked.</summary>
internal sealed class StatsQuestionOptions
{
    private readonly Option<string> columns = new("--columns") { Description = "Columns, comma-separated." };
    private readonly Option<string> statistic = new("--statistic")
    {
        Description = "Comma-separated: count, sum, mean, variance, minimum, maximum, quantile, histogram, heavy-hitters, correlation (of all columns), quality (missing, not finite, out of bounds).",
        Required = true,
    };

    private readonly Option<string> quantile = new("--quantile") { Description = "Orders of quantiles in (0, 1), comma-separated. Default 0.5, the median." };
    private readonly Option<int?> bins = new("--bins") { Description = "Bins of a histogram, equal between the bounds. Default 20." };
    private readonly Option<string> domain = new("--domain") { Description = "Public lists of values for heavy-hitters: COLUMN=v1|v2|v3, comma-separated. Values that are not on the list are counted together." };
    private readonly Option<double?> threshold = new("--threshold") { Description = "Part of the rows from which on a value is frequent. Default 0.1." };
    private readonly Option<string> bounds = new("--bounds") { Description = "Public bounds: COLUMN=LOW:HIGH, comma-separated. Values beyond them count as the bound. Default: the scenario's, or round numbers around the CSV's values." };
    private readonly Option<int?> cells = new("--cells") { Description = "Cells into which a round of a search (minimum, maximum, quantile) divides its bracket. Default 16." };
    private readonly Option<int?> searchRounds = new("--search-rounds") { Description = "Rounds of a search. Default 3." };
    private readonly Option<string> privacy = DemoCommand.OneOf("--privacy", "Whose presence noise hides: nobody's, a participant's whole contribution, or a single row's. Default record.", "none", "client", "record");
    private readonly Option<double?> epsilon = new("--epsilon") { Description = "Privacy budget of all answers together. Default 4." };
    private readonly Option<double?> delta = new("--delta") { Description = "Probability with which the promise may fail. Default: at most 1e-5 and N^-1.1." };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { columns, statistic, quantile, bins, domain, threshold, bounds, cells, searchRounds, privacy, epsilon, delta })
            command.Options.Add(option);
    }

    public StatsOptions Read(ParseResult parsed) => new()
    {
        Columns = DemoCommand.ListOf(parsed.GetValue(columns)),
        Statistics = DemoCommand.ListOf(parsed.GetValue(statistic)),
        Quantiles = DemoCommand.ListOf(parsed.GetValue(quantile)),
        Bins = parsed.GetValue(bins) ?? 20,
        Domains = DemoCommand.ListOf(parsed.GetValue(domain)),
        Threshold = parsed.GetValue(threshold) ?? 0.1,
        Bounds = DemoCommand.ListOf(parsed.GetValue(bounds)),
        Cells = parsed.GetValue(cells) ?? 16,
        SearchRounds = parsed.GetValue(searchRounds) ?? 3,
        Privacy = parsed.GetValue(privacy) switch { "none" => PrivacyUnit.None, "client" => PrivacyUnit.Client, _ => PrivacyUnit.Record },
        Epsilon = parsed.GetValue(epsilon),
        Delta = parsed.GetValue(delta),
    };
}
