using System.Net;
using SecureFed.Client;
using SecureFed.Client.Holding;
using SecureFed.Client.Http;
using SecureFed.Client.Log;
using SecureFed.Client.Rounds;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Enrolment;

namespace SecureFed.Service.Tests.Storage;

/// <summary>Whole rounds over several servers on one database: clients do not notice which of them answers, nor that the database restarts.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ReplicaServiceTests(PostgresCluster cluster, TestConsortium consortium)
{
    private const int Clients = 5;
    private const int Rounds = 3;

    [Fact]
    public async Task Clients_of_two_replicas_finish_a_task_together()
    {
        await cluster.CreateDatabaseAsync();
        await using KestrelServer first = await KestrelServer.StartAsync(consortium, cluster.UriOf());
        await using KestrelServer second = await KestrelServer.StartAsync(consortium, cluster.UriOf());
        Identifier task = await first.CreateTaskAsync(Definition());
        await WaitForTaskAsync(second, task);

        ModelState[] models = await RunAsync(task, i => i < 3 ? first : second, () => Task.CompletedTask);

        AssertEveryUpdateCountedOnce(models);
        TaskView[] views = [await first.OperatorApi().GetTaskAsync(task), await second.OperatorApi().GetTaskAsync(task)];
        Assert.All(views, view => Assert.True(view.Finished));
        Assert.Equal(views[0].Entries, views[1].Entries);
    }

    /// <summary>Every answer is held against the size that its request named, so one from a replica that lags would be an accusation.</summary>
    [Fact]
    public async Task Clients_that_change_replicas_with_every_request_are_shown_one_log_that_only_grows()
    {
        await cluster.CreateDatabaseAsync();
        await using KestrelServer first = await KestrelServer.StartAsync(consortium, cluster.UriOf());
        await using KestrelServer second = await KestrelServer.StartAsync(consortium, cluster.UriOf());
        Identifier task = await first.CreateTaskAsync(Definition());
        await WaitForTaskAsync(second, task);
        MemoryLogMemory[] memories = [.. Enumerable.Range(0, Clients).Select(_ => new MemoryLogMemory())];

        ModelState[] models = await Task.WhenAll(Enumerable.Range(0, Clients).Select(i => RunClientAsync(AlternatingClient(i), i))).WaitAsync(TimeSpan.FromMinutes(2));

        AssertEveryUpdateCountedOnce(models);
        Assert.All(memories, memory => Assert.Empty(memory.Evidence));

        SecureFedClient AlternatingClient(int i)
        {
            SecureFedClientOptions options = consortium.OptionsFor(i, task);
            options.LogMemory = memories[i];
            HttpClient[] servers = [.. new[] { first, second }.Select(s => SignedHttpClient.Create(s.Address, s.Pin, options.ClientId, options.Signer!))];
            return new SecureFedClient(new HttpClient(new AlternatingHandler(servers)) { BaseAddress = first.Address }, options, TimeProvider.System);
        }
    }

    /// <summary>The leader invites clients that have only ever asked the other replica.</summary>
    [Fact]
    public async Task An_encrypted_task_finds_its_clients_and_key_holders_at_two_replicas()
    {
        using TestConsortium encrypting = new(null, null, keyHolders: 5);
        await cluster.CreateDatabaseAsync();
        await using KestrelServer first = await KestrelServer.StartAsync(encrypting, cluster.UriOf());
        await using KestrelServer second = await KestrelServer.StartAsync(encrypting, cluster.UriOf());
        DeadlineDefinition deadlines = Definition().Deadlines with { PhaseMilliseconds = 5_000 }; // Four of five holders suffice, so one that is slow costs no more.
        Identifier task = await first.CreateTaskAsync(Definition() with { Protection = ProtectionKind.Encryption, Deadlines = deadlines });
        await WaitForTaskAsync(second, task);
        Task[] holders = [.. Enumerable.Range(0, 5).Select(i => HolderAt(i % 2 == 0 ? first : second, i).RunAsync())];

        Task<ModelState>[] clients = [.. Enumerable.Range(0, Clients).Select(i => RunClientAsync(ClientAt(i < 3 ? first : second, i), i))];

        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(2));
        await foreach (Task ended in Task.WhenEach([.. holders, .. clients]).WithCancellation(patience.Token))
            await ended;
        AssertEveryUpdateCountedOnce(await Task.WhenAll(clients));

        SecureFedClient ClientAt(KestrelServer server, int i)
        {
            SecureFedClientOptions options = encrypting.OptionsFor(i, task);
            options.Policy = encrypting.EncryptionPolicy;
            return new SecureFedClient(SignedHttpClient.Create(server.Address, server.Pin, options.ClientId, options.Signer!), options, TimeProvider.System);
        }

        SecureFedKeyHolder HolderAt(KestrelServer server, int i)
        {
            (Identifier id, ISigner key) = (encrypting.KeyHolders[i].Id, encrypting.KeyHolders[i].Key);
            SecureFedKeyHolderOptions options = new() { ServerAddress = server.Address, TaskId = task, HolderId = id, Signer = key, Policy = encrypting.EncryptionPolicy };
            return new SecureFedKeyHolder(SignedHttpClient.Create(server.Address, server.Pin, id, key), options, TimeProvider.System);
        }
    }

    [Fact]
    public async Task A_replica_takes_over_when_the_leader_is_gone()
    {
        await cluster.CreateDatabaseAsync();
        KestrelServer first = await KestrelServer.StartAsync(consortium, cluster.UriOf());
        Identifier task = await first.CreateTaskAsync(Definition());
        await using KestrelServer second = await KestrelServer.StartAsync(consortium, cluster.UriOf());
        await first.DisposeAsync();

        ModelState[] models = await RunAsync(task, _ => second, () => Task.CompletedTask);

        AssertEveryUpdateCountedOnce(models);
    }

    [Fact]
    public async Task A_database_that_restarts_in_the_middle_of_a_round_costs_no_update()
    {
        await cluster.CreateDatabaseAsync();
        await using KestrelServer server = await KestrelServer.StartAsync(consortium, cluster.UriOf());
        Identifier task = await server.CreateTaskAsync(Definition());

        ModelState[] models = await RunAsync(task, _ => server, async () =>
        {
            for (int i = 0; i < 3; i++)
            {
                await Task.Delay(400);
                await cluster.RestartAsync();
            }
        });

        AssertEveryUpdateCountedOnce(models);
    }

    /// <summary>The replica that was not asked hears of it; the task's next round waits for it whichever of them leads; and who starts with the old file goes on with the new roster.</summary>
    [Fact]
    public async Task A_roster_published_through_one_replica_is_in_force_on_all_of_them()
    {
        await cluster.CreateDatabaseAsync();
        await using KestrelServer first = await KestrelServer.StartAsync(consortium, cluster.UriOf());
        await using KestrelServer second = await KestrelServer.StartAsync(consortium, cluster.UriOf());
        Identifier task = await first.CreateTaskAsync(Definition());
        await WaitForTaskAsync(second, task);
        using HttpClient http = SignedHttpClient.Create(second.Address, second.Pin, consortium.Operator.Id, consortium.Operator.Key);
        using HttpClient removed = SignedHttpClient.Create(second.Address, second.Pin, consortium.Clients[7].Id, consortium.Clients[7].Key);
        await EnrolmentExtensions.RoundAsync(http, task, 1);

        Roster next = consortium.Later(2, [consortium.Clients[7]]);
        Assert.True((await first.OperatorApi().PublishRosterAsync(next.Bytes)).IsNew);
        for (int i = 0; i < 200 && (await removed.GetAsync(Routes.Task(task))).StatusCode != HttpStatusCode.Forbidden; i++)
            await Task.Delay(25);
        await removed.GetAsync(Routes.Task(task)).AssertProblemAsync(HttpStatusCode.Forbidden, "not-enrolled");
        Assert.False((await second.OperatorApi().PublishRosterAsync(next.Bytes)).IsNew);
        await http.PutAsync(Routes.Roster, HandSteppedClient.Binary(consortium.Later(2, [consortium.Clients[6]]).Bytes.ToArray())).AssertProblemAsync(HttpStatusCode.Conflict, "conflicting-roster");

        await EnrolmentExtensions.AbortAsync(first.OperatorApi(), http, task, 1);
        Assert.Equal(next.Digest, await EnrolmentExtensions.RosterOfRoundAsync(http, task, 2));
        AssertEveryUpdateCountedOnce(await RunAsync(task, i => i < 3 ? first : second, () => Task.CompletedTask));

        await using KestrelServer third = await KestrelServer.StartAsync(consortium, cluster.UriOf());
        using HttpClient late = SignedHttpClient.Create(third.Address, third.Pin, consortium.Operator.Id, consortium.Operator.Key);
        Assert.Equal(next.Bytes.ToArray(), await late.GetByteArrayAsync(Routes.Roster));
    }

    [Fact]
    public async Task Two_replicas_that_are_given_two_rosters_with_one_number_keep_one()
    {
        await cluster.CreateDatabaseAsync();
        await using KestrelServer first = await KestrelServer.StartAsync(consortium, cluster.UriOf());
        await using KestrelServer second = await KestrelServer.StartAsync(consortium, cluster.UriOf());
        Roster[] rosters = [consortium.Later(2, [consortium.Clients[7]]), consortium.Later(2, [consortium.Clients[6]])];
        Exception?[] failures = await Task.WhenAll(PublishAsync(first, rosters[0]), PublishAsync(second, rosters[1]));
        Assert.Equal(Protocol.Errors.ErrorCodes.ConflictingRoster, Assert.IsType<Protocol.Errors.SecureFedException>(Assert.Single(failures, f => f is not null)).Code);

        static async Task<Exception?> PublishAsync(KestrelServer server, Roster roster) => await Record.ExceptionAsync(() => server.OperatorApi().PublishRosterAsync(roster.Bytes));
    }

    [Fact]
    public async Task A_server_that_starts_without_its_database_says_so_and_not_the_password()
    {
        cluster.Require();
        Protocol.Errors.SecureFedException failure = await Assert.ThrowsAnyAsync<Protocol.Errors.SecureFedException>(
            () => KestrelServer.StartAsync(consortium, cluster.UriOf(socketDirectory: Path.GetTempPath())));
        Assert.Equal(Protocol.Errors.ErrorCodes.StorageUnavailable, failure.Code);
        Assert.DoesNotContain(PostgresCluster.Password, failure.ToString(), StringComparison.Ordinal);
    }

    private static TaskDefinition Definition() => Definitions.Vector(Clients, Clients, Rounds, deltaDrop: 0) with
    {
        Schedule = new ScheduleDefinition { TrainRounds = Rounds, GreatestFailures = 5 },
        Deadlines = new DeadlineDefinition { AdvertiseMilliseconds = 60_000, PhaseMilliseconds = 60_000, GraceMilliseconds = 300 },
    };

    private async Task<ModelState[]> RunAsync(Identifier task, Func<int, KestrelServer> serverOf, Func<Task> disturb)
    {
        Task<ModelState>[] clients = [.. Enumerable.Range(0, Clients).Select(i => RunClientAsync(serverOf(i).ClientFor(i, task, serverOf(i).Pin), i))];
        await disturb();
        return await Task.WhenAll(clients).WaitAsync(TimeSpan.FromMinutes(2));
    }

    /// <summary>An application that starts its client again when the server has failed for a moment.</summary>
    private static async Task<ModelState> RunClientAsync(SecureFedClient client, int index)
    {
        while (true)
        {
            try
            {
                return await client.RunAsync(new OneHot(index));
            }
            catch (Protocol.Errors.SecureFedException exception) when (exception is not Protocol.Errors.RoundRefusedException && exception.IsTransient)
            {
                await Task.Delay(100);
            }
        }
    }

    private static async Task WaitForTaskAsync(KestrelServer server, Identifier task)
    {
        for (int i = 0; i < 100; i++)
        {
            try
            {
                await server.OperatorApi().GetTaskAsync(task);
                return;
            }
            catch (Protocol.Errors.SecureFedException)
            {
                await Task.Delay(50);
            }
        }

        Assert.Fail("The other replica did not find the task.");
    }

    /// <summary>FedAvg over one-hot vectors: every coordinate moves by 1/n in every round; an update that was lost or counted twice would show.</summary>
    private static void AssertEveryUpdateCountedOnce(IReadOnlyList<ModelState> models)
    {
        Assert.All(models, model => Assert.All(model.Parameters, p => Assert.Equal((double)Rounds / Clients, p, 1e-6)));
        Assert.All(models, model => Assert.Equal(Rounds, model.CompletedTrainRounds));
    }

    private sealed class OneHot(int index) : ILocalTrainer
    {
        public ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default)
        {
            double[] update = new double[Clients + 1];
            update[index] = update[^1] = 1; // Weight 1.
            return ValueTask.FromResult(update);
        }
    }
}
