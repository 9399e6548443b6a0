using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SecureFed.Cli;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>securefed client --follow: files that grow and files that break while a task runs.</summary>
[Collection("demo runs")]
public sealed class FollowTests
{
    [Fact(Timeout = 180_000)]
    public async Task A_client_reads_a_file_that_grew_and_stays_with_the_last_good_rows_of_one_that_broke()
    {
        using TemporaryDirectory directory = new();
        string keys = directory.File("keys");
        Assert.Equal(0, (await Cli.RunAsync("keys", "consortium", "--out", keys, "--clients", "3")).ExitCode);
        string Key(string name) => Path.Combine(keys, name);
        JsonNode policy = JsonNode.Parse(await File.ReadAllTextAsync(Key("policy.json")))!;
        policy["requiresNoise"] = false;
        await File.WriteAllTextAsync(Key("policy.json"), policy.ToJsonString());
        JsonArray members = JsonNode.Parse(await File.ReadAllTextAsync(Key("roster.json")))!["members"]!.AsArray();
        string[] IdsOf(string role) => [.. members.Where(m => (string?)m!["role"] == role).Select(m => m!["id"]!.GetValue<string>())];
        for (int i = 0; i < 3; i++)
            await File.WriteAllTextAsync(directory.File($"rows {i}.csv"), "x,y\n" + Lines(0, 30));

        using ServerProcess server = new(keys, directory.File("store"));
        server.Start();
        await server.ReadyAsync();
        string[] connection = ["--server", server.Address.ToString(), "--certificate-pin", server.CertificatePin];
        string id = Definitions.NewId();
        await File.WriteAllTextAsync(directory.File("task.json"), new JsonObject
        {
            ["taskId"] = id,
            ["name"] = "followed",
            ["model"] = new JsonObject { ["kind"] = "linear", ["features"] = new JsonArray(Bounds("x", 0, 10)), ["label"] = Bounds("y", 0, 100) },
            ["training"] = new JsonObject { ["localLearningRate"] = 0.001, ["greatestRows"] = 100, ["clipNorm"] = 500 },
            ["schedule"] = new JsonObject { ["trainRounds"] = 2, ["waitForClients"] = true, ["evaluate"] = true },
            ["privacy"] = new JsonObject { ["unit"] = "none" },
            ["cohort"] = new JsonObject { ["least"] = 3, ["greatest"] = 3, ["deltaDrop"] = 0 },
            ["deadlines"] = new JsonObject { ["advertiseMilliseconds"] = 20_000, ["phaseMilliseconds"] = 10_000, ["graceMilliseconds"] = 300 },
        }.ToJsonString());
        Transcript created = await Cli.RunAsync(["task", "create", "--definition", directory.File("task.json"), .. connection, "--id", IdsOf("operator")[0], "--key", Key("operator.pem"), "--json"]);
        Assert.True(created.ExitCode == 0, created.Output);

        // Between its first round and the second: what a client says of a round, it says before it looks for the next.
        Transcript[] transcripts = await Task.WhenAll(
            RunAsync(0, follows: true, () => File.AppendAllText(directory.File("rows 0.csv"), Lines(30, 12))),
            RunAsync(1, follows: true, () => File.WriteAllText(directory.File("rows 1.csv"), "x,y\n1")),
            RunAsync(2, follows: false, () => File.AppendAllText(directory.File("rows 2.csv"), Lines(30, 12))));

        Assert.All(transcripts, t => Assert.True(t.ExitCode == 0, t.Diagnostics));
        Assert.Equal(1, CountOf(transcripts[0], "rows were read anew: 42 of them"));
        Assert.Equal(0, CountOf(transcripts[0], "rows of before"));
        Assert.Equal(2, CountOf(transcripts[1], "computed on the rows of before: rows 1.csv, line 2 has 1 fields"));
        Assert.Equal(0, CountOf(transcripts[2], "rows "));

        // Everybody has the same model, and it predicts.
        string[] models = [.. Enumerable.Range(0, 3).Select(i => File.ReadAllText(directory.File($"model {i}.json")))];
        Assert.Equal(models[0], models[1]);
        Assert.Equal(models[0], models[2]);
        JsonElement last = (await Cli.RunAsync(["task", "show", "--task", id, .. connection, "--id", IdsOf("operator")[0], "--key", Key("operator.pem"), "--json"])).Json;
        Assert.Contains(JsonNode.Parse(models[0])!["modelDigest"]!.GetValue<string>(), last.ToString(), StringComparison.Ordinal);
        Transcript predicted = await Cli.RunAsync("model", "predict", "--model", directory.File("model 0.json"), "--data", directory.File("rows 0.csv"), "--json");
        Assert.True(predicted.ExitCode == 0, predicted.Diagnostics);
        Assert.Equal(42, predicted.Json.GetProperty("rows").GetInt32());

        async Task<Transcript> RunAsync(int client, bool follows, Action afterFirst)
        {
            using StringWriter output = new();
            using FirstRoundWriter diagnostics = new(afterFirst);
            int exitCode = await SecureFedCommand.RunAsync(
                [
                    "client", "--json", .. connection, "--task", id, "--id", IdsOf("client")[client], "--key", Key($"client-{client + 1}.pem"), "--policy", Key("policy.json"),
                    "--data", directory.File($"rows {client}.csv"), "--state", directory.File($"state {client}"), "--out", directory.File($"model {client}.json"), .. follows ? ["--follow"] : Array.Empty<string>(),
                ],
                output,
                diagnostics);
            return new Transcript(exitCode, output.ToString(), diagnostics.ToString());
        }
    }

    private static int CountOf(Transcript transcript, string words) => transcript.Diagnostics.Split(words).Length - 1;

    private static string Lines(int from, int count) => string.Concat(Enumerable.Range(from, count).Select(row => string.Create(CultureInfo.InvariantCulture, $"{row * 7 % 31 / 3.1},{row}\n")));

    private static JsonObject Bounds(string name, double lower, double upper) => new() { ["name"] = name, ["lowerBound"] = lower, ["upperBound"] = upper };

    /// <summary>Does something when the first round is reported.</summary>
    private sealed class FirstRoundWriter(Action then) : StringWriter(CultureInfo.InvariantCulture)
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.StartsWith("round 1 ", StringComparison.Ordinal) == true)
                then();
        }
    }
}
