using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SecureFed.Client;
using SecureFed.Client.Configuration;
using SecureFed.Client.Rounds;
using SecureFed.Cryptography.Keys;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;
using SecureFed.Server.Tasks;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Storage;

namespace SecureFed.Service.Tests.Crashes;

/// <summary>A fold that has run ahead of entries which were never stored goes back to the same state as one that begins at entry 0.</summary>
public sealed class TaskFoldTests : IAsyncLifetime
{
    private const int Clients = 3;
    private const int Rounds = 3;
    private const double RaisedEpsilon = 9;
    private const ulong LaterRoster = 2;
    private StoredServer server = null!;
    private Identifier task;
    private EmbeddedStorage storage = null!;
    private ITaskStore store = null!;

    public async ValueTask InitializeAsync()
    {
        server = await StoredServer.CreateAsync(Clients);
        await server.StartAsync();
        task = await server.CreateTaskAsync(Definitions.Noisy(length: Clients, rounds: Rounds));
        using (HttpClient http = server.HttpFor(server.Clients[0]))
            await HandSteppedClient.WaitForRoundAsync(http, task);
        await server.HostOf(task).TryAbortAsync(await server.HostOf(task).ReadAsync(s => s.Round!.Parameters.RoundId)); // A void charge.
        await ChangeAsync();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(ContributeAsync));
        using (HttpClient http = server.HttpFor(server.Operator))
            await Http.RoundResourceTests.FinishedAsync(http, task);
        await server.StopAsync();
        storage = StorageSession.Open(server.Store, HookedCalls.WithoutFlush);
        store = await storage.OpenAsync(task);
    }

    public async ValueTask DisposeAsync()
    {
        await storage.DisposeAsync();
        await server.DisposeAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(25)]
    public void A_fold_that_goes_back_is_the_fold_of_what_is_durable(int ahead)
    {
        Prefix durable = new(store);
        using TaskLog log = TaskLog.Open(task, durable, server.ServerMember.Key, LogWitnesses.None);
        durable.Count = 1;
        TaskFold fold = TaskFold.Of(log, server.Roster, Unknown);
        int openings = 0;
        for (ulong count = 1; count < store.EntryCount; count++)
        {
            // As a host does: the entries run ahead, then their append fails.
            bool opens = EventOf(count) is TaskEvent.RoundOpened;
            if (opens)
                fold.Rest();
            openings += opens ? 1 : 0;
            for (ulong index = count; index < Math.Min(count + (ulong)ahead, store.EntryCount); index++)
                fold.Apply(index, store.ReadEntry(index).Bytes.Span, EventOf(index));
            fold = fold.Again(log, server.Roster, Unknown);
            TaskFold fromStart = TaskFold.Of(log, server.Roster, Unknown);
            Assert.Equal(Describe(fromStart), Describe(fold));
            fold.Apply(count, store.ReadEntry(count).Bytes.Span, EventOf(count));
            durable.Count = count + 1;
        }

        Assert.Equal(Rounds + 1, openings);
        Assert.Equal(store.EntryCount, fold.State.EntryCount);
        Assert.True(fold.State.IsFinished);
        Assert.Equal((LaterRoster, 1, RaisedEpsilon), (fold.State.Roster.Sequence, fold.State.Changes.ApprovedCount, fold.State.Budget!.Cap.Epsilon));
        Assert.Equal([BudgetState.Void, .. Enumerable.Repeat(BudgetState.Committed, Rounds)], fold.State.Budget!.Entries.Select(e => e.State));
    }

    [Fact]
    public void To_go_back_reads_no_entry_from_before_the_last_opening()
    {
        Prefix durable = new(store) { Count = store.EntryCount };
        using TaskLog log = TaskLog.Open(task, durable, server.ServerMember.Key, LogWitnesses.None);
        TaskFold fold = TaskFold.Of(log, server.Roster, Unknown);
        ulong lastOpening = 0;
        for (ulong index = 0; index < store.EntryCount; index++)
            lastOpening = EventOf(index) is TaskEvent.RoundOpened ? index : lastOpening;
        durable.LeastRead = ulong.MaxValue;
        TaskFold again = fold.Again(log, server.Roster, Unknown);
        Assert.Equal(lastOpening, durable.LeastRead);
        Assert.Equal(Describe(fold), Describe(again));
    }

    /// <summary>An entry of another replica is read as it comes; a database that is away then must not leave half of it in the state.</summary>
    [Fact]
    public async Task A_blob_that_cannot_be_read_while_the_fold_catches_up_leaves_no_half_of_its_entry()
    {
        int failures = 0;
        for (bool hasFailed = true; hasFailed;)
        {
            Prefix durable = new(store) { Count = 1 };
            using TaskLog log = TaskLog.Open(task, durable, server.ServerMember.Key, LogWitnesses.None);
            TaskFold start = TaskFold.Of(log, server.Roster, Unknown);
            PhaseClocks clocks = new(start.State.Parameters.Deadlines, TimeProvider.System);
            using TaskWriter writer = new(log, durable, start, server.Roster, Unknown, clocks, TimeProvider.System, NullLogger.Instance);
            durable.Count = store.EntryCount;
            durable.ReadsToFailure = failures;
            try
            {
                await writer.EnterAsync(() => { }, TestContext.Current.CancellationToken);
                hasFailed = false;
            }
            catch (StorageException)
            {
                failures++;
                await writer.EnterAsync(() => { }, TestContext.Current.CancellationToken);
            }

            durable.ReadsToFailure = -1;
            Assert.Equal(Describe(TaskFold.Of(log, server.Roster, Unknown)), Describe(writer.Fold));
        }

        Assert.InRange(failures, Rounds * Clients, int.MaxValue);
    }

    [Fact]
    public void A_state_with_an_open_round_is_not_copied()
    {
        Prefix durable = new(store) { Count = 2 };
        using TaskLog log = TaskLog.Open(task, durable, server.ServerMember.Key, LogWitnesses.None);
        TaskFold fold = TaskFold.Of(log, server.Roster, Unknown);
        Assert.True(fold.State.HasOpenRound);
        Assert.Throws<InvalidOperationException>(fold.State.Copy);
    }

    private TaskEvent EventOf(ulong index)
    {
        Assert.True(LogEntry.TryDecode(store.ReadEntry(index).Bytes.Span, out LogEntry? entry));
        return entry!.Event;
    }

    /// <summary>Everything of the state that decides or is shown, and what can be found of every round in the whole log.</summary>
    private string Describe(TaskFold fold)
    {
        TaskState state = fold.State;
        List<object?> found = [];
        for (ulong index = 0; index < store.EntryCount; index++)
        {
            TaskEvent change = EventOf(index);
            if (change is TaskEvent.RoundOpened opened)
                found.Add(new[] { Describe(fold.FindRound(opened.Round.RoundId)), fold.FindAnnounced(opened.Round.RoundId, change.Type)?.ToString() });
            else if (change is TaskEvent.ListPublished list)
                found.Add(fold.FindAnnounced(list.RoundId, list.Kind)?.ToString());
            else if (change is TaskEvent.ModelPublished model)
                found.Add(fold.HasModel(model.ModelDigest));
        }

        return JsonSerializer.Serialize(new
        {
            state.EntryCount,
            Model = state.ModelDigest.ToString(),
            state.CompletedRounds,
            Rounds = state.Rounds.Select(r => r.ToString()),
            Vectors = state.Rounds.Select(r => state.HoldsVectors(r.RoundId)),
            Released = state.Released.Count,
            Participations = state.Participations.Select(p => p.ToString()),
            Roster = state.Roster.Sequence,
            state.Changes.ApprovedCount,
            Changes = state.Changes.Changes.Select(c => (c.Request.Digest.ToString(), c.RequestIndex, c.ApprovalIndex).ToString()),
            InForce = Convert.ToHexString(state.InForce.Encode()),
            Cap = state.Budget!.Cap.ToString(),
            Charges = state.Budget!.Entries.Select(e => e.ToString()),
            state.Budget.Spent,
            state.Budget.Reserved,
            state.IsFinished,
            state.FinishReason,
            state.HasOpenRound,
            state.AwaitsModel,
            Round = Describe(state.Round),
            found,
        });
    }

    private static string Describe(ServerRound? round) => round is null
        ? ""
        : $"{round.Parameters.RoundId} {round.Phase} {round.AbortReason} {round.CohortSize} {round.SurvivorCount} {round.AggregateDigest} "
            + string.Join(',', new[] { EventType.KeysAdvertised, EventType.SharesDealt, EventType.UpdateUploaded, EventType.SurvivorsConfirmed, EventType.UnmaskAnswered }.Select(round.CountOf));

    /// <summary>A raised budget and a later roster, in force before the last openings.</summary>
    private async Task ChangeAsync()
    {
        using SigningKey authority = IdentityFile.Load(Path.Combine(server.Keys, "authority.pem"));
        using SigningKey approverKey = IdentityFile.Load(Path.Combine(server.Keys, "approver-1.pem"));
        RosterEntry approver = Assert.Single(server.Roster.Entries, e => e.Role == RosterRole.Approver);
        ulong expiry = (ulong)TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeSeconds();
        ChangeRequest raise = new(task, Identifier.Parse(Definitions.NewId()), ChangeKind.RaiseBudget, RaisedEpsilon, 0, server.Operator.Id, expiry, "a later round");
        using HttpClient operatorHttp = server.HttpFor(server.Operator);
        using HttpClient approverHttp = server.HttpFor(new Member(approver.Id, approverKey, approver.Role, approver.Organisation));
        await new SecureFedOperator(operatorHttp).RequestChangeAsync(raise, server.Operator.Key);
        SecureFedOperator approving = new(approverHttp);
        await approving.ApproveChangeAsync(await approving.GetChangeRequestAsync(task, raise.ChangeId, server.Policy.RosterAuthorityKey), approver.Id, approverKey);
        await new SecureFedOperator(operatorHttp).PublishRosterAsync(Roster.Create(LaterRoster, server.Roster.Entries, authority).Bytes);
    }

    private static Roster? Unknown(Digest digest) => null;

    private async Task ContributeAsync(int i)
    {
        SecureFedClientOptions options = server.OptionsFor(i, task);
        options.Policy = server.Policy with { Privacy = PrivacyLimits.Default with { GreatestEpsilon = 20, ClientTotalEpsilon = 100 } };
        SecureFedClient client = new(server.HttpFor(server.Clients[i]), options, TimeProvider.System);
        for (int round = 0; round < Rounds; round++)
            Assert.Equal(RoundStatus.Contributed, (await client.ContributeAsync(new double[] { 1, 0, 0 })).Status);
    }

    /// <summary>The first entries of a log, as if the others had never been stored.</summary>
    private sealed class Prefix(ITaskStore inner) : ITaskStore
    {
        public ulong Count { get; set; }

        public ulong LeastRead { get; set; }

        /// <summary>Blobs that can be read before one cannot, once; none by default.</summary>
        public int ReadsToFailure { get; set; } = -1;

        public ulong EntryCount => Count;

        public bool IsShared => false;

        public bool IsLeader => true;

        public StoredEntry ReadEntry(ulong index)
        {
            Assert.True(index < Count);
            LeastRead = Math.Min(LeastRead, index);
            return inner.ReadEntry(index);
        }

        public ReadOnlyMemory<byte> Get(Digest digest) => ReadsToFailure-- == 0 ? throw new StorageException("The database is away.", isTransient: true) : inner.Get(digest);

        public bool TryGet(Digest digest, out ReadOnlyMemory<byte> blob) => inner.TryGet(digest, out blob);

        public byte[]? ReadFile(string path) => null;

        public LogGuard? ReadGuard() => null;

        public Task BeginWritingAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task ProbeAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<bool> AppendAsync(ulong index, StoredEntry entry, IReadOnlyList<StoredBlob> blobs, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task WaitForEntriesAsync(ulong beyond, TimeSpan longest, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<IAsyncDisposable?> TryLeadAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task DeleteBlobsAsync(Identifier round, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task WriteFilesAsync(IReadOnlyList<(string Path, ReadOnlyMemory<byte> Bytes)> files, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task WriteGuardAsync(LogGuard guard, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
