using System.Security.Cryptography;
using System.Text.Json;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.CommandLine;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Http;

namespace SecureFed.Service.Tests.Approvals;

/// <summary>task change, approve and changes against a server on disk, over a restart, to the auditor's report.</summary>
public sealed class ChangeCommandTests(TestConsortium consortium)
{
    [Fact]
    public async Task Start_raise_and_extension_are_approved_on_the_command_line_survive_a_restart_and_stand_in_the_audit()
    {
        using TemporaryDirectory directory = new();
        (string store, string dataSet) = (directory.File("store"), Definitions.NewId());
        File.WriteAllText(directory.File("policy.json"), $$"""{ "rosterAuthorityKey": "{{Base64(consortium.Authority)}}", "serverKey": "{{Base64(consortium.ServerMember.Key)}}" }""");
        foreach ((Member member, string name) in new[] { (consortium.Operator, "operator"), (consortium.Approver, "approver"), (consortium.InsideApprover, "inside"), (consortium.Auditor, "auditor") })
            SaveKey(member.Key, directory.File(name + ".pem"));
        Identifier task;
        await using (KestrelServer server = await KestrelServer.StartAsync(consortium, store))
        {
            task = await server.CreateTaskAsync(Definitions.Noisy(dataSet: dataSet) with { RequiresApproval = true });
            string[] asOperator = As(consortium.Operator, "operator", server);
            string[] asApprover = [.. As(consortium.Approver, "approver", server), "--policy", directory.File("policy.json")];
            Assert.Equal(0, (await CommandLine.Cli.RunAsync(["task", "changes", .. asOperator])).Json.GetProperty("changes").GetArrayLength());
            (await CommandLine.Cli.RunAsync(["task", "change", "--reason", "why", .. asOperator])).AssertFailure(2, "bad-usage");
            (await CommandLine.Cli.RunAsync(["task", "change", "--start", "--epsilon", "9", "--reason", "why", .. asOperator])).AssertFailure(2, "bad-usage");
            (await CommandLine.Cli.RunAsync(["task", "change", "--start", "--reason", "", .. asOperator])).AssertFailure(2, "bad-usage");
            (await CommandLine.Cli.RunAsync(["task", "change", "--epsilon", "3", "--reason", "less", .. asOperator])).AssertFailure(1, "approval-invalid");
            (await CommandLine.Cli.RunAsync(["task", "change", "--start", "--reason", "why", .. As(consortium.Approver, "approver", server)])).AssertFailure(1, "wrong-role");

            string start = await RequestAsync(asOperator, "--start");
            (await CommandLine.Cli.RunAsync(["task", "approve", "--change", start, "--policy", directory.File("policy.json"), .. asOperator])).AssertFailure(1, "wrong-role");
            (await CommandLine.Cli.RunAsync(["task", "approve", "--change", start, "--policy", directory.File("policy.json"), .. As(consortium.InsideApprover, "inside", server)])).AssertFailure(1, "approval-invalid");
            (await CommandLine.Cli.RunAsync(["task", "approve", "--change", start, "--request-digest", new string('0', 64), .. asApprover])).AssertFailure(1, "approval-invalid");
            (await CommandLine.Cli.RunAsync(["task", "approve", "--change", Definitions.NewId(), .. asApprover])).AssertFailure(1, "unknown-resource");
            (await CommandLine.Cli.RunAsync(["task", "change", "--train-rounds", "2", "--reason", "before the raise", .. asOperator])).AssertFailure(1, "approval-invalid");
            foreach (string[] what in (string[][])[[], ["--epsilon", "7.5"], ["--train-rounds", "2"]])
            {
                string change = what.Length == 0 ? start : await RequestAsync(asOperator, what);
                Transcript approved = await CommandLine.Cli.RunAsync(["task", "approve", "--change", change, .. asApprover]);
                Assert.True(approved.ExitCode == 0, approved.Output + approved.Diagnostics);
                Assert.Equal(consortium.Approver.Id.ToString(), approved.Json.GetProperty("change").GetProperty("approver").GetString());
            }

            string text = (await CommandLine.Cli.RunAsync(["task", "changes", .. asOperator[..^1]])).Output;
            Assert.Contains("RaiseBudget 7.5: approved by " + consortium.Approver.Id, text, StringComparison.Ordinal);
        }

        // What was acknowledged is there after a restart.
        await using KestrelServer again = await KestrelServer.StartAsync(consortium, store);
        JsonElement[] changes = [.. (await CommandLine.Cli.RunAsync(["task", "changes", .. As(consortium.Operator, "operator", again)])).Json.GetProperty("changes").EnumerateArray()];
        Assert.Equal(["start", "raise-budget", "extend-schedule"], changes.Select(c => c.GetProperty("kind").GetString()));
        Assert.All(changes, c => Assert.NotEqual(JsonValueKind.Null, c.GetProperty("approvalEntry").ValueKind));
        Protocol.Errors.SecureFedException full = await Assert.ThrowsAsync<Protocol.Errors.SecureFedException>(() => again.CreateTaskAsync(Definitions.Noisy(epsilon: 12.6, dataSet: dataSet))); // Of 20, 7.5 are taken.
        Assert.Equal("budget-exhausted", full.Code);
        for (int round = 1; round <= 2; round++)
            await Task.WhenAll(Enumerable.Range(0, 3).Select(i => again.ClientFor(i, task, again.Pin).ContributeAsync(new double[] { 1, 2, 3, 4 })));
        for (int i = 0; i < 400 && !(await again.OperatorApi().GetTaskAsync(task)).Finished; i++)
            await Task.Delay(25);
        TaskView finished = await again.OperatorApi().GetTaskAsync(task);
        Assert.Equal((true, "", 2, 2, 3), (finished.Finished, finished.FinishReason, finished.CompletedRounds, finished.ScheduledRounds, finished.ApprovedChanges));

        string[] audit = [again.Address.ToString(), "--task", task.ToString(), "--authority", directory.File("policy.json"), "--certificate-pin", again.Pin, "--id", consortium.Auditor.Id.ToString(), "--key", directory.File("auditor.pem"), "--json"];
        Transcript verified = await CommandLine.Cli.RunAsync(["audit", "verify", .. audit]);
        Assert.True(verified.ExitCode == 0, verified.Output + verified.Diagnostics);
        BudgetView published = await again.OperatorApi().GetBudgetAsync(task);
        JsonElement budget = verified.Json.GetProperty("budget");
        Assert.Equal((7.5, published.EpsilonSpent), (budget.GetProperty("epsilon").GetDouble(), budget.GetProperty("epsilonSpent").GetDouble()));
        Assert.InRange(published.EpsilonSpent, 4.01, 7.5);
        Transcript report = await CommandLine.Cli.RunAsync(["audit", "report", "--out", directory.File("report.html"), .. audit]);
        JsonElement[] approvals = [.. report.Json.GetProperty("approvals").EnumerateArray()];
        Assert.Equal(["start", "raise-budget", "extend-schedule"], approvals.Select(a => a.GetProperty("kind").GetString()));
        Assert.Equal(changes.Select(c => c.GetProperty("approvalEntry").GetUInt64()), approvals.Select(a => a.GetProperty("approvalEntry").GetUInt64()));
        Assert.Contains("another organisation", report.Json.GetProperty("approvalNote").GetString(), StringComparison.Ordinal);
        string html = File.ReadAllText(directory.File("report.html"));
        foreach (string words in new[] { "the privacy budget is raised to epsilon 7.5", "the schedule is extended to 2 training rounds", consortium.Approver.Id.ToString(), "agreed in the board" })
            Assert.Contains(words, html, StringComparison.Ordinal);
        Transcript fetched = await CommandLine.Cli.RunAsync(["audit", "fetch", "--out", directory.File("copy"), .. audit]);
        Assert.True(fetched.ExitCode == 0, fetched.Output + fetched.Diagnostics);

        string[] As(Member member, string key, KestrelServer server) =>
            ["--task", task.ToString(), "--server", server.Address.ToString(), "--certificate-pin", server.Pin, "--id", member.Id.ToString(), "--key", directory.File(key + ".pem"), "--json"];
    }

    [Fact]
    public async Task A_trial_consortium_has_approvers_of_organisations_of_their_own()
    {
        using TemporaryDirectory directory = new();
        foreach ((string[] option, int expected) in new[] { (Array.Empty<string>(), 1), (["--approvers", "0"], 0), (["--approvers", "3"], 3) })
        {
            string keys = directory.File($"keys {expected}");
            Transcript made = await CommandLine.Cli.RunAsync(["keys", "consortium", "--out", keys, "--clients", "3", "--json", .. option]);
            Assert.Equal((0, expected), (made.ExitCode, made.Json.GetProperty("approvers").GetInt32()));
            JsonElement[] members = [.. JsonDocument.Parse(File.ReadAllText(Path.Combine(keys, "roster.json"))).RootElement.GetProperty("members").EnumerateArray()];
            string[] organisations = [.. members.Where(m => m.GetProperty("role").GetString() == "approver").Select(m => m.GetProperty("organisation").GetString()!)];
            Assert.Equal(expected, organisations.Distinct(StringComparer.Ordinal).Count());
            Assert.All(organisations, o => Assert.Single(members, m => m.GetProperty("organisation").GetString() == o));
            Assert.Equal(expected, Directory.GetFiles(keys, "approver-*.pem").Length);
        }

        (await CommandLine.Cli.RunAsync("keys", "consortium", "--out", directory.File("more"), "--approvers", "101", "--json")).AssertFailure(2, "bad-usage");
    }

    private static async Task<string> RequestAsync(string[] asOperator, params string[] what)
    {
        Transcript asked = await CommandLine.Cli.RunAsync(["task", "change", .. what, "--reason", "agreed in the board", .. asOperator]);
        Assert.True(asked.ExitCode == 0, asked.Output + asked.Diagnostics);
        return asked.Json.GetProperty("change").GetProperty("changeId").GetString()!;
    }

    private static string Base64(SigningKey key) => Convert.ToBase64String(key.PublicKey.Span);

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
