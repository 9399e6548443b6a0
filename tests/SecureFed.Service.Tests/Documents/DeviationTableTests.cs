using System.Text.RegularExpressions;
using SecureFed.Cli.Attack;

namespace SecureFed.Service.Tests.Documents;

public sealed partial class DeviationTableTests
{
    [Fact]
    public void The_table_of_the_threat_model_is_the_catalogue()
    {
        string text = Repository.Read("threat-model.md");
        string section = text[text.IndexOf("\n## 16.", StringComparison.Ordinal)..];
        string[] rows = [.. Row().Matches(section).Select(m => $"{m.Groups["name"].Value} {m.Groups["claim"].Value} {m.Groups["source"].Value} {m.Groups["answer"].Value}")];
        Assert.Equal(DeviationCatalogue.All.Select(d => $"{d.Name} {d.Claim} {d.Source} {d.Expected}"), rows);
    }

    [GeneratedRegex(@"^\| `(?<name>[a-z-]+)` \| (?<claim>C\d+) \| (?<source>[^|]+) \| `(?<answer>[a-z-]+)` \|\r?$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
