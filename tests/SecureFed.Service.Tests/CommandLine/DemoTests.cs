using System.Globalization;
using System.Text.Json;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>securefed demo: what it prints and what it refuses.</summary>
[Collection("demo runs")]
public class DemoTests
{
    private static readonly string[] Shape =
    [
        "$: schemaVersion scenario protection clients seconds testRows rounds metrics baseline privacy audit communication model explanation",
        "$.audit: entries verified",
        "$.baseline: auc accuracy loss rmse r2",
        "$.communication: bytesUpPerClientPerRound bytesDownPerClientPerRound",
        "$.metrics: auc accuracy loss rmse r2",
        "$.model: kind parameters features",
        "$.model.features[]: name coefficient",
        "$.privacy: unit mechanism treeLeaves adaptiveClipNorm epsilon delta accountant order budget views releases",
        "$.privacy.views: server modelReaders",
        "$.rounds[]: round participants dropped loss drift",
    ];

    [Theory]
    [InlineData("finance", 8, "--rounds", "2")]
    [InlineData("medical", 5)]
    [InlineData("manufacturing", 6, "--rounds", "2")]
    [InlineData("smart-home", 40, "--clients", "40", "--rounds", "1")]
    public async Task Json_holds_exactly_the_agreed_fields(string scenario, int clients, params string[] options)
    {
        Transcript transcript = await Cli.RunAsync(["demo", "--json", "--privacy", "none", "--scenario", scenario, .. options]);
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        JsonElement json = transcript.Json;
        Assert.Equal(Shape.Order(StringComparer.Ordinal), ShapeOf("$", json).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        Assert.Equal((1, scenario, "masking", clients), (json.GetProperty("schemaVersion").GetInt32(), json.GetProperty("scenario").GetString(), json.GetProperty("protection").GetString(), json.GetProperty("clients").GetInt32()));
        Assert.True(json.GetProperty("seconds").GetDouble() > 0 && json.GetProperty("testRows").GetInt32() > 100);
        JsonElement[] rounds = [.. json.GetProperty("rounds").EnumerateArray()];
        Assert.Equal(Enumerable.Range(1, rounds.Length), rounds.Select(r => r.GetProperty("round").GetInt32()));
        Assert.All(rounds, r => Assert.True(r.GetProperty("participants").GetInt32() + r.GetProperty("dropped").GetInt32() <= clients && r.GetProperty("loss").GetDouble() > 0));
        foreach (JsonElement metrics in new[] { json.GetProperty("metrics"), json.GetProperty("baseline") })
        {
            Assert.InRange(metrics.GetProperty("auc").GetDouble(), 0.6, 1);
            Assert.InRange(metrics.GetProperty("accuracy").GetDouble(), 0.5, 1);
            Assert.True(metrics.GetProperty("loss").GetDouble() > 0);
            Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (metrics.GetProperty("rmse").ValueKind, metrics.GetProperty("r2").ValueKind));
        }

        Assert.Equal("none", json.GetProperty("privacy").GetProperty("unit").GetString());
        foreach (string absent in new[] { "epsilon", "delta", "accountant", "order", "budget" })
            Assert.Equal(JsonValueKind.Null, json.GetProperty("privacy").GetProperty(absent).ValueKind);
        Assert.All(json.GetProperty("privacy").GetProperty("views").EnumerateObject(), v => Assert.Equal(JsonValueKind.Null, v.Value.ValueKind));
        Assert.Equal(0, json.GetProperty("privacy").GetProperty("releases").GetArrayLength());
        Assert.True(json.GetProperty("audit").GetProperty("entries").GetInt64() > 5 * clients);
        Assert.True(json.GetProperty("audit").GetProperty("verified").GetBoolean());
        Assert.All(json.GetProperty("communication").EnumerateObject(), b => Assert.True(b.Value.GetDouble() > 500));
        JsonElement[] features = [.. json.GetProperty("model").GetProperty("features").EnumerateArray()];
        Assert.Equal("logistic", json.GetProperty("model").GetProperty("kind").GetString());
        Assert.Equal(features.Length + 1, json.GetProperty("model").GetProperty("parameters").GetArrayLength());
        double[] sizes = [.. features.Select(f => Math.Abs(f.GetProperty("coefficient").GetDouble()))];
        Assert.Equal(sizes.OrderDescending(), sizes);
        Assert.Contains("Warning: --privacy none", transcript.Diagnostics, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none", "finance", "--rounds", "2", "--clients", "6")]
    [InlineData("none", "manufacturing", "--rounds", "3", "--clients", "20", "--dropout", "0.1")]
    [InlineData("record", "finance", "--rounds", "2", "--clients", "6", "--epsilon", "2")]
    public async Task Encrypted_rounds_with_five_key_holders_give_what_masked_ones_give(string privacy, string scenario, params string[] options)
    {
        Transcript transcript = await Cli.RunAsync(["demo", "--json", "--protection", "encryption", "--privacy", privacy, "--scenario", scenario, .. options]);
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics); // Which compares every sum with the clients' integers.
        JsonElement json = transcript.Json;
        Assert.Equal(Shape.Order(StringComparer.Ordinal), ShapeOf("$", json).Distinct(StringComparer.Ordinal).Where(line => !line.StartsWith("$.privacy.releases", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal("encryption", json.GetProperty("protection").GetString());
        Assert.True(json.GetProperty("audit").GetProperty("verified").GetBoolean());
        Assert.All(json.GetProperty("rounds").EnumerateArray(), r => Assert.InRange(r.GetProperty("participants").GetInt32(), 5, 20));
        Assert.True(json.GetProperty("communication").GetProperty("bytesUpPerClientPerRound").GetDouble() > 50_000); // Five shares of the one-time key, but for who dropped out.
        if (privacy == "record")
            Assert.InRange(json.GetProperty("privacy").GetProperty("epsilon").GetDouble(), 0.1, 2);
    }

    [Theory]
    [InlineData("record", 1e-5, "--epsilon", "2")]
    [InlineData("record", 1e-6, "--delta", "1e-6", "--privacy", "record", "--epsilon", "2")]
    [InlineData("record", 1e-5, "--optimizer", "fedadam", "--epsilon", "2")]
    [InlineData("client", 1e-5, "--privacy", "client", "--epsilon", "2")]
    [InlineData("client", 1e-5, "--privacy", "client", "--epsilon", "2", "--optimizer", "fedsgd")]
    public async Task Json_says_what_a_noisy_run_has_spent_and_on_what(string unit, double delta, params string[] options)
    {
        Transcript transcript = await Cli.RunAsync(["demo", "--json", "--scenario", "medical", "--rounds", "3", .. options]);
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        JsonElement privacy = transcript.Json.GetProperty("privacy");
        Assert.Equal(
            Shape.Append("$.privacy.releases[]: kind count noiseMultiplier samplingRate").Order(StringComparer.Ordinal),
            ShapeOf("$", transcript.Json).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        Assert.Equal((unit, "rdp", 2, delta), (privacy.GetProperty("unit").GetString(), privacy.GetProperty("accountant").GetString(), privacy.GetProperty("budget").GetDouble(), privacy.GetProperty("delta").GetDouble()));
        double epsilon = privacy.GetProperty("epsilon").GetDouble();
        Assert.InRange(epsilon, 1.9, 2);
        Assert.InRange(privacy.GetProperty("order").GetInt32(), 2, 256);
        Assert.Equal(epsilon, privacy.GetProperty("views").GetProperty("server").GetDouble());
        Assert.InRange(privacy.GetProperty("views").GetProperty("modelReaders").GetDouble(), 0.1, epsilon);
        JsonElement train = Assert.Single(privacy.GetProperty("releases").EnumerateArray(), r => r.GetProperty("kind").GetString() == "train");
        Assert.Equal(3, train.GetProperty("count").GetInt32());
        Assert.True(train.GetProperty("noiseMultiplier").GetDouble() > 0.3);
        Assert.Equal(unit == "client", train.GetProperty("samplingRate").GetDouble() == 1);
        Assert.DoesNotContain("Warning", transcript.Diagnostics, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--local-epochs", "2")]
    [InlineData("--optimizer", "fedavg")]
    public async Task Record_level_training_takes_no_local_steps(string option, string value)
    {
        string words = (await Cli.RunAsync("demo", "--json", "--scenario", "medical", option, value)).AssertFailure(1, "no-local-steps");
        Assert.Contains("--privacy client", words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("record")]
    [InlineData("client")]
    public async Task A_target_that_no_noise_reaches_is_refused_with_what_would_do(string unit)
    {
        string words = (await Cli.RunAsync("demo", "--json", "--scenario", "medical", "--privacy", unit, "--epsilon", "0.001")).AssertFailure(1, "invalid-task");
        Assert.Matches("Ask for epsilon [0-9.]+ or more|less noise", words);
    }

    /// <summary>The auditor finds the losses in the models of the log, and that nothing but they ended the training.</summary>
    [Theory]
    [InlineData("none")]
    [InlineData("record")]
    public async Task Training_stops_when_the_federated_loss_does_not_fall_any_more(string privacy)
    {
        Transcript transcript = await Cli.RunAsync("demo", "--json", "--scenario", "medical", "--rounds", "30", "--evaluate-every", "2", "--patience", "2", "--least-improvement", "0.05", "--privacy", privacy);
        JsonElement result = transcript.Json;
        Assert.InRange(result.GetProperty("rounds").GetArrayLength(), 6, 29);
        Assert.True(result.GetProperty("audit").GetProperty("verified").GetBoolean());
        Assert.True(result.GetProperty("metrics").GetProperty("auc").GetDouble() > 0.9);
    }

    [Fact]
    public async Task A_smaller_ring_runs_where_the_sums_fit_and_is_refused_with_what_would_do_where_they_do_not()
    {
        // Too short to be flattened: only the ring is smaller.
        Transcript transcript = await Cli.RunAsync("demo", "--json", "--scenario", "medical", "--rounds", "1", "--ring-bits", "20");
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        Assert.Contains("use at least 19 bits", (await Cli.RunAsync("demo", "--json", "--scenario", "medical", "--ring-bits", "16")).AssertFailure(1, "invalid-task"), StringComparison.Ordinal);
        (await Cli.RunAsync("demo", "--json", "--scenario", "medical", "--ring-bits", "20", "--privacy", "none")).AssertFailure(2, "bad-usage");
    }

    [Fact]
    public async Task A_budget_whose_allowance_is_no_round_binary_number_is_not_refused_by_the_clients()
    {
        // 1.06 and a quarter more is 1.325 in decimals, and 1.3250000000000002 in binary.
        Transcript transcript = await Cli.RunAsync("demo", "--json", "--scenario", "medical", "--rounds", "1", "--epsilon", "1.06");
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
    }

    [Fact]
    public async Task Text_answers_the_articles_three_challenges()
    {
        Transcript transcript = await Cli.RunAsync("demo", "--scenario", "medical", "--rounds", "2", "--privacy", "none");
        Assert.Equal(0, transcript.ExitCode);
        foreach (string expected in new[] { "Communication: ", "Interpretability: ", "Input privacy: the server saw masked integers", "central baseline", "4 released sums equal the sum of the clients' quantised updates bit for bit" })
            Assert.Contains(expected, transcript.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("{", transcript.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_says_the_budget_what_it_means_and_what_it_was_spent_on()
    {
        Transcript transcript = await Cli.RunAsync("demo", "--scenario", "medical", "--rounds", "2");
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        Assert.Matches("Output privacy: unit record, epsilon (4.000|3.9[0-9]+) of 4 spent at delta 1e-5, as the server", transcript.Output);
        foreach (string expected in new[] { "Even odds about one record become 98.", "Two units of one person: epsilon ", "released: 2 sums to train with noise multiplier ", "each record with probability ", "times the stated one" })
            Assert.Contains(expected, transcript.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("bit for bit", transcript.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Warning", transcript.Diagnostics, StringComparison.Ordinal);
    }

    public static TheoryData<string[]> Misuses() => new()
    {
        new[] { "demo", "--unknown" },
        new[] { "demo", "--scenario", "farming" },
        new[] { "demo", "--rounds" },
        new[] { "demo", "--rounds", "0" },
        new[] { "demo", "--rounds", "many" },
        new[] { "demo", "--clients", "0" },
        new[] { "demo", "--clients", "-3" },
        new[] { "demo", "--local-epochs", "0" },
        new[] { "demo", "--batch-size", "0" },
        new[] { "demo", "--learning-rate", "0" },
        new[] { "demo", "--learning-rate", "NaN" },
        new[] { "demo", "--dropout", "1" },
        new[] { "demo", "--dropout", "-0.1" },
        new[] { "demo", "--data", "rows.csv" },
        new[] { "demo", "--label", "y" },
        new[] { "demo", "--positive", "1" },
        new[] { "demo", "--privacy", "some" },
        new[] { "demo", "--privacy", "none", "--epsilon", "1" },
        new[] { "demo", "--privacy", "none", "--delta", "1e-5" },
        new[] { "demo", "--epsilon", "0" },
        new[] { "demo", "--epsilon", "-1" },
        new[] { "demo", "--epsilon", "NaN" },
        new[] { "demo", "--privacy", "client", "--epsilon", "1e7" },
        new[] { "demo", "--delta", "0" },
        new[] { "demo", "--delta", "1" },
        new[] { "demo", "--delta", "NaN" },
        new[] { "demo", "--delta", "1e-50" },
        new[] { "demo", "--dirichlet", "0" },
        new[] { "demo", "--dirichlet", "NaN" },
        new[] { "demo", "--dirichlet", "1", "--partition-by", "age" },
        new[] { "demo", "--proximal", "-1", "--privacy", "none" },
        new[] { "demo", "--accumulate", "0", "--privacy", "none" },
        new[] { "demo", "--server-rate", "0", "--privacy", "none" },
        new[] { "demo", "--server-schedule", "linear" },
        new[] { "demo", "--server-warm-up", "-1" },
        new[] { "demo", "--server-warm-up", "3", "--rounds", "3", "--privacy", "none" },
        new[] { "server", "--key", "k", "--roster", "r", "--policy", "p", "--data-set-epsilon", "0" },
        new[] { "server", "--key", "k", "--roster", "r", "--policy", "p", "--data-set-delta", "1" },
        new[] { "client", "ledger" },
        new[] { "task", "budget" },
        new[] { "demo", "word" },
        new[] { "nothing" },
        Array.Empty<string>(),
        new[] { "keys" },
        new[] { "keys", "new" },
        new[] { "keys", "consortium", "--out", "nowhere", "--clients", "1" },
        new[] { "task", "show", "--server", "https://localhost", "--id", "x", "--key", "y" },
    };

    [Theory]
    [MemberData(nameof(Misuses))]
    public async Task Bad_usage_ends_with_exit_code_2(string[] args)
    {
        Transcript transcript = await Cli.RunAsync([.. args, "--json"]);
        transcript.AssertFailure(2, "bad-usage");
        Transcript text = await Cli.RunAsync(args);
        Assert.Equal((2, ""), (text.ExitCode, text.Output));
        Assert.Contains("[bad-usage]", text.Diagnostics, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a,b,c\n1,2,3\n", "y", "")]
    [InlineData("a,y\n1,1\n2,1\n3,1\n4,1\n5,1\n6,1\n7,1\n", "y", "")]
    [InlineData("a,y\n1,1\n2,0\n,1\n4,0\n", "y", "line 4: column 'a'")]
    [InlineData("a,y\n1,1\n2,0\nNaN,1\n4,0\n", "y", "line 4: column 'a'")]
    [InlineData("a,y\n1,1\n2,0\n3,1\nInfinity,0\n", "y", "line 5: column 'a'")]
    [InlineData("a,y\n1,1\n2\n3,1\n4,0\n", "y", "")]
    [InlineData("", "y", "")]
    [InlineData("a,a,y\n1,1,1\n2,2,0\n", "y", "")]
    public async Task A_csv_that_cannot_be_used_is_refused_with_a_code_and_a_place(string csv, string label, string place)
    {
        using TemporaryDirectory directory = new();
        string path = directory.File("rows.csv");
        await File.WriteAllTextAsync(path, csv);
        Transcript transcript = await Cli.RunAsync("demo", "--json", "--data", path, "--label", label);
        Assert.Equal(1, transcript.ExitCode);
        string words = transcript.AssertFailure(1, transcript.Json.GetProperty("error").GetProperty("code").GetString()!);
        Assert.Contains(place, words, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_file_that_does_not_exist_is_refused()
    {
        Transcript transcript = await Cli.RunAsync("demo", "--json", "--data", "no such file.csv", "--label", "y");
        transcript.AssertFailure(1, "input-output");
    }

    [Fact]
    public async Task Too_few_clients_are_refused_with_the_number_that_would_do()
    {
        string words = (await Cli.RunAsync("demo", "--json", "--clients", "2")).AssertFailure(1, "cohort-too-small");
        Assert.Contains("--clients 5", words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dropout_that_the_thresholds_cannot_carry_is_refused_with_what_would_do()
    {
        string words = (await Cli.RunAsync("demo", "--json", "--dropout", "0.3")).AssertFailure(1, "dropout-too-high");
        Assert.Contains("--dropout ", words, StringComparison.Ordinal);
        Assert.Contains("--adversary curious", words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_curious_adversary_is_an_option()
    {
        Transcript transcript = await Cli.RunAsync("demo", "--json", "--scenario", "medical", "--rounds", "1", "--adversary", "curious");
        Assert.True(transcript.ExitCode == 0, transcript.Output);
    }

    [Fact]
    public async Task FedSGD_is_an_option()
    {
        JsonElement[] rounds = [.. (await Cli.RunAsync("demo", "--json", "--scenario", "medical", "--rounds", "5", "--optimizer", "fedsgd", "--learning-rate", "0.5", "--privacy", "none")).Json.GetProperty("rounds").EnumerateArray()];
        Assert.Equal(5, rounds.Length);
        Assert.True(rounds[^1].GetProperty("loss").GetDouble() < rounds[0].GetProperty("loss").GetDouble());
    }

    [Fact]
    public async Task Linear_regression_on_two_files_with_columns_that_hold_spaces()
    {
        using TemporaryDirectory directory = new();
        for (int file = 0; file < 2; file++)
        {
            string rows = string.Join('\n', Enumerable.Range(0, 100).Select(i =>
            {
                double x = (i * 37 + file * 11) % 101 / 10.0;
                double z = (i * 53 + file) % 89 / 9.0;
                return string.Create(CultureInfo.InvariantCulture, $"{x},{z},{i},note {i},{3 * x - 2 * z + 5}");
            }));
            await File.WriteAllTextAsync(directory.File($"part {file}.csv"), $"floor area,age,row number,free text,price\n{rows}\n");
        }

        Transcript transcript = await Cli.RunAsync(
            "demo", "--json", "--privacy", "none", "--model", "linear", "--data", $"{directory.File("part 0.csv")}, {directory.File("part 1.csv")}", "--label", "price", "--drop", "row number, free text");
        Assert.True(transcript.ExitCode == 0, transcript.Output);
        JsonElement json = transcript.Json;
        Assert.Equal(40, json.GetProperty("testRows").GetInt32());
        Assert.Equal("linear", json.GetProperty("model").GetProperty("kind").GetString());
        Assert.Equal(["floor area", "age"], json.GetProperty("model").GetProperty("features").EnumerateArray().Select(f => f.GetProperty("name").GetString()).OrderDescending(StringComparer.Ordinal));
        JsonElement metrics = json.GetProperty("metrics");
        Assert.InRange(metrics.GetProperty("r2").GetDouble(), 0.9, 1);
        Assert.True(metrics.GetProperty("rmse").GetDouble() > 0);
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (metrics.GetProperty("auc").ValueKind, metrics.GetProperty("accuracy").ValueKind));
    }

    private static IEnumerable<string> ShapeOf(string path, JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            yield return $"{path}: {string.Join(' ', element.EnumerateObject().Select(p => p.Name))}";
            foreach (string inner in element.EnumerateObject().SelectMany(p => ShapeOf($"{path}.{p.Name}", p.Value)))
                yield return inner;
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (string inner in element.EnumerateArray().SelectMany(item => ShapeOf(path + "[]", item)))
                yield return inner;
        }
    }
}
