using System.Text.Json;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>securefed demo: server rules and schedules, what clients do about drift, skewed partitions, and training that runs away.</summary>
[Collection("demo runs")]
public class DemoTrainingTests
{
    private static readonly string[] Small = ["demo", "--json", "--scenario", "medical", "--rounds", "4"];

    [Theory]
    [InlineData("fedyogi", "none")]
    [InlineData("fedadagrad", "none")]
    [InlineData("fedadam", "none")]
    [InlineData("fedavgm", "none")]
    [InlineData("fedyogi", "record")]
    [InlineData("fedadagrad", "record")]
    [InlineData("fedyogi", "client")]
    public async Task Every_server_rule_trains(string optimizer, string privacy)
    {
        string[] epsilon = privacy is "none" ? [] : ["--epsilon", "50"];
        JsonElement json = await RunAsync([.. Small, "--optimizer", optimizer, "--privacy", privacy, .. epsilon]);
        double[] losses = LossesOf(json);
        Assert.Equal(4, losses.Length);
        Assert.True(privacy is "client" || losses[^1] < losses[0], string.Join(' ', losses));
        Assert.All(json.GetProperty("rounds").EnumerateArray(), r => Assert.Equal(JsonValueKind.Null, r.GetProperty("drift").ValueKind));
    }

    [Fact]
    public async Task Schedules_change_what_the_server_does_and_the_log_still_replays()
    {
        double[] constant = LossesOf(await RunAsync([.. Small, "--privacy", "none"]));
        foreach (string schedule in (string[])["cosine", "inverse-sqrt", "step"])
        {
            using TemporaryDirectory directory = new();
            double[] losses = LossesOf(await RunAsync([.. Small, "--privacy", "none", "--server-schedule", schedule, "--server-warm-up", "1", "--out", directory.File("demo")]));
            Assert.True(losses[0] > constant[0], "The first round of a warm-up goes half as far.");
            Assert.NotEqual(constant[^1], losses[^1]);
            Assert.Equal(0, (await Cli.RunAsync("audit", "verify", directory.File("demo"), "--json")).ExitCode);
        }
    }

    /// <summary>The sums are compared with the clients' integers by the demo itself, also where clients drop out.</summary>
    [Fact]
    public async Task Proximal_accumulated_steps_and_measured_drift_go_with_dropouts()
    {
        JsonElement json = await RunAsync(
            "demo", "--json", "--scenario", "manufacturing", "--clients", "20", "--rounds", "3", "--dropout", "0.1", "--privacy", "none",
            "--proximal", "0.1", "--batch-size", "64", "--local-epochs", "3", "--accumulate", "4", "--measure-drift", "--dirichlet", "0.3");
        JsonElement[] rounds = [.. json.GetProperty("rounds").EnumerateArray()];
        Assert.True(rounds.Sum(r => r.GetProperty("dropped").GetInt32()) > 0);
        Assert.All(rounds, r =>
        {
            JsonElement drift = r.GetProperty("drift");
            Assert.True(drift.GetProperty("dispersion").GetDouble() > 0 && drift.GetProperty("squaredMeanNorm").GetDouble() > 0);
            Assert.Equal(0, drift.GetProperty("deviation").GetDouble());
        });
    }

    [Theory]
    [InlineData("masking")]
    [InlineData("encryption")]
    public async Task Corrected_clients_come_together_where_uncorrected_ones_stay_apart(string protection)
    {
        string[] skewed = ["demo", "--json", "--scenario", "finance", "--clients", "6", "--rounds", "5", "--dirichlet", "0.1", "--local-epochs", "10", "--privacy", "none", "--measure-drift", "--protection", protection];
        using TemporaryDirectory directory = new();
        JsonElement corrected = await RunAsync([.. skewed, "--correct-drift", "--evaluate-every", "2", "--out", directory.File("demo")]);
        JsonElement plain = await RunAsync(skewed);
        Assert.True(LossesOf(corrected)[^1] < LossesOf(plain)[^1]);
        Assert.True(DispersionOf(corrected) < DispersionOf(plain) / 4, $"{DispersionOf(corrected)}, {DispersionOf(plain)}");
        Assert.Equal(0, (await Cli.RunAsync("audit", "verify", directory.File("demo"), "--json")).ExitCode); // Recomputes each model with the gradient behind it.
        JsonElement report = (await Cli.RunAsync("audit", "report", directory.File("demo"), "--out", directory.File("report.html"), "--json")).Json; // Recomputes drift and loss too.
        Assert.Equal(
            corrected.GetProperty("rounds").EnumerateArray().Select(r => r.GetProperty("drift").GetProperty("dispersion").GetDouble()),
            report.GetProperty("drift").EnumerateArray().Select(d => d.GetProperty("dispersion").GetDouble()));
        JsonElement[] evaluations = [.. report.GetProperty("evaluations").EnumerateArray()];
        Assert.True(evaluations.Length >= 2 && evaluations[^1].GetProperty("loss").GetDouble() < evaluations[0].GetProperty("loss").GetDouble());

        static double DispersionOf(JsonElement json) => json.GetProperty("rounds").EnumerateArray().Last().GetProperty("drift").GetProperty("dispersion").GetDouble();
    }

    [Fact]
    public async Task At_client_level_gradient_and_square_are_noised_like_the_rest()
    {
        JsonElement json = await RunAsync([.. Small, "--privacy", "client", "--epsilon", "8", "--correct-drift", "--measure-drift", "--proximal", "0.1"]); // Which checks the noise of every coordinate.
        JsonElement privacy = json.GetProperty("privacy");
        Assert.InRange(privacy.GetProperty("epsilon").GetDouble(), 7, 8);
        Assert.Equal(4, privacy.GetProperty("releases").EnumerateArray().Single().GetProperty("count").GetInt32());
        Assert.All(json.GetProperty("rounds").EnumerateArray(), r => Assert.True(r.GetProperty("drift").GetProperty("deviation").GetDouble() > 0));
    }

    [Theory]
    [InlineData("no-local-steps", "--proximal", "1")]
    [InlineData("no-local-steps", "--correct-drift")]
    [InlineData("no-local-steps", "--accumulate", "2")]
    [InlineData("no-local-steps", "--measure-drift")]
    [InlineData("no-local-steps", "--proximal", "1", "--privacy", "none", "--optimizer", "fedsgd")]
    [InlineData("no-local-steps", "--correct-drift", "--privacy", "client", "--optimizer", "fedsgd")]
    [InlineData("constant-rate-needed", "--mechanism", "tree", "--server-schedule", "cosine")]
    [InlineData("constant-rate-needed", "--mechanism", "tree", "--server-warm-up", "1")]
    [InlineData("too-few-values", "--partition-by", "has_mortgage")]
    [InlineData("unknown-column", "--partition-by", "EDUCATION")]
    [InlineData("invalid-task", "--proximal", "4", "--privacy", "none")]
    public async Task Combinations_that_make_no_sense_are_refused(string code, params string[] options)
    {
        Transcript transcript = await Cli.RunAsync(["demo", "--json", .. options]);
        Assert.True(transcript.AssertFailure(1, code).Length > 20);
    }

    [Fact]
    public async Task Rows_are_dealt_by_a_column_of_the_file()
    {
        using TemporaryDirectory directory = new();
        string rows = string.Join('\n', Enumerable.Range(0, 200).Select(i => FormattableString.Invariant($"{(i * 37) % 101},branch {i % 6},{(i * 37) % 101 / 50}")));
        await File.WriteAllTextAsync(directory.File("rows.csv"), $"x,branch,y\n{rows}\n");
        string[] dealt = ["demo", "--json", "--privacy", "none", "--rounds", "2", "--data", directory.File("rows.csv"), "--label", "y", "--drop", "branch", "--partition-by", "branch", "--clients"];
        Assert.Equal(6, (await RunAsync([.. dealt, "6"])).GetProperty("clients").GetInt32());
        string words = (await Cli.RunAsync([.. dealt, "7"])).AssertFailure(1, "too-few-values");
        Assert.Contains("at most 6 clients", words, StringComparison.Ordinal);
    }

    /// <summary>A client that diverges, a model that has, a step to infinity, and a client whose failure noise would hide.</summary>
    [Theory]
    [InlineData("in round 1", "learning rate", "--privacy", "none", "--model", "linear", "--optimizer", "fedavg", "--learning-rate", "1e12")]
    [InlineData("The global model has diverged by round", "server's learning rate", "--privacy", "none", "--server-rate", "1e9")]
    [InlineData("The first step would have made the model infinite", "--server-rate", "--privacy", "none", "--server-rate", "1.7e308")]
    [InlineData("in round 1", "learning rate", "--privacy", "client", "--model", "linear", "--learning-rate", "1e12")]
    public async Task Training_that_runs_away_ends_with_the_round_the_loss_and_advice(string where, string advice, params string[] options)
    {
        Transcript transcript = await Cli.RunAsync(["demo", "--json", "--scenario", "medical", .. options]);
        string words = transcript.AssertFailure(1, "training-diverged");
        Assert.Contains(where, words, StringComparison.Ordinal);
        Assert.Contains(advice, words, StringComparison.Ordinal);
        Assert.True(words.Contains("loss reached", StringComparison.Ordinal) || words.Contains("infinite", StringComparison.Ordinal), words);
    }

    private static async Task<JsonElement> RunAsync(params string[] args)
    {
        Transcript transcript = await Cli.RunAsync(args);
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        Assert.True(transcript.Json.GetProperty("audit").GetProperty("verified").GetBoolean());
        return transcript.Json;
    }

    private static double[] LossesOf(JsonElement json) => [.. json.GetProperty("rounds").EnumerateArray().Select(r => r.GetProperty("loss").GetDouble())];
}
