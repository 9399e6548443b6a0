using System.Text.Json;
using System.Text.Json.Nodes;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>keys, server, task, keyholder and client: an encrypted task out of files, as an evaluator sets it up.</summary>
[Collection("demo runs")]
public sealed class KeyHolderCommandTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Five_holders_and_the_clients_finish_an_encrypted_task_together()
    {
        Transcript made = await Cli.RunAsync("keys", "consortium", "--out", directory.File("keys"), "--clients", "4", "--key-holders", "5", "--json");
        Assert.Equal(5, made.Json.GetProperty("keyHolders").GetInt32());
        JsonArray members = JsonNode.Parse(await File.ReadAllTextAsync(Key("roster.json"), Cancellation))!["members"]!.AsArray();
        string[] IdsOf(string role) => [.. members.Where(m => (string?)m!["role"] == role).Select(m => m!["id"]!.GetValue<string>())];
        string[] holderIds = IdsOf("key-holder");
        JsonNode policy = JsonNode.Parse(await File.ReadAllTextAsync(Key("policy.json"), Cancellation))!;
        Assert.Equal(holderIds, policy["keyHolders"]!.AsArray().Select(id => id!.GetValue<string>()));
        Assert.All(Enumerable.Range(1, 5), i => Assert.Equal(32, new FileInfo(Key($"holder-{i}.state-key")).Length));
        policy["requiresNoise"] = false;
        await File.WriteAllTextAsync(Key("policy.json"), policy.ToJsonString(), Cancellation);

        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        using StringWriter output = new();
        Task<int> server = Task.Run(() => SecureFed.Cli.SecureFedCommand.RunAsync(
            ["server", "--json", "--store", "memory", "--listen", "127.0.0.1:0", "--key", Key("server.pem"), "--roster", Key("roster.signed"), "--policy", Key("policy.json")], TextWriter.Synchronized(output), TextWriter.Null, stop.Token), Cancellation);
        JsonElement started = await StartedAsync(server, output);
        string[] connection = ["--server", started.GetProperty("address").GetString()!, "--certificate-pin", started.GetProperty("certificatePin").GetString()!];
        string taskId = Definitions.NewId();
        await File.WriteAllTextAsync(directory.File("task.json"), TaskFile(taskId), Cancellation);
        Transcript created = await Cli.RunAsync(["task", "create", "--json", "--definition", directory.File("task.json"), .. connection, "--id", IdsOf("operator")[0], "--key", Key("operator.pem")]);
        Assert.True(created.ExitCode == 0, created.Output);

        string[] Holder(int i) =>
            ["keyholder", "--json", .. connection, "--task", taskId, "--id", holderIds[i], "--key", Key($"holder-{i + 1}.pem"), "--policy", Key("policy.json"), "--state", directory.File($"holder {i}"), "--keys-ahead", "2"];
        Task<Transcript[]> holders = Task.WhenAll(Enumerable.Range(0, 5).Select(i => Cli.RunAsync(Cancellation, Holder(i))));
        Transcript[] clients = await Task.WhenAll(IdsOf("client").Select(async (id, i) =>
        {
            string rows = directory.File($"rows {i}.csv");
            await File.WriteAllTextAsync(rows, $"x,y\n1,2\n2,4\n{i % 4},{2 * (i % 4)}\n", Cancellation);
            return await Cli.RunAsync(Cancellation, ["client", "--json", .. connection, "--task", taskId, "--id", id, "--key", Key($"client-{i + 1}.pem"), "--policy", Key("policy.json"), "--data", rows, "--state", directory.File($"client {i}")]);
        }));
        Assert.All(clients, c => Assert.True(c.ExitCode == 0, c.Output + c.Diagnostics));
        Assert.Single(clients.Select(c => c.Json.GetProperty("parameters").GetRawText()).Distinct(StringComparer.Ordinal));

        foreach (Transcript holder in await holders)
        {
            Assert.True(holder.ExitCode == 0, holder.Output + holder.Diagnostics);
            Assert.Equal(["task", "finishReason", "rounds"], holder.Json.EnumerateObject().Select(p => p.Name));
            Assert.Equal((taskId, ""), (holder.Json.GetProperty("task").GetString(), holder.Json.GetProperty("finishReason").GetString()));
            JsonElement[] rounds = [.. holder.Json.GetProperty("rounds").EnumerateArray()];
            Assert.Equal([1, 2], rounds.Select(r => r.GetProperty("round").GetInt32()));
            Assert.All(rounds, r => Assert.Equal(["round", "roundId", "kind", "checked", "signed", "summed", "reason"], r.EnumerateObject().Select(p => p.Name)));
            Assert.All(rounds, r => Assert.True(r.GetProperty("checked").GetBoolean() && r.GetProperty("signed").GetBoolean()));
            Assert.Contains("round 1 Train: checked, signed", holder.Diagnostics, StringComparison.Ordinal);
        }

        // Once more on the finished task; then without its state.
        Transcript again = await Cli.RunAsync(Cancellation, [Holder(0)[0], .. Holder(0)[2..]]);
        Assert.Equal((0, true), (again.ExitCode, again.Output.StartsWith("done: the task is over; 0 sums of shares", StringComparison.Ordinal)));
        Directory.Delete(directory.File("holder 0"), recursive: true);
        (await Cli.RunAsync(Cancellation, Holder(0))).AssertFailure(1, "state-lost");
        Assert.Equal(0, (await Cli.RunAsync(Cancellation, [.. Holder(0), "--after-loss"])).ExitCode);
        await stop.CancelAsync();
        await server;
    }

    [Fact]
    public async Task What_a_holder_cannot_use_is_refused_without_a_stack_trace()
    {
        await Cli.RunAsync("keys", "consortium", "--out", directory.File("keys"), "--clients", "3", "--key-holders", "1");
        string[] holder = ["keyholder", "--json", "--server", "https://127.0.0.1:9", "--task", Definitions.NewId(), "--id", Definitions.NewId(), "--key", Key("holder-1.pem"), "--policy", Key("policy.json"), "--state", directory.File("state")];
        (await Cli.RunAsync(Cancellation, holder)).AssertFailure(1, "server-unreachable");
        (await Cli.RunAsync(Cancellation, [.. holder, "--keys-ahead", "65"])).AssertFailure(2, "bad-usage");
        (await Cli.RunAsync(Cancellation, [.. holder, "--state-key", Key("holder-1.pem")])).AssertFailure(1, "invalid-configuration");
        (await Cli.RunAsync(Cancellation, [.. holder, "--state-key", Key("absent")])).AssertFailure(1, "invalid-configuration");
        (await Cli.RunAsync("keyholder", "--json")).AssertFailure(2, "bad-usage");
        (await Cli.RunAsync("keyholder", "init", "--json", "--state-key", Key("holder-1.state-key"))).AssertFailure(1, "input-output");
        Assert.Equal(0, (await Cli.RunAsync("keyholder", "init", "--json", "--state-key", Key("fresh"))).ExitCode);
        Assert.Equal(32, new FileInfo(Key("fresh")).Length);
        (await Cli.RunAsync("keys", "consortium", "--json", "--out", directory.File("others"), "--key-holders", "1000")).AssertFailure(2, "bad-usage");
    }

    private string Key(string name) => Path.Combine(directory.File("keys"), name);

    private static async Task<JsonElement> StartedAsync(Task server, StringWriter output)
    {
        for (int i = 0; i < 1000 && !server.IsCompleted; i++)
        {
            string text = output.ToString();
            if (text.TrimEnd().EndsWith('}'))
                return JsonDocument.Parse(text).RootElement;
            await Task.Delay(20, Cancellation);
        }

        throw new InvalidOperationException($"The server did not start: {output}");
    }

    private static string TaskFile(string taskId) => new JsonObject
    {
        ["taskId"] = taskId,
        ["name"] = "encrypted",
        ["model"] = new JsonObject
        {
            ["kind"] = "linear",
            ["features"] = new JsonArray(new JsonObject { ["name"] = "x", ["lowerBound"] = 0, ["upperBound"] = 4 }),
            ["label"] = new JsonObject { ["name"] = "y", ["lowerBound"] = 0, ["upperBound"] = 8 },
        },
        ["training"] = new JsonObject { ["clipNorm"] = 4, ["greatestRows"] = 10 },
        ["schedule"] = new JsonObject { ["trainRounds"] = 1, ["evaluate"] = true },
        ["privacy"] = new JsonObject { ["unit"] = "none" },
        ["protection"] = "encryption",
        ["encryption"] = new JsonObject { ["set"] = "A1", ["threshold"] = 4 },
        ["cohort"] = new JsonObject { ["least"] = 4, ["greatest"] = 4, ["deltaDrop"] = 0 },
    }.ToJsonString();
}
