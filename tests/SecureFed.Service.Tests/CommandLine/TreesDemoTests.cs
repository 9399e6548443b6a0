using System.Text.Json;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>securefed demo --model trees.</summary>
[Collection("demo runs")]
public class TreesDemoTests
{
    [Fact]
    public async Task Trees_are_those_of_the_central_baseline_and_an_audit_computes_them_again()
    {
        using TemporaryDirectory directory = new();
        string place = directory.File("demo");
        Transcript demo = await Cli.RunAsync("demo", "--json", "--privacy", "none", "--scenario", "manufacturing", "--model", "trees", "--trees", "2", "--depth", "2", "--bins", "16", "--out", place);
        Assert.True(demo.ExitCode == 0, demo.Output + demo.Diagnostics);
        Assert.Equal(4, demo.Json.GetProperty("rounds").GetArrayLength());
        Assert.Equal(demo.Json.GetProperty("baseline").GetProperty("auc").GetDouble(), demo.Json.GetProperty("metrics").GetProperty("auc").GetDouble(), 0.001);
        JsonElement model = demo.Json.GetProperty("model");
        Assert.Equal(("trees", 2, 2 + (2 * 10)), (model.GetProperty("kind").GetString(), model.GetProperty("treeDepth").GetInt32(), model.GetProperty("parameters").GetArrayLength()));
        double[] parts = [.. model.GetProperty("features").EnumerateArray().Select(f => f.GetProperty("coefficient").GetDouble())];
        Assert.Equal(1, parts.Sum(), 1e-9);
        Assert.Equal(parts.OrderDescending(), parts);

        Transcript audit = await Cli.RunAsync("audit", "verify", place);
        Assert.True(audit.ExitCode == 0, audit.Output + audit.Diagnostics);
    }

    [Fact]
    public async Task With_noise_trees_take_a_round_for_many()
    {
        Transcript demo = await Cli.RunAsync("demo", "--json", "--scenario", "finance", "--model", "trees", "--trees", "40", "--depth", "3", "--rounds", "2");
        Assert.True(demo.ExitCode == 0, demo.Output + demo.Diagnostics);
        Assert.Equal(2, demo.Json.GetProperty("rounds").GetArrayLength());
        Assert.InRange(demo.Json.GetProperty("privacy").GetProperty("epsilon").GetDouble(), 3.9, 4);
        Assert.InRange(demo.Json.GetProperty("metrics").GetProperty("auc").GetDouble(), 0.6, 1);
    }

    [Theory]
    [InlineData("--trees, --depth", "--trees", "3")]
    [InlineData("--mechanism tree", "--model", "trees", "--mechanism", "tree")]
    [InlineData("--adaptive-clip", "--model", "trees", "--adaptive-clip", "0.5")]
    [InlineData("--optimizer", "--model", "trees", "--optimizer", "fedavg")]
    [InlineData("--server-rate", "--model", "trees", "--privacy", "none", "--server-rate", "0.1")]
    [InlineData("--proximal", "--model", "trees", "--privacy", "none", "--proximal", "0.1")]
    [InlineData("deep", "--model", "trees", "--depth", "7")]
    [InlineData("bins", "--model", "trees", "--bins", "1")]
    [InlineData("--network-output", "--model", "trees", "--network-output", "linear")]
    [InlineData("training rounds", "--model", "trees", "--rounds", "7", "--privacy", "none")]
    public async Task Options_that_do_not_go_together_are_refused(string named, params string[] options)
    {
        Transcript demo = await Cli.RunAsync(["demo", "--json", .. options]);
        Assert.NotEqual(0, demo.ExitCode);
        Assert.Contains(named, demo.Output + demo.Diagnostics, StringComparison.Ordinal);
    }
}
