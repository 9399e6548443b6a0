using System.Text.Json;
using SecureFed.Cli.Attack;
using SecureFed.Service.Tests.CommandLine;

namespace SecureFed.Service.Tests.Attacks;

public sealed class AttackCommandTests
{
    [Fact]
    public async Task List_shows_every_deviation_and_tries_none()
    {
        Transcript listed = await CommandLine.Cli.RunAsync("attack", "--list", "--json");
        Assert.Equal(0, listed.ExitCode);
        Assert.Equal(1, listed.Json.GetProperty("schemaVersion").GetInt32());
        Assert.Equal(DeviationCatalogue.All.Select(d => d.Name), listed.Json.GetProperty("deviations").EnumerateArray().Select(d => d.GetProperty("name").GetString()));
        Transcript table = await CommandLine.Cli.RunAsync("attack", "--list");
        Assert.All(DeviationCatalogue.All, d => Assert.Contains(d.Name, table.Output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Only_tries_the_named_deviations()
    {
        Transcript tried = await CommandLine.Cli.RunAsync("attack", "--only", "tiny-cohort, double-list", "--json");
        Assert.True(tried.ExitCode == 0, tried.Output + tried.Diagnostics);
        JsonElement[] deviations = [.. tried.Json.GetProperty("deviations").EnumerateArray()];
        Assert.Equal(["tiny-cohort", "double-list"], deviations.Select(d => d.GetProperty("name").GetString()));
        Assert.Equal(["invalid-parameters", "invalid-cohort"], deviations.Select(d => d.GetProperty("observed").GetString()));
        Assert.All(deviations, d => Assert.True(d.GetProperty("refused").GetBoolean()));
        Assert.Equal(["schemaVersion", "deviations", "refused", "failed", "seconds"], tried.Json.EnumerateObject().Select(p => p.Name));
        Assert.Equal((2, 0), (tried.Json.GetProperty("refused").GetInt32(), tried.Json.GetProperty("failed").GetInt32()));

        Transcript table = await CommandLine.Cli.RunAsync("attack", "--only", "tiny-cohort");
        Assert.Contains("1 of 1 deviations refused or harmless", table.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_name_is_bad_usage()
    {
        (await CommandLine.Cli.RunAsync("attack", "--only", "tiny-cohort,no-such-lie", "--json")).AssertFailure(2, "bad-usage");
        (await CommandLine.Cli.RunAsync("attack", "--only", ",", "--json")).AssertFailure(2, "bad-usage");
    }
}
