using System.Globalization;
using System.Text;
using SecureFed.Client;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;
using SecureFed.Service.Tests.CommandLine;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Crashes;

/// <summary>What <c>securefed server</c> does with a store that it cannot trust: it says why, ends with 1 and changes nothing.</summary>
[Collection("demo runs")]
public sealed class StartUpTests : IAsyncLifetime
{
    private const int Clients = 3;
    private StoredServer server = null!;
    private Identifier task;
    private byte[] young = [];

    private string TaskDirectory => Path.Combine(server.Store, "tasks", task.ToString());

    private string GuardPath => Path.Combine(server.Store, "guard", task.ToString());

    private string JournalPath => Path.Combine(TaskDirectory, "journal");

    public async ValueTask InitializeAsync()
    {
        server = await StoredServer.CreateAsync(Clients);
        await server.StartAsync();
        task = await server.CreateTaskAsync(Definitions.FedSgd(Clients, 0.1));
        using (HttpClient early = server.HttpFor(server.Clients[0]))
            await HandSteppedClient.WaitForRoundAsync(early, task);
        await server.StopAsync();
        young = await File.ReadAllBytesAsync(JournalPath);
        await server.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(i =>
            new SecureFedClient(server.HttpFor(server.Clients[i]), server.OptionsFor(i, task), TimeProvider.System).ContributeAsync(new double[] { 1, 0, 0 })));
        using HttpClient http = server.HttpFor(server.Operator);
        await Http.RoundResourceTests.FinishedAsync(http, task);
        await server.StopAsync();
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task A_journal_that_is_damaged_in_the_middle_is_refused_with_its_first_bad_entry()
    {
        byte[] journal = await File.ReadAllBytesAsync(JournalPath);
        journal[journal.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(JournalPath, journal);
        Assert.Matches("damaged in the middle: entry [0-9]+ ", await RefusedAsync());
    }

    [Fact]
    public async Task A_journal_whose_acknowledged_end_is_gone_is_refused()
    {
        byte[] journal = await File.ReadAllBytesAsync(JournalPath);
        await File.WriteAllBytesAsync(JournalPath, journal[..^1]);
        Assert.Contains("rolled back or its end is damaged", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_journal_that_has_lost_all_its_entries_is_refused()
    {
        byte[] journal = await File.ReadAllBytesAsync(JournalPath);
        await File.WriteAllBytesAsync(JournalPath, journal[..80]); // The header and a torn frame.
        Assert.Contains("holds 0 entries", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_journal_that_is_shorter_than_the_checkpoint_is_refused_though_the_guard_is_as_old()
    {
        await File.WriteAllBytesAsync(JournalPath, young);
        await WriteGuardAsync(1, default);
        Assert.Contains("rolled back", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_guard_that_is_ahead_is_refused()
    {
        await WriteGuardAsync(ReadGuard().Size + 1, default);
        Assert.Contains("rolled back", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tree_that_is_not_the_one_that_was_signed_is_refused()
    {
        await WriteGuardAsync(ReadGuard().Size, Digest.Of("another tree"u8));
        Assert.Contains("are not those that were signed", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_without_its_guard_is_refused()
    {
        File.Delete(GuardPath);
        Assert.Contains("guard", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_one_task_could_have_repaired_waits_until_all_tasks_can_be_trusted()
    {
        await server.StartAsync();
        Identifier other = await server.CreateTaskAsync(Definitions.FedSgd(Clients, 0.1));
        await server.StopAsync();
        Identifier[] tasks = [.. new[] { task, other }.Order()];
        string journal = Path.Combine(server.Store, "tasks", tasks[0].ToString(), "journal");
        byte[] first = await File.ReadAllBytesAsync(journal);
        await File.WriteAllBytesAsync(journal, [.. first, .. first[^100..^50]]); // A torn tail.
        await WriteGuardAsync(1000, default, tasks[1]);
        Assert.Contains($"The log of task {tasks[1]}", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_start_is_one_message_of_the_process_and_no_stack_trace()
    {
        await File.WriteAllBytesAsync(JournalPath, young);
        using ServerProcess refused = new(server.Keys, server.Store);
        refused.Start();
        Assert.Equal(1, await refused.ExitAsync());
        Assert.Contains("\"storage-unavailable\"", refused.Log, StringComparison.Ordinal);
        Assert.Contains("rolled back", refused.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", refused.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", refused.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_older_copy_of_the_store_under_a_newer_guard_is_refused()
    {
        await File.WriteAllBytesAsync(JournalPath, young);
        Directory.Delete(Path.Combine(TaskDirectory, "log"), recursive: true);
        Assert.Contains("rolled back", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("securefed store 2\n", "format 2")]
    [InlineData("something else\n", "is not the format file of a SecureFed store")]
    public async Task A_newer_or_foreign_format_is_refused(string content, string said)
    {
        await File.WriteAllTextAsync(Path.Combine(server.Store, "format"), content);
        Assert.Contains(said, await RefusedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_of_tasks_without_a_format_is_refused()
    {
        File.Delete(Path.Combine(server.Store, "format"));
        Assert.Contains("no 'format' file", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_servers_key_is_refused()
    {
        using TemporaryDirectory other = new();
        Assert.Equal(0, (await CommandLine.Cli.RunAsync("keys", "consortium", "--out", other.File("keys"), "--clients", "3")).ExitCode);
        Assert.Contains("another authority", await RefusedAsync(other.File("keys")), StringComparison.Ordinal);
        File.Delete(Path.Combine(server.Store, "roster")); // As in a store of before there was such a file.
        Assert.Contains("another key", await RefusedAsync(other.File("keys")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_another_process_uses_is_refused()
    {
        using ServerProcess first = new(server.Keys, server.Store);
        first.Start();
        await first.ReadyAsync();
        Assert.Contains("in use by another server process", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_torn_tail_and_changed_tiles_are_repaired_and_said()
    {
        byte[] journal = await File.ReadAllBytesAsync(JournalPath);
        await File.WriteAllBytesAsync(JournalPath, [.. journal, .. journal[^100..^50]]);
        string log = Path.Combine(TaskDirectory, "log");
        byte[] checkpoint = await File.ReadAllBytesAsync(Path.Combine(log, "checkpoint"));
        string tile = Directory.EnumerateFiles(Path.Combine(log, "tile", "0"), "*", SearchOption.AllDirectories).OrderByDescending(f => new FileInfo(f).Length).First();
        byte[] whole = await File.ReadAllBytesAsync(tile);
        whole[7] ^= 1;
        await File.WriteAllBytesAsync(tile, whole);
        whole[7] ^= 1;
        using ServerProcess repairing = new(server.Keys, server.Store);
        repairing.Start();
        await repairing.ReadyAsync();
        repairing.Kill();
        Assert.Contains("the last 50 bytes of the journal", repairing.Log, StringComparison.Ordinal);
        Assert.Contains("1 published files were missing or damaged and were computed again", repairing.Log, StringComparison.Ordinal);
        Assert.Equal(journal, await File.ReadAllBytesAsync(JournalPath));
        Assert.Equal(whole, await File.ReadAllBytesAsync(tile));
        Assert.Equal(checkpoint, await File.ReadAllBytesAsync(Path.Combine(log, "checkpoint")));
        await server.AuditAsync(task);
    }

    private async Task<string> RefusedAsync(string? keys = null)
    {
        Dictionary<string, string> before = FileDigests.Of(server.Store);
        string said = await FailedAsync(keys ?? server.Keys);
        Assert.Equal(before, FileDigests.Of(server.Store));
        return said;
    }

    private async Task<string> FailedAsync(string keys)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        Transcript transcript = await CommandLine.Cli.RunAsync(
            patience.Token,
            "server", "--json", "--store", server.Store, "--listen", "127.0.0.1:0", "--key", Path.Combine(keys, "server.pem"), "--roster", Path.Combine(keys, "roster.signed"), "--policy", Path.Combine(keys, "policy.json"));
        return transcript.AssertFailure(1, "storage-unavailable");
    }

    private LogGuard ReadGuard()
    {
        string[] lines = File.ReadAllLines(GuardPath);
        Assert.True(Digest.TryParse(lines[2], out Digest root));
        return new LogGuard(ulong.Parse(lines[1], CultureInfo.InvariantCulture), root);
    }

    private Task WriteGuardAsync(ulong size, Digest root, Identifier? ofTask = null)
    {
        string content = string.Create(CultureInfo.InvariantCulture, $"securefed guard 1\n{size}\n{root}\n");
        return File.WriteAllTextAsync(Path.Combine(server.Store, "guard", (ofTask ?? task).ToString()), $"{content}{Digest.Of(Encoding.ASCII.GetBytes(content))}\n");
    }
}
