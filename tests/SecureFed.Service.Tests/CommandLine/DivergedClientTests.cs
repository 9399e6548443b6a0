using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>securefed client in tasks whose training runs away: how each ends, and what it tells its owner.</summary>
[Collection("demo runs")]
public class DivergedClientTests
{
    [Fact]
    public async Task A_client_ends_with_the_round_the_loss_and_what_to_try()
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

        using CancellationTokenSource stop = new();
        using StringWriter output = new();
        Task<int> server = Task.Run(() => SecureFed.Cli.SecureFedCommand.RunAsync(
            ["server", "--json", "--store", Key("store"), "--listen", "127.0.0.1:0", "--key", Key("server.pem"), "--roster", Key("roster.signed"), "--policy", Key("policy.json")],
            TextWriter.Synchronized(output),
            TextWriter.Null,
            stop.Token));
        for (int i = 0; i < 1000 && !server.IsCompleted && !output.ToString().TrimEnd().EndsWith('}'); i++)
            await Task.Delay(20);
        JsonElement started = JsonDocument.Parse(output.ToString()).RootElement;
        string[] connection = ["--server", started.GetProperty("address").GetString()!, "--certificate-pin", started.GetProperty("certificatePin").GetString()!];
        for (int i = 0; i < 3; i++)
            await File.WriteAllTextAsync(directory.File($"rows {i}.csv"), "x,y\n" + string.Join('\n', Enumerable.Range(0, 30).Select(row => string.Create(CultureInfo.InvariantCulture, $"{(row * 7 + i * 3) % 31 / 3.1},{row}"))) + "\n");

        // Local steps that explode: the client says so in the round in which they do.
        Transcript[] local = await RunAsync(new JsonObject { ["localLearningRate"] = 1e12 }, privacy: "none");
        string words = local[0].AssertFailure(1, "training-diverged");
        Assert.Contains("Local training diverged in round 1: the loss reached", words, StringComparison.Ordinal);
        Assert.Contains("Lower the learning rate", words, StringComparison.Ordinal);

        // A server step that does: nobody has joined a second round.
        foreach (Transcript transcript in await RunAsync(new JsonObject { ["localLearningRate"] = 0.01, ["serverLearningRate"] = 1.7e308, ["clipNorm"] = 50 }, privacy: "none"))
        {
            words = transcript.AssertFailure(1, "training-diverged");
            Assert.Contains("given up after round 1 (training-diverged)", words, StringComparison.Ordinal);
            Assert.Contains("The loss on the own rows was ", words, StringComparison.Ordinal);
            Assert.Contains("lower server learning rate", words, StringComparison.Ordinal);
        }

        // Behind noise a client stays to the end with zeros, for its silence would tell something; its owner learns of it.
        foreach (Transcript transcript in await RunAsync(new JsonObject { ["localLearningRate"] = 1e12, ["scaleByBounds"] = true }, privacy: "client"))
        {
            Assert.Contains("round 2 Train: Contributed", transcript.Diagnostics, StringComparison.Ordinal);
            Assert.Contains("this client contributed zeros: Local training diverged in round 2", transcript.Diagnostics, StringComparison.Ordinal);
            Assert.Contains("diverged in round 2", transcript.AssertFailure(1, "training-diverged"), StringComparison.Ordinal);
        }

        await stop.CancelAsync();
        Assert.Equal(0, await server.WaitAsync(TimeSpan.FromSeconds(20)));

        async Task<Transcript[]> RunAsync(JsonObject training, string privacy)
        {
            string id = Definitions.NewId();
            training["localOptimizer"] = "sgd";
            training["greatestRows"] = 30;
            training["localEpochs"] = 3;
            await File.WriteAllTextAsync(directory.File("task.json"), new JsonObject
            {
                ["taskId"] = id,
                ["name"] = "diverging",
                ["model"] = new JsonObject { ["kind"] = "linear", ["features"] = new JsonArray(Bounds("x", 0, 10)), ["label"] = Bounds("y", 0, 50) },
                ["training"] = training,
                ["schedule"] = new JsonObject { ["trainRounds"] = 2 },
                ["privacy"] = privacy is "none" ? new JsonObject { ["unit"] = "none" } : new JsonObject { ["unit"] = privacy, ["epsilon"] = 2, ["delta"] = 1e-6, ["dataSet"] = "rows" },
                ["cohort"] = new JsonObject { ["least"] = 3, ["greatest"] = 3, ["deltaDrop"] = 0 },
                ["deadlines"] = new JsonObject { ["advertiseMilliseconds"] = 20_000, ["phaseMilliseconds"] = 5_000, ["graceMilliseconds"] = 300 },
            }.ToJsonString());
            Transcript created = await Cli.RunAsync(["task", "create", "--definition", directory.File("task.json"), .. connection, "--id", IdsOf("operator")[0], "--key", Key("operator.pem"), "--json"]);
            Assert.True(created.ExitCode == 0, created.Output);
            return await Task.WhenAll(IdsOf("client").Select((client, i) => Cli.RunAsync(
                ["client", "--json", .. connection, "--task", id, "--id", client, "--key", Key($"client-{i + 1}.pem"), "--policy", Key("policy.json"), "--data", directory.File($"rows {i}.csv"), "--state", directory.File($"state {i}")])));
        }
    }

    private static JsonObject Bounds(string name, double lower, double upper) => new() { ["name"] = name, ["lowerBound"] = lower, ["upperBound"] = upper };
}
