extern alias server;
using System.Diagnostics;
using System.Net;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;
using SecureFed.Server.Tasks;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Storage;
using server::SecureFed.Shared;

namespace SecureFed.Service.Tests.Crashes;

/// <summary>While logs cannot be written the server says that it is not ready, its log says why once, and everything that is stored can be read.</summary>
public sealed class ReadinessTests
{
    private const string CannotWrite = "the log cannot be written";
    private const string CanWrite = "the log can be written again";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task After_a_permanent_failure_the_server_is_not_ready_until_it_is_started_again_and_says_so_once()
    {
        bool isBroken = false;
        using LogLines log = new();
        await using StoredServer server = await StoredServer.CreateAsync();
        await server.StartAsync(
            new HookedCalls((call, path) =>
            {
                if (Volatile.Read(ref isBroken) && call == "Flush" && path.EndsWith("journal", StringComparison.Ordinal))
                    throw new FileCallException(call, FileCallException.InputOutput, "broken");
            }),
            logger: log);
        Identifier task = await server.CreateTaskAsync(Definitions.FedSgd(3, 0.1));
        using SteppedMember member = await SteppedMember.JoinAsync(server, 0, task);
        await AssertReadyAsync(server);

        Volatile.Write(ref isBroken, true);
        await member.PutAsync("keys", member.Advertisement()).AssertProblemAsync(HttpStatusCode.InsufficientStorage, "storage-unavailable");
        await AssertNotReadyAsync(server);
        Volatile.Write(ref isBroken, false);
        await Task.Delay(3500); // Three attempts.
        await AssertNotReadyAsync(server);
        await AssertReadableAsync(server, task);
        Assert.Equal(1, log.Count(CannotWrite));
        Assert.Equal(0, log.Count(CanWrite));

        await server.StopAsync();
        await server.StartAsync();
        await AssertReadyAsync(server);
        using HttpResponseMessage accepted = await member.PutAsync("keys", member.Advertisement());
        Assert.True(accepted.IsSuccessStatusCode, $"{accepted.StatusCode}");
    }

    [Fact]
    public async Task When_a_full_disk_has_room_again_the_server_is_ready_again_although_nobody_sends_it_anything()
    {
        bool isFull = false;
        using LogLines log = new();
        await using StoredServer server = await StoredServer.CreateAsync();
        await server.StartAsync(FullWhile(() => Volatile.Read(ref isFull)), logger: log);
        Identifier task = await server.CreateTaskAsync(Definitions.FedSgd(3, 0.1));
        using SteppedMember member = await SteppedMember.JoinAsync(server, 0, task);
        for (int episode = 1; episode <= 2; episode++)
        {
            Volatile.Write(ref isFull, true);
            await member.PutAsync("keys", member.Advertisement()).AssertProblemAsync(HttpStatusCode.InsufficientStorage, "storage-unavailable");
            await AssertNotReadyAsync(server);
            await Task.Delay(2500);
            await AssertNotReadyAsync(server);
            await AssertReadableAsync(server, task);
            Volatile.Write(ref isFull, false);
            Stopwatch recovery = Stopwatch.StartNew();
            while (!await IsReadyAsync(server))
                Assert.True(recovery.Elapsed < Patience, "Not ready again.");
            Assert.Equal((episode, episode), (log.Count(CannotWrite), log.Count(CanWrite)));
        }

        using HttpResponseMessage accepted = await member.PutAsync("keys", member.Advertisement());
        Assert.Equal(HttpStatusCode.Created, accepted.StatusCode);
    }

    [Fact]
    public async Task A_server_that_starts_on_a_full_disk_serves_reads_and_goes_on_when_there_is_room()
    {
        await using StoredServer server = await StoredServer.CreateAsync();
        await server.StartAsync();
        Identifier task = await server.CreateTaskAsync(Definitions.FedSgd(3, 0.1));
        using SteppedMember member = await SteppedMember.JoinAsync(server, 0, task);
        await server.StopAsync();

        bool isFull = true;
        await server.StartAsync(FullWhile(() => Volatile.Read(ref isFull)));
        await AssertReadableAsync(server, task);
        await member.PutAsync("keys", member.Advertisement()).AssertProblemAsync(HttpStatusCode.InsufficientStorage, "storage-unavailable");
        await AssertNotReadyAsync(server);
        await AssertReadableAsync(server, task);
        Volatile.Write(ref isFull, false);
        Stopwatch recovery = Stopwatch.StartNew();
        while (!await IsReadyAsync(server))
            Assert.True(recovery.Elapsed < Patience, "Not ready again.");
        using HttpResponseMessage accepted = await member.PutAsync("keys", member.Advertisement());
        Assert.Equal(HttpStatusCode.Created, accepted.StatusCode);
    }

    [Fact]
    public void A_failure_that_lasts_is_said_once_a_minute_and_every_change_at_once()
    {
        ShiftedTime time = new();
        using LogLines log = new();
        WriteHealth health = new(Stored.TaskId, "the log", time, log);
        StorageException full = new("full", isFull: true);
        for (int second = 0; second < 59; second++)
        {
            health.Failed(full);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(1, log.Count("(full)"));
        time.Advance(TimeSpan.FromSeconds(1));
        health.Failed(full);
        Assert.Equal(2, log.Count("(full)"));
        health.Failed(new StorageException("broken"));
        health.Failed(new StorageException("broken"));
        Assert.Equal(1, log.Count("(broken)"));
        Assert.True(health.IsFailing);
        health.Succeeded();
        health.Succeeded();
        Assert.Equal(1, log.Count("can be written again"));
        health.Failed(full);
        Assert.Equal(3, log.Count("(full)"));
    }

    private static HookedCalls FullWhile(Func<bool> isFull) => new(call =>
    {
        if (isFull() && call is ("Write" or "Rename" or "CreateDirectory"))
            throw new FileCallException(call, FileCallException.NoSpace, "full");
    });

    private static async Task<bool> IsReadyAsync(StoredServer server)
    {
        await Task.Delay(50);
        using HttpClient http = server.Unsigned();
        return (await http.GetAsync("/readyz")).IsSuccessStatusCode;
    }

    private static async Task AssertReadyAsync(StoredServer server)
    {
        using HttpClient http = server.Unsigned();
        Assert.Equal("ready", await http.GetStringAsync("/readyz"));
    }

    private static async Task AssertNotReadyAsync(StoredServer server)
    {
        using HttpClient http = server.Unsigned();
        await http.GetAsync("/readyz").AssertProblemAsync(HttpStatusCode.ServiceUnavailable, "storage-unavailable");
        Assert.Equal("ok", await http.GetStringAsync("/healthz")); // To be started again is of no use while the disk is full.
    }

    private static async Task AssertReadableAsync(StoredServer server, Identifier task)
    {
        using HttpClient http = server.HttpFor(server.Operator);
        Assert.NotNull((await (await http.GetAsync(Routes.Task(task))).ReadAsync<TaskView>()).Round);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(Routes.TaskPart(task, "log/checkpoint"))).StatusCode);
    }
}
