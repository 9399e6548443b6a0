using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Crashes;

/// <summary>Where the rollback guard is: it moves to a directory that is configured later, and a store that comes without it is refused until the operator says otherwise.</summary>
public sealed class GuardPlaceTests : IAsyncLifetime
{
    private StoredServer server = null!;
    private Identifier task;

    private string Inside => Path.Combine(server.Store, "guard", task.ToString());

    private string Outside => Path.Combine(server.PathOf("guards"), task.ToString());

    public async ValueTask InitializeAsync()
    {
        server = await StoredServer.CreateAsync();
        await server.StartAsync();
        task = await server.CreateTaskAsync(Definitions.FedSgd(3, 0.1));
        using (HttpClient client = server.HttpFor(server.Clients[0]))
            await HandSteppedClient.WaitForRoundAsync(client, task); // Nothing happens by itself from here on.
        await server.StopAsync();
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task The_guard_of_an_existing_store_moves_to_a_directory_that_is_configured_for_the_first_time()
    {
        string guard = await File.ReadAllTextAsync(Inside);
        await RunAsync(server.PathOf("guards"));
        Assert.False(File.Exists(Inside));
        Assert.Equal(guard, await File.ReadAllTextAsync(Outside));
        await RunAsync(server.PathOf("guards"));
    }

    [Fact]
    public async Task A_store_that_was_guarded_elsewhere_is_refused_without_that_guard()
    {
        await RunAsync(server.PathOf("guards"));
        Assert.Contains("--renew-guard", (await RefusedAsync(null)).Message, StringComparison.Ordinal);
        Assert.Contains("--renew-guard", (await RefusedAsync(server.PathOf("other"))).Message, StringComparison.Ordinal);
        Directory.Move(server.PathOf("guards"), server.PathOf("moved"));
        await RunAsync(server.PathOf("moved"));
    }

    [Fact]
    public async Task An_operator_who_has_lost_the_guard_for_good_begins_a_new_one()
    {
        string guard = await File.ReadAllTextAsync(Inside);
        File.Delete(Inside);
        await RefusedAsync(null);
        await RunAsync(null, renewsGuard: true);
        Assert.Equal(guard, await File.ReadAllTextAsync(Inside));
        await RunAsync(null);
    }

    [Fact]
    public async Task A_copy_of_the_store_from_before_the_guard_moved_is_refused_beside_the_guard()
    {
        byte[] young = await File.ReadAllBytesAsync(JournalPath);
        string guard = await File.ReadAllTextAsync(Inside);
        byte[] checkpoint = await File.ReadAllBytesAsync(CheckpointPath);
        await server.StartAsync(guards: server.PathOf("guards"));
        await server.HostOf(task).TryAbortAsync(await server.HostOf(task).ReadAsync(s => s.Round!.Parameters.RoundId));
        await server.StopAsync();
        Assert.NotEqual(guard, await File.ReadAllTextAsync(Outside));
        await File.WriteAllBytesAsync(JournalPath, young);
        await File.WriteAllTextAsync(Inside, guard);
        await File.WriteAllBytesAsync(CheckpointPath, checkpoint);
        Assert.Contains("rolled back", (await RefusedAsync(server.PathOf("guards"))).Message, StringComparison.Ordinal);
        Assert.Contains("rolled back", (await RefusedAsync(server.PathOf("guards"), renewsGuard: true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_guards_over_trees_of_one_size_are_refused()
    {
        string[] lines = await File.ReadAllLinesAsync(Inside);
        string content = $"{lines[0]}\n{lines[1]}\n{Digest.Of("another tree"u8)}\n";
        Directory.CreateDirectory(server.PathOf("guards"));
        await File.WriteAllTextAsync(Outside, $"{content}{Digest.Of(System.Text.Encoding.ASCII.GetBytes(content))}\n");
        Assert.Contains("name two trees", (await RefusedAsync(server.PathOf("guards"))).Message, StringComparison.Ordinal);
    }

    private string JournalPath => Path.Combine(server.Store, "tasks", task.ToString(), "journal");

    private string CheckpointPath => Path.Combine(server.Store, "tasks", task.ToString(), "log", "checkpoint");

    private async Task RunAsync(string? guards, bool renewsGuard = false)
    {
        await server.StartAsync(guards: guards, renewsGuard: renewsGuard);
        await server.StopAsync();
    }

    private async Task<StorageException> RefusedAsync(string? guards, bool renewsGuard = false)
    {
        string[] places = [server.Store, .. Directory.Exists(server.PathOf("guards")) ? [server.PathOf("guards")] : Array.Empty<string>()];
        Dictionary<string, string> before = FileDigests.Of(places);
        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => server.StartAsync(guards: guards, renewsGuard: renewsGuard));
        Assert.Equal(before, FileDigests.Of(places));
        return refused;
    }
}
