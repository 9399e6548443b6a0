using System.Collections.Concurrent;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Learning;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;
using SecureFed.Shared;

namespace SecureFed.Server.Tasks;

/// <summary>Runs one task: one writer, validation against the head, then append, then acknowledge.</summary>
/// <remarks>The shell around <see cref="TaskState"/>: it owns the clock and the store and makes no decision of its own.</remarks>
internal sealed class TaskHost : IDisposable
{
    private readonly TaskState state;
    private readonly ITaskStore store;
    private readonly ISigner signer;
    private readonly TimeProvider time;
    private readonly IRandomSource random;
    private readonly ILogger logger;
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly ConcurrentDictionary<ulong, SignedEntry> signedEntries = new();
    private readonly ConcurrentDictionary<(Identifier Round, EventType Kind), Lazy<byte[]>> announcements = new();
    private readonly ConcurrentDictionary<Identifier, ServerRound> rounds = new();
    private readonly ConcurrentDictionary<Digest, bool> models = new();
    private TaskCompletionSource messageArrived = NewSignal();
    private TaskCompletionSource stageChanged = NewSignal();
    private volatile bool hasFailed;
    private readonly PhaseClocks clocks;

    private TaskHost(TaskState state, ITaskStore store, ISigner signer, TimeProvider time, IRandomSource random, ILogger logger)
    {
        this.state = state;
        this.store = store;
        this.signer = signer;
        this.time = time;
        this.random = random;
        this.logger = logger;
        clocks = new PhaseClocks(state.Parameters.Deadlines, time);
        models[state.ModelDigest] = true;
    }

    public TaskParameters Parameters => state.Parameters;

    /// <summary>Appends the first entry and starts the fold.</summary>
    public static async Task<TaskHost> CreateAsync(
        TaskParameters parameters,
        Protocol.Identity.Roster roster,
        ITaskStore store,
        ISigner signer,
        TimeProvider time,
        IRandomSource random,
        ILogger logger,
        CancellationToken cancellationToken = default)
    {
        PendingEvent created = TaskState.Create(parameters, roster, new LearningTask(parameters).InitialModel());
        LogEntry entry = new(parameters.TaskId, created.Event);
        await store.AppendAsync(0, new StoredEntry(entry.Encode(), default), [.. created.Blobs.Select(b => new StoredBlob(b))], cancellationToken);
        return new TaskHost(TaskState.Start(entry, roster, store), store, signer, time, random, logger);
    }

    /// <summary>Opens rounds, moves phases on and steps the model until the schedule is complete.</summary>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            TimeSpan patienceLeft;
            await gate.WaitAsync(cancellationToken);
            Task signal;
            try
            {
                while (Decide() is { } pending)
                    await AppendAsync(pending);
                if (state.IsFinished)
                    return;
                patienceLeft = clocks.TimeToNextDecision(state.HasOpenRound ? state.Round : null);
                messageArrived = NewSignal();
                signal = messageArrived.Task;
            }
            finally
            {
                gate.Release();
            }

            try
            {
                await signal.WaitAsync(patienceLeft, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // Patience has run out: the next decision takes it into account.
            }
        }
    }

    /// <summary>Accepts one authenticated message; returns its receipt, the signed entry that records it.</summary>
    public async Task<(SignedEntry? Receipt, bool IsRepeat, RoundRejection? Rejection)> SubmitAsync(SignedMessage message, CancellationToken cancellationToken = default)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (!rounds.TryGetValue(message.Header.RoundId, out ServerRound? round))
                return (null, false, new RoundRejection(ErrorCodes.UnknownRound, "No such round in this task; fetch the task to see the current one."));
            MessageDecision decision = RequireRunning(round).Handle(message);
            if (decision.Rejection is { } rejection)
                return (null, false, rejection);
            if (decision.RepeatedIndex is { } index)
                return (EntryAt(index), true, null);
            index = state.EntryCount;
            await AppendAsync(decision.Accepted!);
            clocks.Arrived(round);
            messageArrived.TrySetResult();
            return (EntryAt(index), false, null);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Ends the round in progress on an operator's word.</summary>
    public async Task<bool> TryAbortAsync(Identifier roundId, CancellationToken cancellationToken = default)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (!state.HasOpenRound || state.Round!.Parameters.RoundId != roundId)
                return false;
            await AppendAsync(state.Round.Abort(ErrorCodes.AbortedByOperator));
            messageArrived.TrySetResult();
            return true;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Reads something of the state while nothing changes it.</summary>
    public async Task<T> ReadAsync<T>(Func<TaskState, T> read, CancellationToken cancellationToken = default)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            return read(RequireRunning(state));
        }
        finally
        {
            gate.Release();
        }
    }

    public ServerRound? FindRound(Identifier roundId) => rounds.GetValueOrDefault(roundId);

    /// <summary>The announcement of a list or of the opening, if it is out.</summary>
    public byte[]? FindAnnouncement(Identifier roundId, EventType kind) =>
        announcements.GetValueOrDefault((RequireRunning(roundId), kind))?.Value;

    /// <summary>Completes at the next change that is more than a message, or after the given time.</summary>
    public async Task WaitForStageAsync(Task stage, TimeSpan longest, CancellationToken cancellationToken)
    {
        try
        {
            await stage.WaitAsync(longest, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The caller looks again and answers that nothing changed.
        }
    }

    /// <summary>Take this before looking at the state, then wait on it: no change in between is missed.</summary>
    public Task NextStage => RequireRunning(Volatile.Read(ref stageChanged).Task);

    public SignedEntry EntryAt(ulong index) => signedEntries.GetOrAdd(index, i => SignedEntry.Sign(Parameters.TaskId, i, store.ReadEntry(i).Bytes, signer));

    /// <summary>A published model; other blobs are not reachable by digest, because the log shows their digests to everyone.</summary>
    public bool TryGetModel(Digest digest, out ReadOnlyMemory<byte> model)
    {
        model = default;
        return models.ContainsKey(digest) && store.TryGet(digest, out model);
    }

    public bool TryGetBlob(Digest digest, out ReadOnlyMemory<byte> blob) => store.TryGet(digest, out blob);

    public ModelState ReadModel(Digest digest) =>
        ModelState.TryDecode(store.Get(digest).Span, out ModelState? model) ? model! : throw new InvalidOperationException("A published model is malformed.");

    /// <summary>The federated metrics of a closed evaluation round.</summary>
    public MetricsView? MetricsOf(ServerRound round) =>
        round is { Phase: RoundPhase.Closed, Parameters.Kind: RoundKind.Evaluate }
            ? ModelStep.TryEvaluate(Parameters, round, store.Get(round.AggregateDigest!.Value).Span)
            : null;

    /// <summary>After this every request about the task fails instead of waiting for a stage that never comes.</summary>
    public void Fail()
    {
        hasFailed = true;
        Interlocked.Exchange(ref stageChanged, NewSignal()).TrySetResult(); // Wakes who waits already.
    }

    public void Dispose() => gate.Dispose();

    private T RequireRunning<T>(T value) =>
        hasFailed ? throw new InvalidOperationException($"Task {Parameters.TaskId} has stopped; see the critical log entry.") : value;

    private PendingEvent? Decide()
    {
        if (state.AwaitsModel)
            return StepModel();
        return state.HasOpenRound ? state.Round!.Advance(clocks.PatienceWith) : state.Next(random);
    }

    private PendingEvent StepModel()
    {
        ServerRound round = state.Round!;
        try
        {
            return state.Publish(ModelStep.Apply(Parameters, ReadModel(state.ModelDigest), round, store.Get(round.AggregateDigest!.Value).Span));
        }
        catch (LearningException exception)
        {
            // One client can bring this about (a negative weight is within the clip norm), so it costs the round and not the task.
            Log.ModelStepFailed(logger, Parameters.TaskId, round.Parameters.Number, exception.Code);
            return state.Refuse(ErrorCodes.InvalidAggregate);
        }
    }

    /// <summary>Not cancellable: once decided, an event is appended and folded together, whoever stops waiting for it.</summary>
    private async Task AppendAsync(PendingEvent pending)
    {
        ulong index = state.EntryCount;
        byte[] entry = new LogEntry(Parameters.TaskId, pending.Event).Encode();
        await store.AppendAsync(index, new StoredEntry(entry, default), [.. pending.AllBlobs.Select(b => new StoredBlob(b))], CancellationToken.None);
        state.Apply(index, entry);
        if (pending.Event is TaskEvent.MessageAccepted)
            return;

        Log.Appended(logger, Parameters.TaskId, index, pending.Event.Type);
        if (pending.Event is TaskEvent.RoundOpened opened)
        {
            clocks.Clear();
            rounds[opened.Round.RoundId] = state.Round!;
        }

        StartPhase(pending.Event);
        if (pending.Event is TaskEvent.ModelPublished published)
            models[published.ModelDigest] = true;
        Announce(index, pending.Event);
        Interlocked.Exchange(ref stageChanged, NewSignal()).TrySetResult();
    }

    private void Announce(ulong index, TaskEvent change)
    {
        (Identifier Round, ReadOnlyMemory<byte> Blob)? announced = change switch
        {
            TaskEvent.RoundOpened opened => (opened.Round.RoundId, default),
            TaskEvent.ListPublished list => (list.RoundId, store.Get(list.ListDigest)),
            _ => null,
        };
        if (announced is { } announcement)
        {
            // Signed when first asked for: a signer that fails must not stop a state that has already moved.
            announcements[(announcement.Round, change.Type)] = new Lazy<byte[]>(
                () => new Announcement(EntryAt(index), announcement.Blob).Encode(),
                LazyThreadSafetyMode.PublicationOnly);
        }
    }

    /// <summary>A list starts the next phase of its round or leaf, and the first phase of every leaf that the cohort was just cut into.</summary>
    private void StartPhase(TaskEvent change)
    {
        if (change is TaskEvent.RoundOpened)
            clocks.Start(state.Round!);
        else if (change is TaskEvent.ListPublished list)
            clocks.Start(rounds[list.RoundId]);
        foreach (ServerRound leaf in state.Round?.Leaves ?? [])
        {
            if (rounds.TryAdd(leaf.Parameters.RoundId, leaf))
                clocks.Start(leaf);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
