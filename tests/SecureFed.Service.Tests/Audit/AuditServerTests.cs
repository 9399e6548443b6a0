using System.Security.Cryptography;
using System.Text.Json;
using SecureFed.Client.Http;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.CommandLine;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Enrolment;

namespace SecureFed.Service.Tests.Audit;

/// <summary>The audit commands against a running server: its log is for everybody, its blobs are for auditors.</summary>
public sealed class AuditServerTests(TestConsortium consortium)
{
    [Fact]
    public async Task A_log_is_verified_by_anybody_and_with_blobs_by_an_auditor_of_the_roster()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(consortium);
        using TemporaryDirectory directory = new();
        Identifier task = await server.CreateTaskAsync(Definitions.Noisy());
        await SavePinAsync(server, task, directory.File("vkey"));
        File.WriteAllText(directory.File("authority"), Convert.ToBase64String(consortium.Authority.PublicKey.Span));
        SaveKey(consortium.Auditor.Key, directory.File("auditor.pem"));
        string[] trust = ["--vkey", directory.File("vkey"), "--authority", directory.File("authority"), "--certificate-pin", server.Pin, "--json"];

        Transcript anybody = await CommandLine.Cli.RunAsync(["audit", "verify", server.Address.ToString(), "--task", task.ToString(), .. trust]);
        Assert.True(anybody.ExitCode == 0, anybody.Output + anybody.Diagnostics);
        Assert.Equal("not-possible", StatusOf(anybody.Json, "sums"));

        string[] auditor = ["--id", consortium.Auditor.Id.ToString(), "--key", directory.File("auditor.pem"), .. trust];
        Transcript whole = await CommandLine.Cli.RunAsync(["audit", "verify", $"{server.Address}v1/tasks/{task}", .. auditor]);
        Assert.True(whole.ExitCode == 0, whole.Output + whole.Diagnostics);
        Assert.Equal("passed", StatusOf(whole.Json, "sums"));
        Assert.Equal("passed", StatusOf(whole.Json, "budget"));

        Transcript fetched = await CommandLine.Cli.RunAsync(["audit", "fetch", server.Address.ToString(), "--task", task.ToString(), "--out", directory.File("copy"), .. auditor]);
        Assert.True(fetched.ExitCode == 0, fetched.Output + fetched.Diagnostics);
        Assert.Equal("passed", StatusOf(fetched.Json, "sums"));
        Transcript offline = await CommandLine.Cli.RunAsync("audit", "verify", directory.File("copy"), "--vkey", directory.File("vkey"), "--json");
        Assert.True(offline.ExitCode == 0, offline.Output);
        (await CommandLine.Cli.RunAsync(["audit", "fetch", server.Address.ToString(), "--task", task.ToString(), "--out", directory.File("copy"), .. auditor])).AssertFailure(1, "not-empty");
    }

    /// <summary>The copy holds the new roster, the report counts by role and names nobody, and a roster that was exchanged in the copy is found.</summary>
    [Fact]
    public async Task A_change_of_the_roster_is_fetched_replayed_and_reported()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(consortium);
        using TemporaryDirectory directory = new();
        Identifier task = await server.CreateTaskAsync(Definitions.Vector() with { Schedule = new() { TrainRounds = 1, GreatestFailures = 3 } });
        using HttpClient http = SignedHttpClient.Create(server.Address, server.Pin, consortium.Operator.Id, consortium.Operator.Key);
        await EnrolmentExtensions.RoundAsync(http, task, 1);
        Member newcomer = Member.Create(RosterRole.Client, "organisation 7");
        Roster next = consortium.Later(4, [consortium.Clients[6], consortium.Clients[7]], newcomer, Member.Create(RosterRole.Approver, "provider"));
        await server.OperatorApi().PublishRosterAsync(next.Bytes);
        await EnrolmentExtensions.AbortAsync(server.OperatorApi(), http, task, 1);
        Assert.Equal(next.Digest, await EnrolmentExtensions.RosterOfRoundAsync(http, task, 2));

        await SavePinAsync(server, task, directory.File("vkey"));
        File.WriteAllText(directory.File("authority"), Convert.ToBase64String(consortium.Authority.PublicKey.Span));
        SaveKey(consortium.Auditor.Key, directory.File("auditor.pem"));
        string[] trust = ["--vkey", directory.File("vkey"), "--authority", directory.File("authority"), "--json"];
        Transcript fetched = await CommandLine.Cli.RunAsync(
            ["audit", "fetch", server.Address.ToString(), "--task", task.ToString(), "--out", directory.File("copy"), "--certificate-pin", server.Pin, "--id", consortium.Auditor.Id.ToString(), "--key", directory.File("auditor.pem"), .. trust]);
        Assert.True(fetched.ExitCode == 0, fetched.Output + fetched.Diagnostics);
        Transcript report = await CommandLine.Cli.RunAsync(["audit", "report", directory.File("copy"), "--out", directory.File("report.html"), .. trust]);
        Assert.True(report.ExitCode == 0, report.Output + report.Diagnostics);
        JsonElement[] enrolment = [.. report.Json.GetProperty("enrolment").EnumerateArray()];
        Assert.Equal([consortium.Roster.Digest.ToString(), next.Digest.ToString()], enrolment.Select(e => e.GetProperty("roster").GetString()));
        Assert.Equal((0, 4), (enrolment[0].GetProperty("entry").GetInt32(), enrolment[1].GetProperty("sequence").GetInt32()));
        Assert.Equal(
            [("client", 1, 2), ("approver", 1, 0)],
            enrolment[1].GetProperty("changes").EnumerateObject().Select(c => (c.Name, c.Value.GetProperty("added").GetInt32(), c.Value.GetProperty("removed").GetInt32())));
        string html = File.ReadAllText(directory.File("report.html"));
        Assert.Contains("client: 1 added, 2 removed, approver: 1 added, 0 removed", html, StringComparison.Ordinal);
        Assert.All(next.Entries, e => Assert.DoesNotContain(e.Id.ToString(), html, StringComparison.Ordinal));

        File.WriteAllBytes(directory.File($"copy/blobs/{next.Digest}"), Roster.Create(4, next.Entries, consortium.ServerMember.Key).Bytes.ToArray());
        Transcript exchanged = await CommandLine.Cli.RunAsync(["audit", "verify", directory.File("copy"), .. trust]);
        Assert.Equal(3, exchanged.ExitCode);
        Assert.Equal((int)enrolment[1].GetProperty("entry").GetInt64(), exchanged.Json.GetProperty("fault").GetProperty("entry").GetInt32());
    }

    [Fact]
    public async Task A_client_is_not_shown_blobs_and_an_unknown_task_is_named()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(consortium);
        using TemporaryDirectory directory = new();
        Identifier task = await server.CreateTaskAsync(Definitions.Vector());
        await SavePinAsync(server, task, directory.File("vkey"));
        File.WriteAllText(directory.File("authority"), Convert.ToBase64String(consortium.Authority.PublicKey.Span));
        SaveKey(consortium.Clients[0].Key, directory.File("client.pem"));
        string[] trust = ["--vkey", directory.File("vkey"), "--authority", directory.File("authority"), "--certificate-pin", server.Pin, "--json"];
        (await CommandLine.Cli.RunAsync(["audit", "verify", server.Address.ToString(), "--task", task.ToString(), "--id", consortium.Clients[0].Id.ToString(), "--key", directory.File("client.pem"), .. trust])).AssertFailure(1, "wrong-role");
        (await CommandLine.Cli.RunAsync(["audit", "verify", server.Address.ToString(), "--task", Definitions.NewId(), .. trust])).AssertFailure(1, "unknown-task");
    }

    private static string? StatusOf(JsonElement json, string step) =>
        json.GetProperty("steps").EnumerateArray().Single(s => s.GetProperty("name").GetString() == step).GetProperty("status").GetString();

    private static async Task SavePinAsync(KestrelServer server, Identifier task, string path)
    {
        using HttpClient http = new(PinnedHandler.Create(server.Pin)) { BaseAddress = server.Address };
        await File.WriteAllTextAsync(path, await http.GetStringAsync(new Uri(Routes.TaskPart(task, "log/vkey"), UriKind.Relative)));
        for (int i = 0; i < 100 && !(await http.GetAsync(new Uri(Routes.TaskPart(task, "log/checkpoint"), UriKind.Relative))).IsSuccessStatusCode; i++)
            await Task.Delay(50);
    }

    private static void SaveKey(SigningKey key, string path)
    {
        byte[] scalar = new byte[P256.PrivateKeyBytes];
        key.ExportPrivateKey(scalar);
        using ECDsa platform = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            D = scalar,
            Q = new ECPoint { X = key.PublicKey.Span[1..33].ToArray(), Y = key.PublicKey.Span[33..].ToArray() },
        });
        File.WriteAllText(path, platform.ExportPkcs8PrivateKeyPem());
    }
}
