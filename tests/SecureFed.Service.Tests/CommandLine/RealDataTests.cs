using System.Text.Json;
using System.Text.RegularExpressions;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>The demo on the real data sets beside the repository: skipped where they are absent, failed where continuous integration lacks them.</summary>
[Collection("demo runs")]
public partial class RealDataTests
{
    private const double GreatestGap = 0.003;

    [Theory]
    [InlineData("finance", 0.7144, "finance-credit-default.csv", "default.payment.next.month", "ID")]
    [InlineData("medical", 0.9913, "medical-wdbc.csv", "diagnosis", "id", "--positive", "M")]
    [InlineData("manufacturing", 0.8935, "manufacturing-ai4i2020.csv", "Machine failure", "UDI,Product ID,TWF,HDF,PWF,OSF,RNF")]
    [InlineData("smart-home", 0.9889, "smart-home-occupancy-train.csv,smart-home-occupancy-test.csv,smart-home-occupancy-test2.csv", "Occupancy", "sno,date", "--clients", "40")]
    public async Task Federated_training_is_as_good_as_the_central_fit(string scenario, double leastAuc, string files, string label, string drop, params string[] more)
    {
        Transcript transcript = await Cli.RunAsync(["demo", "--json", "--privacy", "none", "--scenario", scenario, "--data", PathsOf(files), "--label", label, "--drop", drop, .. more]);
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        double auc = transcript.Json.GetProperty("metrics").GetProperty("auc").GetDouble();
        double baseline = transcript.Json.GetProperty("baseline").GetProperty("auc").GetDouble();
        Assert.True(auc >= leastAuc, $"AUC {auc} < {leastAuc}");
        Assert.True(Math.Abs(auc - baseline) <= GreatestGap, $"AUC {auc}, baseline {baseline}");
        Assert.True(transcript.Json.GetProperty("seconds").GetDouble() < 60);
    }

    /// <summary>The default: record level, epsilon 4.</summary>
    [Theory]
    [InlineData("finance", 0.01, "finance-credit-default.csv", "default.payment.next.month", "ID")]
    [InlineData("medical", 0.02, "medical-wdbc.csv", "diagnosis", "id", "--positive", "M")]
    [InlineData("manufacturing", 0.02, "manufacturing-ai4i2020.csv", "Machine failure", "UDI,Product ID,TWF,HDF,PWF,OSF,RNF")]
    [InlineData("smart-home", 0.01, "smart-home-occupancy-train.csv,smart-home-occupancy-test.csv,smart-home-occupancy-test2.csv", "Occupancy", "sno,date", "--clients", "40")]
    public async Task Private_training_is_nearly_as_good_and_keeps_to_its_budget(string scenario, double greatestGap, string files, string label, string drop, params string[] more)
    {
        Transcript transcript = await Cli.RunAsync(["demo", "--json", "--scenario", scenario, "--data", PathsOf(files), "--label", label, "--drop", drop, .. more]);
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        JsonElement json = transcript.Json;
        double auc = json.GetProperty("metrics").GetProperty("auc").GetDouble();
        double baseline = json.GetProperty("baseline").GetProperty("auc").GetDouble();
        Assert.True(auc >= baseline - greatestGap, $"AUC {auc}, baseline {baseline}");
        JsonElement privacy = json.GetProperty("privacy");
        Assert.Equal(("record", 1e-5, 4.0), (privacy.GetProperty("unit").GetString(), privacy.GetProperty("delta").GetDouble(), privacy.GetProperty("budget").GetDouble()));
        Assert.InRange(privacy.GetProperty("epsilon").GetDouble(), 3.9, 4);
        Assert.Equal(privacy.GetProperty("epsilon").GetDouble(), privacy.GetProperty("views").GetProperty("server").GetDouble());
        Dictionary<string, int> releases = privacy.GetProperty("releases").EnumerateArray().ToDictionary(r => r.GetProperty("kind").GetString()!, r => r.GetProperty("count").GetInt32(), StringComparer.Ordinal);
        Assert.True(releases["train"] >= json.GetProperty("rounds").GetArrayLength(), "Every training round is listed, failed ones included.");
        Assert.All(releases, r => Assert.True(r.Key is "train" or "standardise" && r.Value >= 1));
        Assert.True(json.GetProperty("seconds").GetDouble() < 60);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Two_hundred_homes_with_dropouts_give_exact_sums_in_three_rounds()
    {
        string paths = PathsOf("smart-home-occupancy-train.csv,smart-home-occupancy-test.csv,smart-home-occupancy-test2.csv");
        Transcript transcript = await Cli.RunAsync("demo", "--scenario", "smart-home", "--data", paths, "--label", "Occupancy", "--drop", "sno,date", "--rounds", "3", "--privacy", "none");
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        (int Participants, int Dropped)[] rounds = [.. RoundRow().Matches(transcript.Output).Select(m => (int.Parse(m.Groups["participants"].ValueSpan), int.Parse(m.Groups["dropped"].ValueSpan)))];
        Assert.Equal(3, rounds.Length);
        Assert.All(rounds, r => Assert.InRange(r.Participants, 156, 200));
        Assert.True(rounds.Sum(r => r.Dropped) > 0);
        Assert.Contains("5 released sums equal the sum of the clients' quantised updates bit for bit", transcript.Output, StringComparison.Ordinal);
        Assert.Contains("200 clients", transcript.Output, StringComparison.Ordinal);
    }

    private static string PathsOf(string files)
    {
        string folder = Environment.GetEnvironmentVariable("SECUREFED_SHARED") is { Length: > 0 } given ? given : Path.Combine(Repository.Root, "..", "shared");
        string[] paths = [.. files.Split(',').Select(file => Path.Combine(folder, "data", file))];
        if (!paths.All(File.Exists))
        {
            Assert.SkipWhen(
                !string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase),
                "The shared data sets are not beside the repository; set SECUREFED_SHARED to their folder.");
            Assert.Fail("The shared data sets must be present in continuous integration (SECUREFED_SHARED, or ../shared beside the repository).");
        }

        return string.Join(',', paths);
    }

    [GeneratedRegex("^│ [123] +│ (?<participants>[0-9]+) +│ (?<dropped>[0-9]+) +│ 0", RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RoundRow();
}
