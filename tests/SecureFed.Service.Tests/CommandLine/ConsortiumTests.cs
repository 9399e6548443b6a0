using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SecureFed.Protocol.Identity;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>keys, server, task and client: a consortium out of files, as an evaluator sets it up.</summary>
[Collection("demo runs")]
public class ConsortiumTests
{
    [Fact]
    public async Task Keys_server_task_and_clients_finish_a_task_together()
    {
        using TemporaryDirectory directory = new();
        string keys = directory.File("keys");
        Transcript made = await Cli.RunAsync("keys", "consortium", "--out", keys, "--clients", "3", "--json");
        Assert.True(made.ExitCode == 0, made.Output);
        Assert.Equal(3, made.Json.GetProperty("clients").GetInt32());
        string File(string name) => Path.Combine(keys, name);
        foreach (string file in Directory.GetFiles(keys, "*.pem"))
            Assert.True(OperatingSystem.IsWindows() || System.IO.File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite), file);
        JsonArray members = JsonNode.Parse(await System.IO.File.ReadAllTextAsync(File("roster.json")))!["members"]!.AsArray();
        string operatorId = members.Single(m => (string?)m!["role"] == "operator")!["id"]!.GetValue<string>();
        string[] clientIds = [.. members.Where(m => (string?)m!["role"] == "client").Select(m => m!["id"]!.GetValue<string>())];

        TextWriter standardError = Console.Error;
        using StringWriter serverLog = new();
        Console.SetError(TextWriter.Synchronized(serverLog)); // Where the console logger of 'server' writes.
        using CancellationTokenSource stop = new();
        using StringWriter serverOutput = new();
        Task<int> server = Task.Run(() => SecureFed.Cli.SecureFedCommand.RunAsync(
            ["server", "--json", "--store", File("store"), "--listen", "127.0.0.1:0", "--key", File("server.pem"), "--roster", File("roster.signed"), "--policy", File("policy.json"), "--data-set-epsilon", "15"],
            TextWriter.Synchronized(serverOutput),
            TextWriter.Null,
            stop.Token));
        JsonElement started = await StartedAsync(server, serverOutput);
        string[] connection = ["--server", started.GetProperty("address").GetString()!, "--certificate-pin", started.GetProperty("certificatePin").GetString()!];

        string taskId = Definitions.NewId();
        string definition = directory.File("task.json");
        await System.IO.File.WriteAllTextAsync(definition, TaskFile(taskId));
        string[] taskOperator = [.. connection, "--id", operatorId, "--key", File("operator.pem"), "--json"];
        Transcript created = await Cli.RunAsync(["task", "create", "--definition", definition, .. taskOperator]);
        Assert.True(created.ExitCode == 0, created.Output);
        Assert.Equal(taskId, created.Json.GetProperty("task").GetProperty("taskId").GetString());

        Transcript[] clients = await Task.WhenAll(clientIds.Select(async (id, i) =>
        {
            string data = directory.File($"rows {i}.csv");
            await System.IO.File.WriteAllTextAsync(data, Rows(i));
            return await Cli.RunAsync(
                ["client", "--json", .. connection, "--task", taskId, "--id", id, "--key", File($"client-{i + 1}.pem"), "--policy", File("policy.json"), "--data", data, "--drop", "note", "--state", directory.File($"state {i}")]);
        }));
        Assert.All(clients, c => Assert.True(c.ExitCode == 0, c.Output + c.Diagnostics));
        string[] models = [.. clients.Select(c => c.Json.GetProperty("parameters").GetRawText()).Distinct(StringComparer.Ordinal)];
        Assert.Single(models);
        Assert.Equal(5, clients[0].Json.GetProperty("rounds").GetInt32());
        Assert.Contains("round 1 Train: Contributed", clients[0].Diagnostics, StringComparison.Ordinal);

        Transcript shown = await Cli.RunAsync(["task", "show", "--task", taskId, .. taskOperator]);
        Assert.True(shown.Json.GetProperty("task").GetProperty("finished").GetBoolean());
        Assert.Equal(6, shown.Json.GetProperty("rounds").GetArrayLength());
        Assert.All(shown.Json.GetProperty("rounds").EnumerateArray(), r => Assert.Equal("closed", r.GetProperty("phase").GetString()));

        // 5 training rounds and an evaluation, always the same clients: no sum comes near another one.
        Transcript participation = await Cli.RunAsync(["task", "participation", "--task", taskId, "--policy", File("policy.json"), "--state", directory.File("state 0"), .. taskOperator]);
        Assert.True(participation.ExitCode == 0, participation.Output);
        Assert.True(participation.Json.GetProperty("verified").GetBoolean());
        Assert.Equal(6, participation.Json.GetProperty("sums").GetArrayLength());
        Assert.All(participation.Json.GetProperty("sums").EnumerateArray(), s => Assert.Equal(System.Text.Json.JsonValueKind.Null, s.GetProperty("difference").ValueKind));

        Transcript budget = await Cli.RunAsync(["task", "budget", "--task", taskId, .. taskOperator]);
        Assert.Equal(
            ["unit", "dataSet", "epsilon", "delta", "order", "units", "spent", "reserved", "left", "epsilonSpent", "views", "releases", "entries", "refusal"],
            budget.Json.EnumerateObject().Select(p => p.Name));
        Assert.Equal(("record", "rows", 8.0), (budget.Json.GetProperty("unit").GetString(), budget.Json.GetProperty("dataSet").GetString(), budget.Json.GetProperty("epsilon").GetDouble()));
        Assert.InRange(budget.Json.GetProperty("epsilonSpent").GetDouble(), 7.9, 8);
        Assert.Equal(Enumerable.Repeat("committed", 6), budget.Json.GetProperty("entries").EnumerateArray().Select(e => e.GetProperty("state").GetString()));
        Transcript budgetText = await Cli.RunAsync(["task", "budget", "--task", taskId, .. taskOperator[..^1]]);
        Assert.Matches("spent epsilon (7.9[0-9]*|8): [0-9]+ of [0-9]+ units, 0 reserved, [0-9]+ left", budgetText.Output);
        foreach (string words in new[] { "unit Record, data set 'rows': epsilon 8 at delta 1E-05", "as the server and its colluders see it: ", "a Train round costs ", "round 6 Evaluate: ", "Committed" })
            Assert.Contains(words, budgetText.Output, StringComparison.Ordinal);

        Transcript ledger = await Cli.RunAsync("client", "ledger", "--json", "--state", directory.File("state 0"));
        JsonElement cost = Assert.Single(ledger.Json.GetProperty("tasks").EnumerateArray());
        Assert.Equal(["task", "dataSet", "unit", "epsilon", "epsilonLimit", "delta", "rounds"], cost.EnumerateObject().Select(p => p.Name));
        Assert.Equal((taskId, "record", 6, 10.0), (cost.GetProperty("task").GetString(), cost.GetProperty("unit").GetString(), cost.GetProperty("rounds").GetInt32(), cost.GetProperty("epsilonLimit").GetDouble()));
        Assert.Equal(budget.Json.GetProperty("epsilonSpent").GetDouble(), cost.GetProperty("epsilon").GetDouble(), 1e-9);
        Assert.Contains("6 rounds charged", (await Cli.RunAsync("client", "ledger", "--state", directory.File("state 0"))).Output, StringComparison.Ordinal);
        (await Cli.RunAsync("client", "ledger", "--json", "--state", directory.File("no such state"))).AssertFailure(1, "input-output");
        Assert.Contains("Nothing was charged", (await Cli.RunAsync("client", "ledger", "--state", keys)).Output, StringComparison.Ordinal);

        // 8 of the data set's 15 are gone.
        string second = directory.File("second.json");
        await System.IO.File.WriteAllTextAsync(second, TaskFile(Definitions.NewId()));
        string refused = (await Cli.RunAsync(["task", "create", "--definition", second, .. taskOperator])).AssertFailure(1, "budget-exhausted");
        Assert.Contains("requested (epsilon 8, delta 1E-05), spent (8, 1E-05), left (7, 1E-05)", refused, StringComparison.Ordinal);

        (await Cli.RunAsync(["task", "show", "--task", Definitions.NewId(), .. taskOperator])).AssertFailure(1, "unknown-task");
        (await Cli.RunAsync(["task", "create", "--definition", definition, .. connection, "--id", clientIds[0], "--key", File("client-1.pem"), "--json"])).AssertFailure(1, "wrong-role");
        (await Cli.RunAsync(["task", "show", "--task", taskId, "--server", connection[1], "--certificate-pin", new string('0', 64), .. taskOperator[4..]])).AssertFailure(1, "server-unreachable");
        (await Cli.RunAsync(["task", "show", "--task", taskId, "--server", connection[1], "--certificate-pin", "short", .. taskOperator[4..]])).AssertFailure(1, "invalid-configuration");
        // The auditor that the consortium was made with is shown the blobs, the roster's too.
        string auditorId = members.Single(m => (string?)m!["role"] == "auditor")!["id"]!.GetValue<string>();
        Transcript audit = await Cli.RunAsync(["audit", "fetch", connection[1], .. connection[2..], "--task", taskId, "--authority", File("policy.json"), "--id", auditorId, "--key", File("auditor.pem"), "--out", directory.File("copy"), "--json"]);
        Assert.True(audit.ExitCode == 0, audit.Output);
        Assert.Equal(6, audit.Json.GetProperty("recomputed").GetProperty("sums").GetInt32());

        // Client 3 is removed: sign, publish, and it is out.
        JsonNode next = JsonNode.Parse(await System.IO.File.ReadAllTextAsync(File("roster.json")))!;
        next["sequence"] = 2;
        next["members"]!.AsArray().Remove(next["members"]!.AsArray().Single(m => (string?)m!["id"] == clientIds[2]));
        await System.IO.File.WriteAllTextAsync(directory.File("next.json"), next.ToJsonString());
        Assert.Equal(0, (await Cli.RunAsync("keys", "sign-roster", "--roster", directory.File("next.json"), "--authority", File("authority.pem"), "--out", directory.File("next.signed"))).ExitCode);
        Transcript published = await Cli.RunAsync(["task", "roster", "--roster", directory.File("next.signed"), .. taskOperator]);
        Assert.True(published.ExitCode == 0, published.Output);
        Assert.Equal((true, 2, 2), (published.Json.GetProperty("isNew").GetBoolean(), published.Json.GetProperty("roster").GetProperty("sequence").GetInt32(), published.Json.GetProperty("roster").GetProperty("clientOrganisations").GetInt32()));
        Assert.Contains("Roster 2 is in force already", (await Cli.RunAsync(["task", "roster", "--roster", directory.File("next.signed"), .. taskOperator[..^1]])).Output, StringComparison.Ordinal);
        (await Cli.RunAsync(["task", "roster", "--roster", File("roster.signed"), .. taskOperator])).AssertFailure(1, "roster-outdated");
        (await Cli.RunAsync(["task", "roster", "--roster", File("policy.json"), .. taskOperator])).AssertFailure(1, "roster-untrusted");
        (await Cli.RunAsync(["task", "show", "--task", taskId, .. connection, "--id", clientIds[2], "--key", File("client-3.pem"), "--json"])).AssertFailure(1, "not-enrolled");

        await stop.CancelAsync();
        Assert.Equal(0, await server.WaitAsync(TimeSpan.FromSeconds(20)));
        Console.SetError(standardError);
        Assert.Contains($"Task {taskId}: entry 1 RoundOpened", serverLog.ToString(), StringComparison.Ordinal);
        Assert.All(clientIds, id => Assert.DoesNotContain(id, serverLog.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_roster_is_signed_from_single_keys()
    {
        using TemporaryDirectory directory = new();
        Transcript authority = await Cli.RunAsync("keys", "new", "--out", directory.File("authority.pem"), "--json");
        Transcript client = await Cli.RunAsync("keys", "new", "--out", directory.File("client.pem"), "--json");
        Assert.Equal(["id", "publicKey", "file"], client.Json.EnumerateObject().Select(p => p.Name));
        JsonObject roster = new()
        {
            ["sequence"] = 1,
            ["members"] = new JsonArray(new JsonObject
            {
                ["id"] = client.Json.GetProperty("id").GetString(),
                ["role"] = "client",
                ["organisation"] = "one",
                ["publicKey"] = client.Json.GetProperty("publicKey").GetString(),
            }),
        };
        await File.WriteAllTextAsync(directory.File("roster.json"), roster.ToJsonString());
        string[] sign = ["keys", "sign-roster", "--roster", directory.File("roster.json"), "--authority", directory.File("authority.pem"), "--out", directory.File("roster.signed"), "--json"];
        Transcript signed = await Cli.RunAsync(sign);
        Assert.Equal(1, signed.Json.GetProperty("members").GetInt32());
        Assert.True(Roster.TryDecode(
            await File.ReadAllBytesAsync(directory.File("roster.signed")), Convert.FromBase64String(authority.Json.GetProperty("publicKey").GetString()!), out Roster? read));
        Assert.Equal(signed.Json.GetProperty("digest").GetString(), read!.Digest.ToString());

        string before = await File.ReadAllTextAsync(directory.File("client.pem"));
        (await Cli.RunAsync("keys", "new", "--out", directory.File("client.pem"), "--json")).AssertFailure(1, "input-output");
        Assert.Equal(before, await File.ReadAllTextAsync(directory.File("client.pem")));
        foreach ((string member, JsonNode? value) in new (string, JsonNode?)[] { ("id", "short"), ("publicKey", "AAAA"), ("publicKey", null), ("organisation", ""), ("organisation", null), ("role", "boss"), ("misspelt", 1) })
        {
            JsonNode wrong = roster.DeepClone();
            wrong["members"]![0]![member] = value;
            await File.WriteAllTextAsync(directory.File("roster.json"), wrong.ToJsonString());
            (await Cli.RunAsync(sign)).AssertFailure(1, "invalid-roster");
        }

        foreach (string text in new[] { "", "null", "{\"sequence\":1,\"members\":null}", "{\"sequence\":1,\"members\":[null]}" })
        {
            await File.WriteAllTextAsync(directory.File("roster.json"), text);
            (await Cli.RunAsync(sign)).AssertFailure(1, "invalid-roster");
        }
    }

    [Fact]
    public async Task What_a_command_cannot_use_is_refused_without_a_stack_trace()
    {
        using TemporaryDirectory directory = new();
        string keys = directory.File("keys");
        await Cli.RunAsync("keys", "consortium", "--out", keys, "--clients", "3");
        (await Cli.RunAsync("keys", "consortium", "--out", keys, "--json")).AssertFailure(1, "not-empty");
        string File(string name) => Path.Combine(keys, name);
        string[] server = ["server", "--json", "--store", File("store"), "--policy", File("policy.json")];
        (await Cli.RunAsync([.. server, "--key", File("client-1.pem"), "--roster", File("roster.signed")])).AssertFailure(1, "not-enrolled");
        (await Cli.RunAsync([.. server, "--key", File("server.pem"), "--roster", File("policy.json")])).AssertFailure(1, "roster-untrusted");
        (await Cli.RunAsync([.. server, "--key", File("roster.json"), "--roster", File("roster.signed")])).AssertFailure(1, "invalid-configuration");
        (await Cli.RunAsync([.. server, "--key", File("server.pem"), "--roster", File("missing")])).AssertFailure(1, "input-output");
        string[] whole = [.. server, "--key", File("server.pem"), "--roster", File("roster.signed")];
        (await Cli.RunAsync([.. whole, "--listen", "nowhere"])).AssertFailure(2, "bad-usage");
        (await Cli.RunAsync([.. whole, "--listen", "203.0.113.1:7443"])).AssertFailure(1, "input-output");
        (await Cli.RunAsync([.. whole, "--certificate", File("server.pem")])).AssertFailure(1, "invalid-certificate");
        string[] task = ["task", "show", "--json", "--key", File("operator.pem"), "--task", Definitions.NewId()];
        (await Cli.RunAsync([.. task, "--id", "short", "--server", "https://127.0.0.1:9"])).AssertFailure(2, "bad-usage");
        (await Cli.RunAsync([.. task, "--id", Definitions.NewId(), "--server", "http://127.0.0.1:9"])).AssertFailure(2, "bad-usage");
        (await Cli.RunAsync([.. task, "--id", Definitions.NewId(), "--server", "https://127.0.0.1:9"])).AssertFailure(1, "server-unreachable");
    }

    internal static async Task<JsonElement> StartedAsync(Task server, StringWriter output)
    {
        for (int i = 0; i < 1000 && !server.IsCompleted; i++)
        {
            string text = output.ToString();
            if (text.TrimEnd().EndsWith('}'))
                return JsonDocument.Parse(text).RootElement;
            await Task.Delay(20);
        }

        throw new InvalidOperationException($"The server did not start: {output}");
    }

    private static string TaskFile(string taskId) => new JsonObject
    {
        ["taskId"] = taskId,
        ["name"] = "from files",
        ["model"] = new JsonObject
        {
            ["kind"] = "linear",
            ["features"] = new JsonArray(Bounds("x", 0, 10)),
            ["label"] = Bounds("y", -50, 50),
        },
        ["training"] = new JsonObject { ["optimizer"] = "fed-sgd", ["serverLearningRate"] = 0.1, ["clipNorm"] = 2, ["greatestRows"] = 30, ["scaleByBounds"] = true },
        ["schedule"] = new JsonObject { ["trainRounds"] = 5, ["evaluate"] = true },
        ["privacy"] = new JsonObject { ["unit"] = "record", ["epsilon"] = 8, ["delta"] = 1e-5, ["samplingRate"] = 0.5, ["expectedRecords"] = 90, ["dataSet"] = "rows" },
        ["cohort"] = new JsonObject { ["least"] = 3, ["greatest"] = 3, ["deltaDrop"] = 0 },
    }.ToJsonString();

    private static JsonObject Bounds(string name, double lower, double upper) => new() { ["name"] = name, ["lowerBound"] = lower, ["upperBound"] = upper };

    private static string Rows(int client) => "note,x,y\n" + string.Join('\n', Enumerable.Range(0, 30).Select(row =>
    {
        double x = (row * 7 + client * 3) % 31 / 3.1;
        return string.Create(CultureInfo.InvariantCulture, $"row {row},{x},{4 * x - 7}");
    })) + "\n";
}
