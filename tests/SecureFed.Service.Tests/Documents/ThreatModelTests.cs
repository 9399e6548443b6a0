using System.Text.RegularExpressions;

namespace SecureFed.Service.Tests.Documents;

public sealed partial class ThreatModelTests
{
    [Fact]
    public void Every_test_that_the_threat_model_names_exists()
    {
        string[] sources = [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("\\obj\\", StringComparison.Ordinal))
            .Select(File.ReadAllText)];
        (string Class, string Test)[] named = [.. NamedTest().Matches(Repository.Read("threat-model.md")).Select(m => (m.Groups["class"].Value, m.Groups["test"].Value))];
        Assert.True(named.Length >= 25, "The threat model names too few tests; has its format changed?");
        string[] missing = [.. named
            .Where(n => !sources.Any(s => Regex.IsMatch(s, $@"class {n.Class}\b") && Regex.IsMatch(s, $@"\b{n.Test}\(")))
            .Select(n => $"{n.Class}.{n.Test}")];
        Assert.Empty(missing);
    }

    [Fact]
    public void Every_claim_that_holds_has_a_section_with_its_tests()
    {
        string text = Repository.Read("threat-model.md");
        foreach (Match claim in ClaimThatHolds().Matches(text))
            Assert.Contains($"**{claim.Groups["claim"].Value}.", text, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"`(?<class>[A-Z]\w+Tests)\.(?<test>[A-Z]\w+)`")]
    private static partial Regex NamedTest();

    [GeneratedRegex(@"^\| (?<claim>C\d+) \|.*\| yes", RegexOptions.Multiline)]
    private static partial Regex ClaimThatHolds();
}
