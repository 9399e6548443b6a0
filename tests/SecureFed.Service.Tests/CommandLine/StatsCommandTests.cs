using System.Text.Json;
using System.Text.Json.Nodes;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>securefed stats: what it prints, verifies and refuses; on loopback and against a running server.</summary>
[Collection("demo runs")]
public class StatsCommandTests
{
    /// <summary>Error bounds are of 95 %; so many times as far a Gaussian error strays once in 10¹¹.</summary>
    private const double Certain = 3.5;

    private static readonly string[] Fields = ["schemaVersion", "scenario", "task", "protection", "clients", "seconds", "rounds", "statistics", "privacy", "audit"];

    private static readonly string[] AnswerFields =
    [
        "statistic", "column", "columns", "bounds", "probability", "value", "errorBound", "confidence", "exact", "lower", "upper", "rankError", "edges", "values", "threshold", "thresholdError", "frequent",
    ];

    [Theory]
    [InlineData("masking", "record", "--epsilon", "2")]
    [InlineData("masking", "none")]
    [InlineData("encryption", "record", "--clients", "6")]
    public async Task Answers_come_with_bounds_the_exact_value_and_a_verified_log(string protection, string unit, params string[] more)
    {
        Transcript transcript = await Cli.RunAsync(
            ["stats", "--json", "--protection", protection, "--privacy", unit, "--columns", "age,credit_utilisation", "--statistic", "count,mean,variance,quantile,histogram,correlation", "--bins", "6", "--search-rounds", "2", .. more]);
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        JsonElement json = transcript.Json;
        Assert.Equal(Fields, json.EnumerateObject().Select(p => p.Name));
        Assert.Equal(("finance", protection), (json.GetProperty("scenario").GetString(), json.GetProperty("protection").GetString()));
        Assert.True(json.GetProperty("audit").GetProperty("verified").GetBoolean());
        Assert.Equal(2, json.GetProperty("rounds").GetArrayLength());
        JsonElement[] answers = [.. json.GetProperty("statistics").EnumerateArray()];
        Assert.Equal(11, answers.Length);
        Assert.All(answers, a => Assert.Equal(AnswerFields, a.EnumerateObject().Select(p => p.Name)));
        Assert.All(answers, a => Assert.Equal(0.95, a.GetProperty("confidence").GetDouble()));
        AssertNear(answers, hasNoise: unit != "none");
        JsonElement privacy = json.GetProperty("privacy");
        Assert.Equal(unit, privacy.GetProperty("unit").GetString());
        if (unit == "none")
            Assert.Contains("Warning: --privacy none", transcript.Diagnostics, StringComparison.Ordinal);
        else
            Assert.Equal(2, Assert.Single(privacy.GetProperty("releases").EnumerateArray()).GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task An_auditor_computes_the_answers_of_a_run_with_dropouts_again()
    {
        using TemporaryDirectory directory = new();
        string run = directory.File("run");
        Transcript transcript = await Cli.RunAsync(
            "stats", "--json", "--clients", "12", "--dropout", "0.05", "--columns", "age", "--statistic", "count,minimum,maximum,quantile", "--quantile", "0.1,0.5", "--out", run);
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        JsonElement[] rounds = [.. transcript.Json.GetProperty("rounds").EnumerateArray()];
        Assert.All(rounds, r => Assert.Equal(12, r.GetProperty("participants").GetInt32() + r.GetProperty("dropped").GetInt32()));
        Assert.Contains(rounds, r => r.GetProperty("dropped").GetInt32() > 0);
        Assert.Equal(5, transcript.Json.GetProperty("statistics").GetArrayLength());
        JsonElement saved = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(run, "stats.json"))).RootElement;
        Assert.True(JsonElement.DeepEquals(transcript.Json, saved));
        Assert.True(new FileInfo(Path.Combine(run, "report.html")).Length > 1000);

        Transcript audit = await Cli.RunAsync("audit", "verify", run, "--json");
        Assert.True(audit.ExitCode == 0, audit.Output);
        Assert.Equal(3, audit.Json.GetProperty("recomputed").GetProperty("models").GetInt32());
        Assert.True(audit.Json.GetProperty("recomputed").GetProperty("sums").GetInt32() >= 3);
    }

    [Fact]
    public async Task Gaps_and_values_beyond_their_bounds_are_counted_and_left_out()
    {
        using TemporaryDirectory directory = new();
        string csv = directory.File("gaps.csv");
        await File.WriteAllLinesAsync(csv, ["x,colour", .. Enumerable.Range(0, 200).Select(i => i % 10 == 0 ? ",red" : i % 25 == 1 ? "abc,blue" : i % 40 == 3 ? "500,green" : $"{i % 7},{(i % 3 == 0 ? "" : "red")}")]);
        Transcript transcript = await Cli.RunAsync(
            "stats", "--json", "--privacy", "none", "--data", csv, "--clients", "5", "--bounds", "x=0:10", "--columns", "x,colour", "--statistic", "quality,count,heavy-hitters", "--domain", "colour=red|blue,x=0|1", "--threshold", "0.3");

        // Of a column of text nothing numeric is asked.
        transcript.AssertFailure(1, "schema-mismatch");
        transcript = await Cli.RunAsync("stats", "--json", "--privacy", "none", "--data", csv, "--clients", "5", "--bounds", "x=0:10", "--columns", "x", "--statistic", "quality,count,maximum");
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        JsonElement[] answers = [.. transcript.Json.GetProperty("statistics").EnumerateArray()];
        Assert.Equal([20, 8, 5], answers[0].GetProperty("values").EnumerateArray().Select(v => v.GetProperty("value").GetInt32()));
        Assert.Equal(172, answers[1].GetProperty("value").GetInt32());
        Assert.Equal(10, answers[2].GetProperty("exact").GetDouble());

        transcript = await Cli.RunAsync("stats", "--json", "--privacy", "none", "--data", csv, "--clients", "5", "--columns", "colour", "--statistic", "heavy-hitters", "--domain", "colour=red|blue|violet", "--threshold", "0.3");
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        JsonElement hitters = transcript.Json.GetProperty("statistics")[0];
        Assert.Equal(["red"], hitters.GetProperty("frequent").EnumerateArray().Select(v => v.GetString()));
        Assert.Equal(hitters.GetProperty("values").EnumerateArray().Select(v => v.GetProperty("exact").GetInt32()), hitters.GetProperty("values").EnumerateArray().Select(v => v.GetProperty("value").GetInt32()));
        Assert.Equal(["colour red", "colour blue", "colour violet", "colour other"], hitters.GetProperty("values").EnumerateArray().Select(v => v.GetProperty("name").GetString()));
    }

    [Theory]
    [InlineData(2, "bad-usage", "--columns", "age")]
    [InlineData(2, "bad-usage", "--statistic", "mode", "--columns", "age")]
    [InlineData(2, "bad-usage", "--statistic", "mean")]
    [InlineData(1, "unknown-column", "--statistic", "mean", "--columns", "height")]
    [InlineData(1, "invalid-task", "--statistic", "quantile", "--columns", "age", "--quantile", "1.5")]
    [InlineData(2, "bad-usage", "--statistic", "quantile", "--columns", "age", "--quantile", "half")]
    [InlineData(2, "bad-usage", "--statistic", "heavy-hitters", "--columns", "age")]
    [InlineData(1, "invalid-task", "--statistic", "correlation", "--columns", "age")]
    [InlineData(2, "bad-usage", "--statistic", "mean", "--columns", "age", "--privacy", "none", "--epsilon", "1")]
    [InlineData(2, "bad-usage", "--statistic", "mean", "--columns", "age", "--bounds", "age")]
    [InlineData(1, "invalid-task", "--statistic", "mean", "--columns", "age", "--bounds", "age=5:1")]
    [InlineData(2, "bad-usage", "--statistic", "mean", "--columns", "age", "--server", "https://localhost:1")]
    [InlineData(1, "invalid-task", "--statistic", "mean", "--columns", "age", "--epsilon", "0.00001")]
    public async Task What_cannot_be_answered_is_refused_with_what_would_do(int exitCode, string code, params string[] options) =>
        (await Cli.RunAsync(["stats", "--json", .. options])).AssertFailure(exitCode, code);

    [Fact]
    public async Task An_operator_asks_the_clients_of_a_running_server()
    {
        using TemporaryDirectory directory = new();
        string keys = directory.File("keys");
        Assert.Equal(0, (await Cli.RunAsync("keys", "consortium", "--out", keys, "--clients", "3", "--json")).ExitCode);
        string InKeys(string name) => Path.Combine(keys, name);
        JsonNode policy = JsonNode.Parse(await File.ReadAllTextAsync(InKeys("policy.json")))!;
        policy["models"] = new JsonArray("statistics");
        policy["statistics"] = JsonNode.Parse("""{"kinds":["mean","quantile"],"columns":[{"name":"x","lowerBound":0,"upperBound":10}]}""");
        await File.WriteAllTextAsync(InKeys("policy.json"), policy.ToJsonString());
        JsonArray members = JsonNode.Parse(await File.ReadAllTextAsync(InKeys("roster.json")))!["members"]!.AsArray();
        string[] IdsOf(string role) => [.. members.Where(m => (string?)m!["role"] == role).Select(m => m!["id"]!.GetValue<string>())];

        using CancellationTokenSource stop = new();
        using StringWriter serverOutput = new();
        TextWriter standardError = Console.Error;
        using StringWriter serverLog = new();
        Console.SetError(TextWriter.Synchronized(serverLog));
        Task<int> server = Task.Run(() => SecureFed.Cli.SecureFedCommand.RunAsync(
            ["server", "--json", "--store", InKeys("store"), "--listen", "127.0.0.1:0", "--key", InKeys("server.pem"), "--roster", InKeys("roster.signed"), "--policy", InKeys("policy.json"), "--data-set-epsilon", "15"],
            TextWriter.Synchronized(serverOutput),
            TextWriter.Null,
            stop.Token));
        JsonElement started = await ConsortiumTests.StartedAsync(server, serverOutput);
        string[] connection = ["--server", started.GetProperty("address").GetString()!, "--certificate-pin", started.GetProperty("certificatePin").GetString()!];
        using StringWriter output = new();
        using StringWriter diagnostics = new();
        TextWriter heard = TextWriter.Synchronized(diagnostics);
        Task<int> asking = Task.Run(() => SecureFed.Cli.SecureFedCommand.RunAsync(
            [
                "stats", "--json", .. connection, "--id", IdsOf("operator")[0], "--key", InKeys("operator.pem"), "--columns", "x", "--statistic", "mean,quantile", "--bounds", "x=0:10", "--search-rounds", "1",
                "--least-cohort", "3", "--greatest-cohort", "3", "--delta-drop", "0", "--expected-records", "600", "--data-set", "rows",
            ],
            output,
            heard));
        string task = await ReadTaskAsync(asking, diagnostics, heard);
        Transcript[] clients = await Task.WhenAll(IdsOf("client").Select(async (id, i) =>
        {
            string data = directory.File($"rows {i}.csv");
            await File.WriteAllLinesAsync(data, ["x,note", .. Enumerable.Range(0, 200).Select(row => $"{(row + i) % 10},n{row % 3}")]);
            return await Cli.RunAsync(["client", "--json", .. connection, "--task", task, "--id", id, "--key", InKeys($"client-{i + 1}.pem"), "--policy", InKeys("policy.json"), "--data", data, "--drop", "note", "--state", directory.File($"state {i}")]);
        }));
        Assert.All(clients, c => Assert.True(c.ExitCode == 0, c.Output + c.Diagnostics));
        Assert.True(await asking == 0, output.ToString() + diagnostics);
        JsonElement json = JsonDocument.Parse(output.ToString()).RootElement;
        Assert.Equal(Fields, json.EnumerateObject().Select(p => p.Name));
        Assert.Equal((task, 3, JsonValueKind.Null), (json.GetProperty("task").GetString(), json.GetProperty("clients").GetInt32(), json.GetProperty("audit").ValueKind));
        JsonElement mean = json.GetProperty("statistics")[0];
        Assert.Equal(4.5, mean.GetProperty("value").GetDouble(), Certain * mean.GetProperty("errorBound").GetDouble());
        Assert.Equal(JsonValueKind.Null, mean.GetProperty("exact").ValueKind);
        await stop.CancelAsync();
        Assert.Equal(0, await server.WaitAsync(TimeSpan.FromSeconds(20)));
        Console.SetError(standardError);
    }

    [Fact]
    public async Task Quantiles_become_the_bounds_of_a_training_task()
    {
        using TemporaryDirectory directory = new();
        Transcript stats = await Cli.RunAsync("stats", "--json", "--columns", "annual_income,loan_amount", "--statistic", "quantile", "--quantile", "0.01,0.99");
        Assert.True(stats.ExitCode == 0, stats.Output + stats.Diagnostics);
        string answers = directory.File("stats.json");
        await File.WriteAllTextAsync(answers, stats.Output);
        double[] income = [.. stats.Json.GetProperty("statistics").EnumerateArray().Where(a => a.GetProperty("column").GetString() == "annual_income").Select(a => a.GetProperty("value").GetDouble())];
        string run = directory.File("run");
        Transcript demo = await Cli.RunAsync("demo", "--json", "--rounds", "2", "--bounds-from", answers, "--out", run);
        Assert.True(demo.ExitCode == 0, demo.Output + demo.Diagnostics);
        Assert.True(demo.Json.GetProperty("audit").GetProperty("verified").GetBoolean());
        double[] bounds = [.. SecureFed.Cli.Stats.StatsBounds.Apply(new SecureFed.Learning.Data.DataSchema([new("annual_income", 0, 400_000), new("age", 18, 90)], new("y", 0, 1), SecureFed.Learning.Data.LabelKind.Binary), answers).Features.SelectMany(f => new[] { f.LowerBound, f.UpperBound })];
        Assert.Equal([income[0], income[1], 18, 90], bounds);
        Assert.InRange(income[1], 50_000, 200_000);

        (await Cli.RunAsync("demo", "--json", "--bounds-from", answers, "--privacy", "none")).AssertFailure(2, "bad-usage");
        await File.WriteAllTextAsync(answers, """{"statistics":[]}""");
        (await Cli.RunAsync("demo", "--json", "--bounds-from", answers)).AssertFailure(1, "invalid-configuration");
        await File.WriteAllTextAsync(answers, "[]");
        (await Cli.RunAsync("demo", "--json", "--bounds-from", answers)).AssertFailure(1, "invalid-configuration");
    }

    private static async Task<string> ReadTaskAsync(Task<int> asking, StringWriter diagnostics, TextWriter heard)
    {
        for (int poll = 0; poll < 600 && !asking.IsCompleted; poll++)
        {
            string text;
            lock (heard)
                text = diagnostics.ToString();
            if (text.Contains(" asks ", StringComparison.Ordinal))
                return text.Split(' ')[1];
            await Task.Delay(100);
        }

        throw new InvalidOperationException($"No task was created: {diagnostics}");
    }

    private static void AssertNear(JsonElement[] answers, bool hasNoise)
    {
        foreach (JsonElement answer in answers)
        {
            IEnumerable<JsonElement> numbers = answer.GetProperty("values").ValueKind == JsonValueKind.Array ? answer.GetProperty("values").EnumerateArray() : [answer];
            bool isSearch = answer.GetProperty("rankError").ValueKind == JsonValueKind.Number;
            foreach (JsonElement number in numbers.Where(_ => !isSearch || !hasNoise))
            {
                double distance = Math.Abs(number.GetProperty("value").GetDouble() - number.GetProperty("exact").GetDouble());
                Assert.True(distance <= Certain * number.GetProperty("errorBound").GetDouble() + 1e-9, answer.GetRawText());
            }

            Assert.True(!isSearch || answer.GetProperty("rankError").GetDouble() < 0.2);
        }
    }
}
