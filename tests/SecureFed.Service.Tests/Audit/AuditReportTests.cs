using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.CommandLine;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Audit;

/// <summary><c>audit report</c>: one file that opens from disk, says what the fold says, and runs nothing.</summary>
public sealed class AuditReportTests(AuditedDemo demo) : IClassFixture<AuditedDemo>
{
    private static readonly string[] Sections =
        ["checkpoint", "steps", "budget", "rounds", "participants", "statement", "parameters", "lineage", "custody", "enrolment", "approvals", "deviations", "leakage"];

    [Fact]
    public async Task The_file_has_every_section_and_fetches_and_runs_nothing()
    {
        (string html, JsonElement json) = await ReportAsync(demo.Directory, 0);
        Assert.Equal(Sections, Regex.Matches(html, "<section id=\"([a-z]+)\">").Select(m => m.Groups[1].Value));
        Assert.DoesNotContain("://", html, StringComparison.Ordinal);
        foreach (string forbidden in (string[])["<script", "<link", "<img", "<iframe", "url(", "@import", " src=", " href=", "onload="])
            Assert.DoesNotContain(forbidden, html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("default-src 'none'", html, StringComparison.Ordinal);
        Assert.Equal(2, Regex.Count(html, "<svg "));
        Assert.Equal(JsonValueKind.Null, json.GetProperty("encryption").ValueKind); // This task is masked.
        Assert.True(json.GetProperty("verified").GetBoolean());
        Assert.StartsWith("Verified: ", json.GetProperty("headline").GetString(), StringComparison.Ordinal);
        AssertWellFormed(html);
    }

    [Fact]
    public async Task Every_figure_is_the_servers_own_and_the_same_in_both_forms()
    {
        (string html, JsonElement json) = await ReportAsync(demo.Directory, 0);
        JsonElement published = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(demo.Directory, "privacy.json"))).RootElement;
        JsonElement budget = json.GetProperty("budget");
        Assert.Equal(
            new[] { "epsilon", "epsilonSpent", "delta", "order", "units", "spent", "left" }.Select(f => published.GetProperty(f).GetDouble()),
            new[] { "cap", "epsilonSpent", "delta", "order", "units", "spent", "left" }.Select(f => budget.GetProperty(f).GetDouble()));
        Assert.Equal(published.GetProperty("entries").EnumerateArray().Select(e => e.GetProperty("units").GetInt64()), budget.GetProperty("points").EnumerateArray().Select(p => p.GetProperty("charge").GetInt64()));
        Assert.Equal(budget.GetProperty("epsilonSpent").GetDouble(), budget.GetProperty("points").EnumerateArray().Last().GetProperty("epsilon").GetDouble());
        Assert.Equal(demo.Transcript.Json.GetProperty("audit").GetProperty("entries").GetInt64(), json.GetProperty("entries").GetInt64());

        (int, int)[] training = [.. demo.Transcript.Json.GetProperty("rounds").EnumerateArray().Select(r => (r.GetProperty("participants").GetInt32(), r.GetProperty("dropped").GetInt32()))];
        JsonElement[] rounds = [.. json.GetProperty("rounds").EnumerateArray()];
        Assert.Equal(training, rounds.Where(r => r.GetProperty("kind").GetString() == "train" && r.GetProperty("state").GetString() == "closed").Select(r => (r.GetProperty("survivors").GetInt32(), r.GetProperty("dropped").GetInt32())));
        Assert.All(rounds, r => Assert.True(r.GetProperty("survivors").GetInt32() >= r.GetProperty("least").GetInt32() && r.GetProperty("least").GetInt32() >= 3));

        Dictionary<string, string[][]> tables = TablesOf(html);
        Assert.Equal(rounds.Select(r => string.Join(' ', Row(r, "round", "kind", "state", "cohort", "survivors", "least", "dropped", "lostLeaves"))), tables["rounds"].Select(r => string.Join(' ', r.Take(8))));
        Assert.Equal(
            budget.GetProperty("points").EnumerateArray().Select(p => p.GetProperty("epsilon").GetDouble()),
            tables["budget"].Where(r => r.Length == 4).Select(r => double.Parse(r[3], CultureInfo.InvariantCulture)));
        Assert.Equal(json.GetProperty("lineage").EnumerateArray().Select(m => m.GetProperty("model").GetString()), tables["lineage"].Select(r => r[2]));
    }

    /// <summary>"Verified" under a key that came with the files is not what a compliance officer reads into a green box.</summary>
    [Fact]
    public async Task A_key_that_nobody_pinned_is_a_caution_and_a_pinned_one_is_not()
    {
        (string unpinned, JsonElement unpinnedJson) = await ReportAsync(demo.Directory, 0);
        Assert.Contains("class=\"headline caution\">Verified: ", unpinned, StringComparison.Ordinal);
        Assert.Contains("Nobody but the maker of these files says whose log this is", unpinned, StringComparison.Ordinal);
        Assert.False(unpinnedJson.GetProperty("pinned").GetBoolean());
        (string pinned, JsonElement pinnedJson) = await ReportAsync(demo.Directory, 0, "--authority", Path.Combine(demo.Directory, "policy.json"));
        Assert.Contains("class=\"headline\">Verified: ", pinned, StringComparison.Ordinal);
        Assert.DoesNotContain("Nobody but the maker", pinned, StringComparison.Ordinal);
        Assert.True(pinnedJson.GetProperty("pinned").GetBoolean());
    }

    [Fact]
    public async Task The_file_begins_with_the_figures_that_are_looked_for_first_and_its_charts_name_their_bounds()
    {
        (string html, JsonElement json) = await ReportAsync(demo.Directory, 0);
        JsonElement[] rounds = [.. json.GetProperty("rounds").EnumerateArray()];
        Dictionary<string, string> summary = json.GetProperty("summary").EnumerateArray().ToDictionary(f => f.GetProperty("name").GetString()!, f => f.GetProperty("value").GetString()!, StringComparer.Ordinal);
        Assert.Equal("finished", summary["task"]);
        Assert.Equal($"{rounds.Length} closed, 0 aborted, 0 in progress", summary["rounds"]);
        int least = rounds[0].GetProperty("least").GetInt32();
        Assert.Equal($"5 to 5, where at least {least} are needed; 0 dropped out in all rounds together", summary["updates in a sum"]);
        Assert.Equal("none in the policy", summary["witnesses"]);
        JsonElement budget = json.GetProperty("budget");
        Assert.StartsWith(string.Create(CultureInfo.InvariantCulture, $"{budget.GetProperty("epsilonSpent").GetDouble():G6} of "), summary["epsilon spent"], StringComparison.Ordinal);
        Assert.All(summary.Values, value => Assert.Contains(WebUtility.HtmlEncode(value), html[..html.IndexOf("<section id=\"steps\">", StringComparison.Ordinal)], StringComparison.Ordinal));
        string[] bounds = [.. AssertWellFormed(html).Descendants("text").Where(t => t.Attribute("class")?.Value == "bound").Select(t => t.Value)];
        Assert.Equal([string.Create(CultureInfo.InvariantCulture, $"cap {budget.GetProperty("cap").GetDouble():G4}"), $"at least {least}"], bounds);
    }

    /// <summary>Every colour is a variable that the dark and the printed page set too.</summary>
    [Fact]
    public async Task The_file_can_be_read_in_the_dark_and_on_paper()
    {
        (string html, _) = await ReportAsync(demo.Directory, 0);
        string style = html[html.IndexOf("<style>", StringComparison.Ordinal)..html.IndexOf("</style>", StringComparison.Ordinal)];
        string[] palettes = [.. Regex.Matches(style, ":root \\{([^}]*)\\}").Select(m => m.Groups[1].Value)];
        Assert.Equal(3, palettes.Length);
        string[][] names = [.. palettes.Select(p => Regex.Matches(p, "--[a-z-]+").Select(m => m.Value).Order(StringComparer.Ordinal).ToArray())];
        Assert.Equal(names[0], names[1]);
        Assert.Equal(names[0], names[2]);
        Assert.Empty(Regex.Matches(style, "var\\((--[a-z-]+)\\)").Select(m => m.Groups[1].Value).Except(names[0], StringComparer.Ordinal));
        Assert.DoesNotMatch("#[0-9a-f]{3,6}", Regex.Replace(style, ":root \\{[^}]*\\}", ""));
    }

    /// <summary>Resumed as <c>audit verify</c> is, so that the report can say that history was always so.</summary>
    [Fact]
    public async Task A_report_holds_the_log_to_an_earlier_visit()
    {
        using TemporaryDirectory directory = new();
        Transcript first = await CommandLine.Cli.RunAsync("audit", "verify", demo.Directory, "--save", directory.File("visit"), "--json");
        Assert.True(first.ExitCode == 0, first.Output);
        (_, JsonElement continued) = await ReportAsync(demo.Directory, 0, "--since", directory.File("visit"));
        Assert.Equal("passed", continued.GetProperty("steps").EnumerateArray().Single(s => s.GetProperty("name").GetString() == "history").GetProperty("status").GetString());
        File.WriteAllText(directory.File("visit"), "another checkpoint");
        (string html, _) = await ReportAsync(demo.Directory, 3, "--since", directory.File("visit"));
        Assert.Contains("headline bad", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_privacy_statement_answers_the_fields_of_the_registries()
    {
        (_, JsonElement json) = await ReportAsync(demo.Directory, 0);
        string[] fields = [.. json.GetProperty("privacyStatement").EnumerateArray().Select(f => f.GetProperty("name").GetString()!)];
        Assert.Empty(new[] { "unit of privacy", "privacy definition", "neighbour relation", "sensitivity", "epsilon", "delta", "mechanism", "accounting", "composition horizon", "trust model", "post-processing", "input privacy", "access control", "data collection exposure", "side channels" }.Except(fields, StringComparer.Ordinal));
        Assert.Equal(0, json.GetProperty("approvals").GetArrayLength());
        Assert.Contains("None recorded", json.GetProperty("approvalNote").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, json.GetProperty("deviations").GetArrayLength());
    }

    [Fact]
    public async Task A_report_on_a_damaged_log_says_so_and_exits_with_3()
    {
        using TemporaryDirectory copy = demo.Copy();
        string bundle = Directory.GetFiles(copy.File("log/tile/entries"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        byte[] bytes = File.ReadAllBytes(bundle);
        bytes[^1] ^= 1;
        File.WriteAllBytes(bundle, bytes);
        (string html, JsonElement json) = await ReportAsync(copy.Path, 3);
        Assert.False(json.GetProperty("verified").GetBoolean());
        Assert.Contains("class=\"headline bad\">Not verified: log/tile/entries", html, StringComparison.Ordinal);
        Assert.Contains("verification failed", json.GetProperty("deviations").EnumerateArray().Last().GetProperty("what").GetString(), StringComparison.Ordinal);
    }

    /// <summary>A task's name comes from an operator, and an auditor opens the file in a browser.</summary>
    [Fact]
    public async Task A_hostile_task_name_is_text()
    {
        const string hostile = "<script>alert(1)</script><img src=x onerror=\"alert('2')\"> & </title>";
        using TemporaryDirectory copy = demo.Copy();
        Assert.True(LogEntry.TryDecode(SignedTree.EntriesIn(copy.Path)[0], out LogEntry? first));
        TaskEvent.TaskCreated created = (TaskEvent.TaskCreated)first!.Event;
        Assert.True(TaskParameters.TryDecode(File.ReadAllBytes(copy.File($"blobs/{created.ParametersDigest}")), out TaskParameters? parameters));
        byte[] renamed = (parameters! with { Name = hostile }).Encode();
        File.WriteAllBytes(copy.File($"blobs/{Digest.Of(renamed)}"), renamed);
        new SignedTree(first.TaskId, copy.Path).Write([new LogEntry(first.TaskId, created with { ParametersDigest = Digest.Of(renamed) }).Encode()]);
        File.Delete(copy.File("privacy.json"));
        File.Delete(copy.File("model.json"));

        (string html, JsonElement json) = await ReportAsync(copy.Path, 0);
        Assert.Equal(hostile, json.GetProperty("title").GetString());
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", html, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(3, Regex.Count(html, Regex.Escape(WebUtility.HtmlEncode(hostile))));
        AssertWellFormed(html);
    }

    [Fact]
    public void The_demos_own_report_is_of_the_same_make()
    {
        string html = File.ReadAllText(Path.Combine(demo.Directory, "report.html"));
        Assert.Equal(Sections, Regex.Matches(html, "<section id=\"([a-z]+)\">").Select(m => m.Groups[1].Value));
        Assert.Contains("Verified: ", html, StringComparison.Ordinal);
    }

    private static async Task<(string Html, JsonElement Json)> ReportAsync(string directory, int exitCode, params string[] options)
    {
        using TemporaryDirectory output = new();
        Transcript written = await CommandLine.Cli.RunAsync(["audit", "report", directory, "--out", output.File("report.html"), "--json", .. options]);
        Assert.True(written.ExitCode == exitCode, written.Output + written.Diagnostics);
        return (File.ReadAllText(output.File("report.html")), written.Json);
    }

    private static string[] Row(JsonElement round, params string[] fields) => [.. fields.Select(f => round.GetProperty(f).ToString())];

    /// <summary>The body is well-formed XML too, so that a stray bracket from the log would show.</summary>
    private static XElement AssertWellFormed(string html)
    {
        int start = html.IndexOf("<body>", StringComparison.Ordinal);
        int end = html.IndexOf("</body>", StringComparison.Ordinal) + "</body>".Length;
        return XElement.Parse(html[start..end]);
    }

    private static Dictionary<string, string[][]> TablesOf(string html) => AssertWellFormed(html).Descendants("section").ToDictionary(
        s => s.Attribute("id")!.Value,
        s => s.Descendants("tbody").Descendants("tr").Select(r => r.Elements("td").Select(c => c.Value).ToArray()).ToArray(),
        StringComparer.Ordinal);
}
