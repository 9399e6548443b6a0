extern alias server;
using System.Net;
using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Storage;
using server::SecureFed.Shared;

namespace SecureFed.Service.Tests.Crashes;

/// <summary>Failures and retention in the moments when something else is under way.</summary>
public sealed class RaceTests
{
    private const int Clients = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task When_an_append_fails_all_that_was_folded_ahead_of_the_disk_is_undone_and_can_be_sent_again()
    {
        using ManualResetEventSlim begun = new();
        using ManualResetEventSlim failing = new();
        bool isArmed = false;
        await using StoredServer server = await StoredServer.CreateAsync(Clients);
        await server.StartAsync(new HookedCalls((call, path) =>
        {
            if (!Volatile.Read(ref isArmed) || call != "Write" || !path.EndsWith("journal", StringComparison.Ordinal))
                return;
            begun.Set();
            failing.Wait(Patience);
            Volatile.Write(ref isArmed, false);
            throw new FileCallException(call, FileCallException.NoSpace, "full");
        }));
        Identifier task = await server.CreateTaskAsync(Definitions.FedSgd(Clients, 0.1));
        List<SteppedMember> cohort = [];
        for (int i = 0; i < Clients; i++)
            cohort.Add(await SteppedMember.JoinAsync(server, i, task));
        ulong durable = server.HostOf(task).PublishedLog.EntryCount;

        Volatile.Write(ref isArmed, true);
        List<Task<HttpResponseMessage>> sent = [Task.Run(() => cohort[0].PutAsync("keys", cohort[0].Advertisement()))];
        Assert.True(begun.Wait(Patience));
        foreach (SteppedMember other in cohort.Skip(1))
            sent.Add(Task.Run(() => other.PutAsync("keys", other.Advertisement())));
        while (await server.HostOf(task).ReadAsync(state => state.EntryCount) < durable + Clients)
            await Task.Delay(5); // All of them are folded, none is durable.
        Task<HttpResponseMessage> repeat = Task.Run(() => cohort[0].PutAsync("keys", cohort[0].Advertisement())); // Waits for the first of its kind.
        await Task.Delay(200);
        Assert.All(sent, s => Assert.False(s.IsCompleted));
        Assert.Equal(durable, server.HostOf(task).PublishedLog.EntryCount);
        failing.Set();
        foreach (Task<HttpResponseMessage> refused in sent.Append(repeat))
            await refused.AssertProblemAsync(HttpStatusCode.InsufficientStorage, "storage-unavailable");
        Assert.Equal(durable, await server.HostOf(task).ReadAsync(state => state.EntryCount));

        await Task.Delay(1200); // The pause after a failure.
        List<byte[]> receipts = [];
        foreach (SteppedMember member in cohort)
        {
            using HttpResponseMessage accepted = await member.PutAsync("keys", member.Advertisement());
            Assert.Equal(HttpStatusCode.Created, accepted.StatusCode);
            receipts.Add(await accepted.Content.ReadAsByteArrayAsync());
        }

        await server.StopAsync();
        await server.StartAsync();
        for (int i = 0; i < Clients; i++)
        {
            using HttpResponseMessage again = await cohort[i].PutAsync("keys", cohort[i].Advertisement());
            Assert.Equal(HttpStatusCode.OK, again.StatusCode);
            Assert.Equal(receipts[i], await again.Content.ReadAsByteArrayAsync());
        }

        cohort.ForEach(m => m.Dispose());
        await server.StopAsync();
        await server.AuditAsync(task);
    }

    [Fact]
    public async Task Retention_beside_running_rounds_deletes_every_finished_round_and_nothing_else()
    {
        const int Rounds = 6;
        await using StoredServer server = await StoredServer.CreateAsync(Clients);
        Random random = new(11);
        await server.StartAsync(
            new HookedCalls(call =>
            {
                int pause;
                lock (random)
                    pause = random.Next(4) == 0 ? random.Next(25) : 0;
                if (call is ("Delete" or "Flush" or "FlushDirectory") && pause > 0)
                    Thread.Sleep(pause);
            }),
            retainedRounds: 0);
        Identifier task = await server.CreateTaskAsync(Definitions.FedSgd(Clients, 0.1) with { Schedule = new ScheduleDefinition { TrainRounds = Rounds, GreatestFailures = 0 } });
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async i =>
        {
            SecureFedClient client = new(server.HttpFor(server.Clients[i]), server.OptionsFor(i, task), TimeProvider.System);
            double[] update = [.. Enumerable.Range(0, Clients).Select(j => i == j ? 1.0 : 0.0)];
            for (int round = 0; round < Rounds; round++)
                Assert.Equal(RoundStatus.Contributed, (await client.ContributeAsync(update)).Status);
        }));
        using CancellationTokenSource patience = new(Patience);
        while (!await server.HostOf(task).ReadAsync(state => state.IsFinished && !state.Rounds.Any(r => state.HoldsVectors(r.RoundId)), patience.Token))
            await Task.Delay(20, patience.Token);
        await server.StopAsync();
        LogAudit audit = await server.AuditAsync(task);
        Assert.Equal("", audit.State.FinishReason);
        Assert.Equal(Rounds, audit.Sums.Count);
        Assert.All(audit.Sums, sum => Assert.Equal([1, 1, 1], sum));
        Assert.All(audit.State.Rounds, round => Assert.False(audit.State.HoldsVectors(round.RoundId)));
        Assert.Empty(Directory.GetFiles(Path.Combine(server.Store, "tasks", task.ToString()), "words-*"));
    }

    [Fact]
    public async Task A_creation_that_surely_stored_nothing_gives_its_budget_back()
    {
        bool isFull = false;
        await using StoredServer server = await StoredServer.CreateAsync(Clients);
        await server.StartAsync(new HookedCalls((call, path) =>
        {
            // The journal is made by writing beside it; only what is written to it afterwards fails.
            if (Volatile.Read(ref isFull) && call == "Write" && path.EndsWith("journal", StringComparison.Ordinal))
                throw new FileCallException(call, FileCallException.NoSpace, "full");
        }));
        string dataSet = Definitions.NewId();
        Volatile.Write(ref isFull, true);
        await AssertRefusedAsync(server, Definitions.Noisy(epsilon: 15, dataSet: dataSet), ErrorCodes.StorageUnavailable);
        Volatile.Write(ref isFull, false);
        await server.CreateTaskAsync(Definitions.Noisy(epsilon: 15, dataSet: dataSet));
        await AssertRefusedAsync(server, Definitions.Noisy(epsilon: 15, dataSet: dataSet), ErrorCodes.BudgetExhausted);
    }

    [Fact]
    public async Task A_creation_whose_store_fails_when_it_is_opened_can_be_repeated()
    {
        bool isBroken = true;
        await using StoredServer server = await StoredServer.CreateAsync(Clients);
        await server.StartAsync(new HookedCalls((call, path) =>
        {
            if (isBroken && call == "Flush" && path.EndsWith("journal", StringComparison.Ordinal))
                throw new FileCallException(call, FileCallException.InputOutput, "broken");
        }));
        TaskDefinition definition = Definitions.FedSgd(Clients, 0.1);
        await AssertRefusedAsync(server, definition, ErrorCodes.StorageUnavailable);
        isBroken = false;
        Assert.Equal(Identifier.Parse(definition.TaskId), await server.CreateTaskAsync(definition));
    }

    [Fact]
    public async Task A_creation_that_may_have_been_stored_keeps_its_budget_and_the_same_request_goes_on_with_it()
    {
        bool isBroken = false;
        bool isWritten = false;
        await using StoredServer server = await StoredServer.CreateAsync(Clients);
        await server.StartAsync(new HookedCalls((call, path) =>
        {
            if (!isBroken || !path.EndsWith("journal", StringComparison.Ordinal))
                return;
            isWritten |= call == "Write";
            if (isWritten && call == "Flush")
                throw new FileCallException(call, FileCallException.InputOutput, "broken");
        }));
        string dataSet = Definitions.NewId();
        TaskDefinition half = Definitions.Noisy(epsilon: 15, dataSet: dataSet);
        isBroken = true;
        await AssertRefusedAsync(server, half, ErrorCodes.StorageUnavailable);
        Assert.True(isWritten);
        isBroken = false;
        await AssertRefusedAsync(server, Definitions.Noisy(epsilon: 15, dataSet: dataSet), ErrorCodes.BudgetExhausted);
        Assert.Equal(Identifier.Parse(half.TaskId), await server.CreateTaskAsync(half));
        await server.StopAsync();
        await server.StartAsync();
        await AssertRefusedAsync(server, Definitions.Noisy(epsilon: 15, dataSet: dataSet), ErrorCodes.BudgetExhausted);
    }

    private static async Task AssertRefusedAsync(StoredServer server, TaskDefinition definition, string code) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<SecureFedException>(() => server.CreateTaskAsync(definition))).Code);
}
