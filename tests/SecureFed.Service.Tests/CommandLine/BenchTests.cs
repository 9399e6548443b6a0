using System.Globalization;
using System.Text.Json;
using SecureFed.Service.Tests.Consortium;

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
    public async Task A_simulated_encrypted_round_gives_the_exact_sum_and_costs_a_holder_the_same_whatever_the_dimension()
    {
        JsonElement[] rounds = [.. await Task.WhenAll(EncryptedRoundAsync(100), EncryptedRoundAsync(20_000))];
        foreach (JsonElement round in rounds)
        {
            Assert.True(round.GetProperty("exact").GetBoolean());
            Assert.Equal([12, 11, 5, 4, 2], new[] { "clients", "survivors", "keyHolders", "holderThreshold", "corruptHolders" }.Select(name => round.GetProperty(name).GetInt32()));
            foreach ((string party, string[] steps) in ((string, string[])[])
                [("client", ["examineSeconds", "encryptSeconds"]), ("server", ["acceptSeconds", "checkSeconds", "selectSeconds", "releaseSeconds"]), ("holder", ["examineSeconds", "checkSeconds", "listSeconds", "sumSeconds"])])
            {
                Assert.All(steps, step => Assert.True(round.GetProperty(party).GetProperty(step).GetDouble() > 0, step));
            }
        }

        // To the byte: a coefficient takes 42 bits, and a holder is sent none.
        Assert.Single(rounds.Select(r => Holder(r, "bytesUp")).Distinct());
        Assert.Single(rounds.Select(r => Holder(r, "bytesDown")).Distinct());
        Assert.Equal((20_000 - 100) * 42 / 8, rounds[1].GetProperty("client").GetProperty("bytesUp").GetInt64() - rounds[0].GetProperty("client").GetProperty("bytesUp").GetInt64());
        Assert.Equal(8 * 20_000, rounds[1].GetProperty("server").GetProperty("sumBytes").GetInt64());

        static long Holder(JsonElement round, string name) => round.GetProperty("holder").GetProperty(name).GetInt64();

        static async Task<JsonElement> EncryptedRoundAsync(int dimension)
        {
            Transcript transcript = await Cli.RunAsync("bench", "round", "--json", "--protection", "encryption", "--clients", "12", "--dropped", "1", "--dimension", dimension.ToString(CultureInfo.InvariantCulture));
            Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
            return transcript.Json;
        }
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
    public async Task A_small_log_comes_back_whole_and_every_flipped_bit_is_noticed()
    {
        using TemporaryDirectory directory = new();
        Transcript transcript = await Cli.RunAsync("bench", "log", "--json", "--entries", "120", "--verified", "300", "--flips", "40", "--directory", directory.Path);
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        Assert.Equal(["schemaVersion", "stores", "verification", "right"], transcript.Json.EnumerateObject().Select(p => p.Name));
        Assert.True(transcript.Json.GetProperty("right").GetBoolean());

        JsonElement[] stores = [.. transcript.Json.GetProperty("stores").EnumerateArray()];
        Assert.Equal(["message", "message with a vector of 4 KiB"], stores.Select(s => s.GetProperty("kind").GetString()));
        foreach (JsonElement store in stores)
        {
            Assert.Equal(["kind", "entries", "writers", "seconds", "checkpointSeconds", "reopenSeconds", "isRight", "entriesPerSecond"], store.EnumerateObject().Select(p => p.Name));
            Assert.Equal((100, 64, true), (store.GetProperty("entries").GetInt32(), store.GetProperty("writers").GetInt32(), store.GetProperty("isRight").GetBoolean())); // 20 are for the checkpoints.
            Assert.All(["seconds", "checkpointSeconds", "reopenSeconds"], name => Assert.True(store.GetProperty(name).GetDouble() > 0));
            Assert.Equal(100 / store.GetProperty("seconds").GetDouble(), store.GetProperty("entriesPerSecond").GetDouble(), 1e-6);
        }

        JsonElement verification = transcript.Json.GetProperty("verification");
        Assert.Equal(["entries", "seconds", "flips", "detected", "isRight"], verification.EnumerateObject().Select(p => p.Name));
        Assert.Equal([300, 40, 40], new[] { "entries", "flips", "detected" }.Select(name => verification.GetProperty(name).GetInt32()));
        Assert.True(verification.GetProperty("isRight").GetBoolean());
        Assert.Empty(Directory.GetFileSystemEntries(directory.Path));
    }

    [Fact]
    public async Task Encrypted_sums_of_small_size_are_exact_and_their_noise_and_size_those_of_theory()
    {
        Transcript transcript = await Cli.RunAsync("bench", "he", "--json", "--dimension", "5000", "--clients", "3", "--fold", "40");
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        Assert.Equal(["schemaVersion", "set", "costs", "folds", "right"], transcript.Json.EnumerateObject().Select(p => p.Name));
        Assert.Equal("A1", transcript.Json.GetProperty("set").GetString());
        Assert.True(transcript.Json.GetProperty("right").GetBoolean());

        JsonElement[] costs = [.. transcript.Json.GetProperty("costs").EnumerateArray()];
        // q has 50 bits, of which b + 10 are sent.
        Assert.Equal([5.25, 4.25], costs.Select(c => c.GetProperty("bytesPerCoefficient").GetDouble()));
        Assert.Equal([42 / 32.0, 34 / 24.0], costs.Select(c => c.GetProperty("expansion").GetDouble()));
        foreach (JsonElement cost in costs)
        {
            Assert.Equal((5000, 3, true, true), (cost.GetProperty("dimension").GetInt32(), cost.GetProperty("clients").GetInt32(), cost.GetProperty("isExact").GetBoolean(), cost.GetProperty("isRight").GetBoolean()));
            Assert.All(["transformSeconds", "encryptSeconds", "addSeconds", "decryptSeconds"], name => Assert.True(cost.GetProperty(name).GetDouble() > 0));
            // 5,000 coefficients are three polynomials.
            Assert.Equal(cost.GetProperty("encryptSeconds").GetDouble(), 3 * cost.GetProperty("encryptTransforms").GetDouble() * cost.GetProperty("transformSeconds").GetDouble(), 1e-9);
        }

        JsonElement[] folds = [.. transcript.Json.GetProperty("folds").EnumerateArray()];
        Assert.Equal([32, 24], folds.Select(f => f.GetProperty("plainBits").GetInt32()));
        Assert.All(folds, f => Assert.Equal((40, true), (f.GetProperty("clients").GetInt32(), f.GetProperty("isExact").GetBoolean())));
        // The deviation of 8,192 samples is off by 0.8 %: 5 % is six of that.
        Assert.All(folds, f => Assert.Equal(1, f.GetProperty("noiseRatio").GetDouble(), 0.05));
    }

    [Fact]
    public async Task What_cannot_be_measured_is_refused_and_says_what_can()
    {
        (await Cli.RunAsync("bench", "round", "--json", "--clients", "60", "--leaves", "2", "--dropped", "20", "--delta-drop", "0.2")).AssertFailure(1, "dropout-too-high");
        (await Cli.RunAsync("bench", "round", "--json", "--clients", "10", "--leaves", "5")).AssertFailure(1, "infeasible");
        (await Cli.RunAsync("bench", "round", "--json", "--protection", "encryption", "--clients", "2")).AssertFailure(1, "infeasible");
        (await Cli.RunAsync("bench", "round", "--json", "--protection", "encryption", "--clients", "12", "--dropped", "4", "--delta-drop", "0.2")).AssertFailure(1, "dropout-too-high");
        (await Cli.RunAsync("bench", "round", "--json", "--protection", "encryption", "--leaves", "2")).AssertFailure(2, "bad-usage");
        (await Cli.RunAsync("bench", "client", "--json", "--sizes", "20,many")).AssertFailure(2, "bad-usage");
        (await Cli.RunAsync("bench", "round", "--json", "--dimension", "0")).AssertFailure(2, "bad-usage");
        (await Cli.RunAsync("bench", "he", "--json", "--bits", "32,33")).AssertFailure(2, "bad-usage");
        (await Cli.RunAsync("bench", "he", "--json", "--fold", "10001")).AssertFailure(2, "bad-usage");
        (await Cli.RunAsync("bench", "he", "--json", "--dimension", "999")).AssertFailure(2, "bad-usage");
        (await Cli.RunAsync("bench", "log", "--json", "--entries", "99")).AssertFailure(2, "bad-usage");
        (await Cli.RunAsync("bench", "log", "--json", "--flips", "0")).AssertFailure(2, "bad-usage");
        (await Cli.RunAsync("bench", "log", "--json", "--verified", "0")).AssertFailure(2, "bad-usage");
    }
}
