using System.Text.Json;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>The measurements in small: every one checks its sum, and bad usage says what is allowed.</summary>
public class BenchTests
{
    [Fact]
    public async Task A_simulated_round_of_two_leaves_gives_the_exact_sum()
    {
        Transcript transcript = await Cli.RunAsync(
            "bench", "round", "--json", "--clients", "60", "--leaves", "2", "--dropped", "3", "--dimension", "40", "--delta-drop", "0.2");
        Assert.Equal(0, transcript.ExitCode);
        Assert.True(transcript.Json.GetProperty("exact").GetBoolean());
        Assert.Equal(54, transcript.Json.GetProperty("survivors").GetInt32());
        Assert.Equal(30, transcript.Json.GetProperty("thresholds").GetProperty("clients").GetInt32());
    }

    [Fact]
    public async Task The_cost_of_a_client_grows_with_its_neighbours_and_the_signatures_it_checks()
    {
        Transcript transcript = await Cli.RunAsync("bench", "client", "--json", "--sizes", "20,101", "--dimension", "20");
        Assert.Equal(0, transcript.ExitCode);
        JsonElement[] costs = [.. transcript.Json.GetProperty("clients").EnumerateArray()];
        Assert.All(costs, c => Assert.True(c.GetProperty("exact").GetBoolean()));

        // Exact numbers of bytes and checks, no times: a bundle, an answer and the lists have a fixed size per neighbour and per member.
        int[] neighbours = [.. costs.Select(c => c.GetProperty("thresholds").GetProperty("neighbours").GetInt32())];
        Assert.Equal(19, neighbours[0]);
        Assert.InRange(neighbours[1], 20, 98);
        Assert.Equal([20 + 18 + 11, 101 + 91 + 54], costs.Select(c => c.GetProperty("signatureChecks").GetInt32()));
        long[] up = [.. costs.Select(c => c.GetProperty("bytesUp").GetInt64())];
        Assert.Equal((neighbours[1] - neighbours[0]) * (4 + 82 + 4 + 1 + 33), up[1] - up[0]);
    }

    [Fact]
    public async Task A_round_over_https_gives_the_exact_sum_of_those_who_stayed()
    {
        Transcript transcript = await Cli.RunAsync(
            "bench", "service", "--json", "--clients", "12", "--dropped", "1", "--server", "malicious", "--delta-drop", "0.2", "--dimension", "30");
        Assert.Equal(0, transcript.ExitCode);
        Assert.True(transcript.Json.GetProperty("exact").GetBoolean());
        Assert.Equal(11, transcript.Json.GetProperty("survivors").GetInt32());
    }

    [Fact]
    public async Task What_cannot_be_measured_is_refused_and_says_what_can()
    {
        (await Cli.RunAsync("bench", "round", "--json", "--clients", "60", "--leaves", "2", "--dropped", "20", "--delta-drop", "0.2")).AssertFailure(1, "dropout-too-high");
        (await Cli.RunAsync("bench", "round", "--json", "--clients", "10", "--leaves", "5")).AssertFailure(1, "infeasible");
        (await Cli.RunAsync("bench", "client", "--json", "--sizes", "20,many")).AssertFailure(2, "bad-usage");
        (await Cli.RunAsync("bench", "round", "--json", "--dimension", "0")).AssertFailure(2, "bad-usage");
    }
}
