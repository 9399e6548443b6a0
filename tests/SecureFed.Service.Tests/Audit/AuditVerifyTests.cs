using System.Text.Json;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.CommandLine;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Audit;

/// <summary><c>audit verify</c> on the directory that a demo leaves: an honest one is verified to the last sum, a damaged one is refused with the file's name.</summary>
public sealed class AuditVerifyTests(AuditedDemo demo) : IClassFixture<AuditedDemo>
{
    private static readonly string[] Steps = ["signature", "history", "tiles", "entries", "budget", "messages", "sums", "models"];

    /// <summary>A mistyped path is no verdict on a log.</summary>
    [Fact]
    public async Task A_directory_without_a_log_is_not_found_and_not_refuted()
    {
        using TemporaryDirectory empty = new();
        (await CommandLine.Cli.RunAsync("audit", "verify", empty.Path, "--json")).AssertFailure(1, "not-found");
        using TemporaryDirectory copy = demo.Copy();
        File.Delete(copy.File("log/checkpoint"));
        Assert.Equal(3, (await CommandLine.Cli.RunAsync("audit", "verify", copy.Path, "--json")).ExitCode);
    }

    [Fact]
    public void A_demo_verifies_its_own_log_and_leaves_every_promised_file()
    {
        JsonElement audit = demo.Transcript.Json.GetProperty("audit");
        Assert.True(audit.GetProperty("verified").GetBoolean());
        Assert.Equal((ulong)SignedTree.EntriesIn(demo.Directory).Count, audit.GetProperty("entries").GetUInt64());
        foreach (string file in (string[])["log/checkpoint", "log/vkey", "model.json", "privacy.json", "policy.json", "report.html", "server/format"])
            Assert.True(File.Exists(Path.Combine(demo.Directory, file)), file);
        Assert.Single(File.ReadAllLines(Path.Combine(demo.Directory, "log", "vkey")));
        Assert.Equal(5, Directory.GetDirectories(Path.Combine(demo.Directory, "clients")).Length);
        JsonElement model = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(demo.Directory, "model.json"))).RootElement;
        Assert.Equal(demo.Transcript.Json.GetProperty("model").GetProperty("parameters").GetRawText().Where(c => !char.IsWhiteSpace(c)), model.GetProperty("parameters").GetRawText().Where(c => !char.IsWhiteSpace(c)));
        JsonElement budget = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(demo.Directory, "privacy.json"))).RootElement;
        Assert.Equal(demo.Transcript.Json.GetProperty("privacy").GetProperty("epsilon").GetDouble(), budget.GetProperty("epsilonSpent").GetDouble());
    }

    [Fact]
    public async Task A_directory_that_holds_something_is_not_written_to()
    {
        using TemporaryDirectory full = new();
        File.WriteAllText(full.File("mine"), "mine");
        (await CommandLine.Cli.RunAsync("demo", "--json", "--out", full.Path)).AssertFailure(1, "not-empty");
        Assert.Equal([full.File("mine")], Directory.GetFileSystemEntries(full.Path));
    }

    [Fact]
    public async Task Pinned_keys_and_blobs_verify_everything_but_a_history_that_nobody_remembers()
    {
        Transcript verified = await CommandLine.Cli.RunAsync("audit", "verify", demo.Directory, "--vkey", Path.Combine(demo.Directory, "log", "vkey"), "--authority", Path.Combine(demo.Directory, "policy.json"), "--json");
        Assert.True(verified.ExitCode == 0, verified.Output);
        JsonElement json = verified.Json;
        Assert.Equal(
            ["schemaVersion", "verified", "place", "task", "origin", "entries", "root", "keyPinned", "steps", "rounds", "model", "recomputed", "budget", "fault", "error"],
            json.EnumerateObject().Select(p => p.Name));
        Assert.True(json.GetProperty("verified").GetBoolean() && json.GetProperty("keyPinned").GetBoolean());
        Assert.Equal(Steps, json.GetProperty("steps").EnumerateArray().Select(s => s.GetProperty("name").GetString()));
        Assert.Equal(["passed", "not-possible", .. Steps.Skip(2).Select(_ => "passed")], StatusesOf(json));
        JsonElement recomputed = json.GetProperty("recomputed");
        int rounds = json.GetProperty("rounds").GetInt32();
        Assert.Equal((rounds, 0), (recomputed.GetProperty("sums").GetInt32(), recomputed.GetProperty("sumsWithoutVectors").GetInt32()));
        Assert.InRange(recomputed.GetProperty("models").GetInt32(), 2, rounds);
        Assert.True(recomputed.GetProperty("messages").GetInt32() >= 4 * 5 * rounds);
        Assert.Equal(demo.Transcript.Json.GetProperty("privacy").GetProperty("epsilon").GetDouble(), json.GetProperty("budget").GetProperty("epsilonSpent").GetDouble());
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (json.GetProperty("fault").ValueKind, json.GetProperty("error").ValueKind));
    }

    [Fact]
    public async Task A_client_policy_alone_pins_server_and_authority_and_no_pin_is_said_to_be_none()
    {
        Transcript pinned = await CommandLine.Cli.RunAsync("audit", "verify", demo.Directory, "--authority", Path.Combine(demo.Directory, "policy.json"), "--json");
        Assert.True(pinned.ExitCode == 0 && pinned.Json.GetProperty("keyPinned").GetBoolean(), pinned.Output);
        Transcript loose = await CommandLine.Cli.RunAsync("audit", "verify", demo.Directory, "--json");
        Assert.True(loose.ExitCode == 0 && !loose.Json.GetProperty("keyPinned").GetBoolean(), loose.Output);
        Assert.Contains("was not pinned", loose.Json.GetProperty("steps")[0].GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_reads_a_table_and_a_verdict()
    {
        Transcript shown = await CommandLine.Cli.RunAsync("audit", "verify", demo.Directory);
        Assert.Equal(0, shown.ExitCode);
        Assert.All(Steps, step => Assert.Contains(step, shown.Output, StringComparison.Ordinal));
        Assert.Contains("Verified under a key that was not pinned", shown.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("log/checkpoint", "log/checkpoint")]
    [InlineData("log/tile/0", "log/tile/0")]
    [InlineData("log/tile/entries", "log/tile/entries")]
    [InlineData("blobs", null)]
    [InlineData("privacy.json", "privacy.json")]
    [InlineData("model.json", "model.json")]
    public async Task A_change_in_any_kind_of_file_is_found_and_the_file_is_named(string files, string? place)
    {
        using TemporaryDirectory copy = demo.Copy();
        string file = File.Exists(copy.File(files)) ? copy.File(files) : Directory.GetFiles(copy.File(files), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        byte[] bytes = File.ReadAllBytes(file);
        bytes[FirstDigit(file, bytes)] ^= 1;
        File.WriteAllBytes(file, bytes);
        JsonElement json = await AssertRefusedAsync(copy.Path);
        string named = place is null ? json.GetProperty("error").GetProperty("message").GetString()! : json.GetProperty("fault").GetProperty("place").GetString()!;
        Assert.Contains(place ?? Path.GetFileName(file), named, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("log/checkpoint")]
    [InlineData("log/tile/0")]
    [InlineData("log/tile/entries")]
    [InlineData("blobs")]
    public async Task A_missing_file_of_any_kind_is_found(string files)
    {
        using TemporaryDirectory copy = demo.Copy();
        string file = File.Exists(copy.File(files)) ? copy.File(files) : Directory.GetFiles(copy.File(files), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        File.Delete(file);
        await AssertRefusedAsync(copy.Path);
    }

    [Fact]
    public async Task Without_blobs_the_entries_are_judged_and_the_rest_is_said_to_be_impossible()
    {
        using TemporaryDirectory copy = demo.Copy();
        Directory.Delete(copy.File("blobs"), recursive: true);
        Transcript verified = await CommandLine.Cli.RunAsync("audit", "verify", copy.Path, "--json");
        Assert.True(verified.ExitCode == 0, verified.Output);
        Assert.Equal(["passed", "not-possible", "passed", "passed", "not-possible", "not-possible", "not-possible", "not-possible"], StatusesOf(verified.Json));
    }

    [Fact]
    public async Task The_servers_own_data_directory_can_be_verified_too()
    {
        Transcript verified = await CommandLine.Cli.RunAsync("audit", "verify", Path.Combine(demo.Directory, "server"), "--vkey", Path.Combine(demo.Directory, "log", "vkey"), "--json");
        Assert.True(verified.ExitCode == 0, verified.Output);
        Assert.Equal(SignedTree.TaskIn(demo.Directory).ToString(), verified.Json.GetProperty("task").GetString());
    }

    [Fact]
    public async Task Another_key_another_authority_and_no_key_are_refused()
    {
        using TemporaryDirectory copy = demo.Copy();
        using TemporaryDirectory others = new();
        SignedTree other = new(SignedTree.TaskIn(copy.Path), others.Path);
        other.Write(SignedTree.EntriesIn(copy.Path));
        Transcript foreign = await CommandLine.Cli.RunAsync("audit", "verify", copy.Path, "--vkey", other.VerifierKeyFile, "--json");
        Assert.Equal((3, ErrorCodes.CheckpointUntrusted), (foreign.ExitCode, foreign.Json.GetProperty("error").GetProperty("code").GetString()));
        Assert.Equal("failed", StatusesOf(foreign.Json)[0]);

        byte[] stranger = Member.Create(Protocol.Identity.RosterRole.Client, "nobody").Key.PublicKey.ToArray();
        File.WriteAllText(others.File("authority"), Convert.ToBase64String(stranger));
        Transcript roster = await CommandLine.Cli.RunAsync("audit", "verify", copy.Path, "--authority", others.File("authority"), "--json");
        Assert.Equal(3, roster.ExitCode);
        Assert.Contains("not signed by the given authority", roster.Json.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);

        File.Delete(copy.File("log/vkey"));
        Assert.Equal(3, (await CommandLine.Cli.RunAsync("audit", "verify", copy.Path, "--json")).ExitCode);
    }

    [Fact]
    public async Task A_log_must_continue_the_checkpoint_of_the_last_visit()
    {
        using TemporaryDirectory copy = demo.Copy();
        IReadOnlyList<byte[]> entries = SignedTree.EntriesIn(copy.Path);
        SignedTree tree = new(SignedTree.TaskIn(copy.Path), copy.Path);
        string since = copy.File("visit");
        File.WriteAllBytes(since, tree.Write(entries.Take(40)));
        tree.Write(entries);
        File.Copy(tree.VerifierKeyFile, copy.File("pinned"));

        string[] visit = ["audit", "verify", copy.Path, "--vkey", copy.File("pinned"), "--since", since, "--save", since, "--json"];
        Transcript grown = await CommandLine.Cli.RunAsync(visit);
        Assert.True(grown.ExitCode == 0, grown.Output);
        Assert.Equal("passed", StatusesOf(grown.Json)[1]);
        Assert.Equal(File.ReadAllBytes(copy.File("log/checkpoint")), File.ReadAllBytes(since));

        tree.Write(entries.Take(entries.Count - 1));
        Transcript truncated = await CommandLine.Cli.RunAsync(visit);
        Assert.Equal((3, ErrorCodes.HistoryRewritten), (truncated.ExitCode, truncated.Json.GetProperty("error").GetProperty("code").GetString()));
        Assert.Equal("failed", StatusesOf(truncated.Json)[1]);
        Assert.NotEqual(File.ReadAllBytes(copy.File("log/checkpoint")), File.ReadAllBytes(since));
    }

    [Fact]
    public async Task A_history_that_is_signed_but_illegal_is_refused_with_its_entry()
    {
        using TemporaryDirectory copy = demo.Copy();
        List<byte[]> entries = [.. SignedTree.EntriesIn(copy.Path)];
        int place = entries.FindIndex(e => LogEntry.TryDecode(e, out LogEntry? entry) && entry!.Event is TaskEvent.ListPublished { Kind: EventType.SurvivorsListed });
        entries.Insert(place + 1, entries[place]);
        new SignedTree(SignedTree.TaskIn(copy.Path), copy.Path).Write(entries);
        JsonElement json = await AssertRefusedAsync(copy.Path);
        Assert.Equal(ErrorCodes.IllegalEntry, json.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal((ulong)place + 1, json.GetProperty("fault").GetProperty("entry").GetUInt64());
        Assert.Equal(["passed", "not-possible", "passed", "failed", "not-reached", "not-reached", "not-reached", "not-reached"], StatusesOf(json));
    }

    /// <summary>The entries alone cannot tell: only the sum over the blobs does.</summary>
    [Fact]
    public async Task A_sum_that_is_off_by_one_in_one_coordinate_is_refused()
    {
        using TemporaryDirectory copy = demo.Copy();
        byte[][] entries = [.. SignedTree.EntriesIn(copy.Path)];
        int place = Array.FindIndex(entries, e => LogEntry.TryDecode(e, out LogEntry? entry) && entry!.Event is TaskEvent.RoundClosed);
        Assert.True(LogEntry.TryDecode(entries[place], out LogEntry? honest));
        TaskEvent.RoundClosed closed = (TaskEvent.RoundClosed)honest!.Event;
        byte[] sum = File.ReadAllBytes(copy.File($"blobs/{closed.AggregateDigest}"));
        sum[^1] ^= 1;
        File.WriteAllBytes(copy.File($"blobs/{Digest.Of(sum)}"), sum);
        entries[place] = new LogEntry(honest.TaskId, closed with { AggregateDigest = Digest.Of(sum) }).Encode();
        new SignedTree(honest.TaskId, copy.Path).Write(entries);
        JsonElement json = await AssertRefusedAsync(copy.Path);
        Assert.Equal((ulong)place, json.GetProperty("fault").GetProperty("entry").GetUInt64());
        Assert.Equal(["passed", "passed", "failed"], new[] { 0, 3, 6 }.Select(i => StatusesOf(json)[i]).ToArray());
    }

    [Fact]
    public async Task A_log_of_another_task_does_not_pass_for_this_one()
    {
        using TemporaryDirectory copy = demo.Copy();
        new SignedTree(Identifier.Parse(Definitions.NewId()), copy.Path).Write(SignedTree.EntriesIn(copy.Path));
        JsonElement json = await AssertRefusedAsync(copy.Path);
        Assert.Equal(ErrorCodes.CheckpointUntrusted, json.GetProperty("error").GetProperty("code").GetString());
    }

    [Theory]
    [InlineData(1, "not-found", "no-such-directory")]
    [InlineData(2, "bad-usage", "https://localhost:1")]
    [InlineData(2, "bad-usage", "http://localhost:1")]
    public async Task A_place_that_is_none_is_refused(int exitCode, string code, string place) => (await CommandLine.Cli.RunAsync("audit", "verify", place, "--json")).AssertFailure(exitCode, code);

    private static async Task<JsonElement> AssertRefusedAsync(string directory)
    {
        Transcript refused = await CommandLine.Cli.RunAsync("audit", "verify", directory, "--json");
        Assert.True(refused.ExitCode == 3, refused.Output + refused.Diagnostics);
        JsonElement json = refused.Json;
        Assert.False(json.GetProperty("verified").GetBoolean());
        Assert.Contains("failed", StatusesOf(json));
        Assert.Equal(["code", "message", "hint"], json.GetProperty("error").EnumerateObject().Select(p => p.Name));
        Assert.Equal(3, (await CommandLine.Cli.RunAsync("audit", "verify", directory)).ExitCode);
        return json;
    }

    private static string[] StatusesOf(JsonElement json) => [.. json.GetProperty("steps").EnumerateArray().Select(s => s.GetProperty("status").GetString()!)];

    /// <summary>In a text a digit, so that it still parses; else some byte in the middle.</summary>
    private static int FirstDigit(string file, byte[] bytes)
    {
        if (!file.EndsWith(".json", StringComparison.Ordinal))
            return bytes.Length / 2;
        string text = System.Text.Encoding.UTF8.GetString(bytes);
        int start = text.IndexOf(file.EndsWith("model.json", StringComparison.Ordinal) ? "\"parameters\"" : "\"epsilonSpent\"", StringComparison.Ordinal);
        return text.IndexOf('.', start) + 1;
    }
}
