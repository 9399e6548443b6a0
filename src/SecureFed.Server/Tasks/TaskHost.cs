using System.Collections.Concurrent;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Learning;
using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Enrolment;
using SecureFed.Server.Storage;
using SecureFed.Shared;

namespace SecureFed.Server.Tasks;

/// <summary>Runs one task: one writer, validation against the head, then append, then acknowledge.</summary>
/// <remarks>
/// <para>The shell around <see cref="TaskState"/>: it owns the clock and the log and makes no decision of its own.</para>
/// <para>The fold runs ahead of the disk, so that entries of many clients share one flush. Nothing is told to anybody before it is durable: a receipt waits for its
/// entry, an announcement for a checkpoint over it. If an append fails, the fold is thrown away and made again from what is durable, beginning where the last round was opened.</para>
/// </remarks>
internal sealed class TaskHost : IDisposable
{
    private const int GreatestAttempts = 8;
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FollowerPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestQuiet = TimeSpan.FromHours(1);
    private readonly TaskLog log;
    private readonly ITaskStore store;
    private readonly ServerOptions options;
    private readonly Roster firstRoster;
    private readonly RosterDesk rosters;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly PhaseClocks clocks;
    private readonly WriteHealth appending;
    private readonly CheckpointPublisher checkpoints;
    private readonly ConcurrentDictionary<Identifier, bool> undeleted = new();
    private volatile TaskFold fold;
    private Task<bool> lastAppend = Task.FromResult(true);
    private TaskCompletionSource messageArrived = NewSignal();
    private TaskCompletionSource stageChanged = NewSignal();
    private volatile StorageException? storageFailure;
    private IAsyncDisposable? leadership;
    private volatile bool isAhead;
    private long failedAt;
    private int isDisposed;
    private volatile bool hasFailed;
    private Digest unfitRoster;

    private TaskHost(TaskLog log, ITaskStore store, TaskFold fold, Roster firstRoster, RosterDesk rosters, ServerOptions options, TimeProvider time, ILogger logger)
    {
        this.log = log;
        this.store = store;
        this.fold = fold;
        this.firstRoster = firstRoster;
        this.rosters = rosters;
        this.options = options;
        this.time = time;
        this.logger = logger;
        clocks = new PhaseClocks(fold.State.Parameters.Deadlines, time);
        appending = new WriteHealth(Parameters.TaskId, "the log", time, logger);
        checkpoints = new CheckpointPublisher(log, store, new WriteHealth(Parameters.TaskId, "the checkpoint", time, logger), time, SignalStage);
    }

    public TaskParameters Parameters => fold.State.Parameters;

    /// <summary>The same with every approved change that this server has read.</summary>
    public TaskParameters InForce => fold.State.InForce;

    /// <summary>Whether requests about the task are answered.</summary>
    public bool IsRunning => !hasFailed;

    /// <summary>Whether entries or checkpoints cannot be written now. Reading goes on.</summary>
    public bool IsUnwritable => appending.IsFailing || checkpoints.IsFailing;

    /// <summary>Tiles, checkpoint and proofs.</summary>
    public TaskLog PublishedLog => log;

    /// <summary>Appends the first entry, unless an earlier attempt has, and opens the task.</summary>
    /// <remarks>The store may hold a task with other parameters; compare <see cref="Parameters"/>.</remarks>
    public static async Task<TaskHost> CreateAsync(
        TaskParameters parameters, Roster roster, ITaskStore store, RosterDesk rosters, ServerOptions options, LogWitnesses witnesses, TimeProvider time, ILogger logger, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        PendingEvent created = TaskState.Create(parameters, roster, new LearningTask(parameters).InitialModel());
        using (TaskLog empty = TaskLog.Open(parameters.TaskId, store, options.Signer, witnesses, options.RenewsGuard))
        {
            if (store.EntryCount == 0)
            {
                await store.BeginWritingAsync(CancellationToken.None);
                await empty.AppendAsync(0, new LogEntry(parameters.TaskId, created.Event).Encode(), [.. created.Blobs.Select(b => new StoredBlob(b))]);
            }
        }

        TaskHost host = Open(parameters.TaskId, store, rosters, options, witnesses, time, logger);
        try
        {
            await host.BeginAsync(CancellationToken.None); // The task exists now, whoever stops waiting for it.
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>Compares a task's log with what was signed and folds it. Writes nothing; <see cref="BeginAsync"/> does.</summary>
    /// <exception cref="StorageException">The log was rolled back, changed, or does not fold; nothing was changed.</exception>
    public static TaskHost Open(Identifier taskId, ITaskStore store, RosterDesk rosters, ServerOptions options, LogWitnesses witnesses, TimeProvider time, ILogger logger)
    {
        TaskLog opened = TaskLog.Open(taskId, store, options.Signer, witnesses, options.RenewsGuard);
        try
        {
            Roster first = FindRoster(opened, rosters, options);
            return new TaskHost(opened, store, TaskFold.Of(opened, first, rosters.Find), first, rosters, options, time, logger);
        }
        catch (Exception exception) when (exception is InvalidOperationException or KeyNotFoundException)
        {
            opened.Dispose();
            throw new StorageException($"The log of task {taskId} does not fold: {exception.Message} Nothing was changed; restore the newest copy, or use the version of the server that wrote it.", isFull: false, exception);
        }
    }

    /// <summary>Goes on where the log ends: repairs and publishes what an interruption has left.</summary>
    /// <exception cref="StorageException">The store cannot be written.</exception>
    public async Task BeginAsync(CancellationToken cancellationToken = default)
    {
        await log.BeginAsync(logger, cancellationToken);
        StartClocks();
        await checkpoints.PublishUnlessFullAsync(cancellationToken);
        foreach (Identifier round in fold.State.Rounds.Select(r => r.RoundId).Where(r => !fold.State.HoldsVectors(r)))
            await store.DeleteBlobsAsync(round, cancellationToken); // A deletion that a crash interrupted.
    }

    /// <summary>Opens rounds, moves phases on and steps the model until the schedule is complete.</summary>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            try
            {
                (Task Signal, TimeSpan PatienceLeft)? next = await StepAsync(cancellationToken);
                await PruneAsync(cancellationToken);
                await ProbeAsync(cancellationToken);
                if (next is not { } wait)
                    return;
                await wait.Signal.WaitAsync(wait.PatienceLeft, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // Patience has run out: the next decision takes it into account.
            }
            catch (StorageException exception)
            {
                appending.Failed(exception);
                CheckpointSoon();
                await Task.Delay(RetryPause, time, cancellationToken);
            }
        }
    }

    /// <summary>Accepts one authenticated message; returns its receipt, the signed entry that records it.</summary>
    /// <exception cref="StorageException">Nothing was accepted; the same message may be sent again.</exception>
    public async Task<(SignedEntry? Receipt, bool IsRepeat, RoundRejection? Rejection)> SubmitAsync(SignedMessage message, CancellationToken cancellationToken = default)
    {
        for (int attempt = 0; attempt < GreatestAttempts; attempt++)
        {
            await EnterAsync(cancellationToken);
            MessageDecision decision;
            ulong index;
            Task<bool>? durable = null;
            try
            {
                if (fold.FindRound(message.Header.RoundId) is not { } round)
                    return (null, false, new RoundRejection(ErrorCodes.UnknownRound, "No such round in this task; fetch the task to see the current one."));
                decision = RequireRunning(round).Handle(message);
                bool mayBeBehind = store.IsShared && attempt < GreatestAttempts - 1 && decision.Rejection is { Code: ErrorCodes.WrongPhase };
                if (decision.Rejection is { } rejection && !mayBeBehind)
                    return (null, false, rejection);
                index = decision.RepeatedIndex ?? fold.State.EntryCount;
                if (decision.Accepted is { } accepted)
                {
                    _ = Queue(accepted);
                    clocks.Arrived(round);
                }

                if (!mayBeBehind)
                    durable = lastAppend; // Entries become durable in order, so a repeat waits for the first of its kind too.
            }
            finally
            {
                gate.Release();
            }

            if (durable is null)
            {
                await store.WaitForEntriesAsync(index, FollowerPause, cancellationToken); // The sender may have heard of the next phase from another replica.
                continue;
            }

            if (!await ConfirmAsync(durable))
                continue;
            Volatile.Read(ref messageArrived).TrySetResult();
            CheckpointSoon();
            return (log.EntryAt(index), decision.RepeatedIndex is not null, null);
        }

        throw new StorageException("Other replicas append to this log faster than this one can follow. Send the same message again.", isFull: true);
    }

    /// <summary>Ends the round in progress on an operator's word.</summary>
    public Task<bool> TryAbortAsync(Identifier roundId, CancellationToken cancellationToken = default) =>
        DecideAsync(state => state.HasOpenRound && state.Round!.Parameters.RoundId == roundId ? state.Round.Abort(ErrorCodes.AbortedByOperator) : null, cancellationToken);

    /// <summary>Logs a request for a change, or an approval, if the decision accepts it; what is returned is durable.</summary>
    /// <param name="decide">Runs while nothing else changes the state; again if another replica was faster.</param>
    /// <param name="change">The change that it is about.</param>
    /// <param name="cancellationToken">Before it is logged.</param>
    /// <exception cref="StorageException">Nothing was accepted; the same may be sent again.</exception>
    public async Task<(ChangeRecord? Change, bool IsRepeat, RoundRejection? Rejection)> ChangeAsync(Func<TaskState, MessageDecision> decide, Identifier change, CancellationToken cancellationToken = default)
    {
        for (int attempt = 0; attempt < GreatestAttempts; attempt++)
        {
            MessageDecision? decision = null;
            ChangeRecord? record = null;
            bool isAppended = await DecideAsync(
                state =>
                {
                    decision = decide(state);
                    record = state.Changes.Find(change); // Of a repeat: durable, for the gate is held until a change is.
                    return decision.Accepted;
                },
                cancellationToken);
            if (isAppended)
                return (await ReadAsync(state => state.Changes.Find(change), cancellationToken), false, null);
            if (decision!.Accepted is null)
                return decision.Rejection is { } rejection ? (null, false, rejection) : (record, true, null);
        }

        throw new StorageException("Other replicas append to this log faster than this one can follow. Send the same message again.", isFull: true);
    }

    /// <summary>Deletes the uploaded vectors of a finished round and says so in the log.</summary>
    public async Task<bool> TryDeleteVectorsAsync(Identifier roundId, CancellationToken cancellationToken = default)
    {
        if (!await DecideAsync(state => state.DeleteVectors(roundId), cancellationToken))
            return false;
        await DeleteBlobsAsync(roundId);
        return true;
    }

    /// <summary>Reads something of the state while nothing changes it.</summary>
    public async Task<T> ReadAsync<T>(Func<TaskState, T> read, CancellationToken cancellationToken = default)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if ((isAhead && lastAppend.IsCompleted) || HasLastAppendFailed)
                Refold();
            return read(RequireRunning(fold.State));
        }
        finally
        {
            gate.Release();
        }
    }

    public ServerRound? FindRound(Identifier roundId) => fold.FindRound(roundId);

    /// <summary>An announcement with the proof that its entry is in the log, once a checkpoint covers it.</summary>
    /// <param name="roundId">Round or leaf.</param>
    /// <param name="kind">The opening or a list.</param>
    /// <param name="known">Entries of the largest checkpoint that the reader holds.</param>
    public ProvenAnnouncement? FindAnnouncement(Identifier roundId, EventType kind, ulong known)
    {
        if (RequireRunning(fold).FindAnnounced(roundId, kind) is not { } found || log.ProofOf(found.Index, known) is not { } proof)
            return null;
        return new ProvenAnnouncement(new Announcement(log.EntryAt(found.Index), found.List is { } list ? log.Get(list) : default), proof);
    }

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

    public SignedEntry EntryAt(ulong index) => log.EntryAt(index);

    /// <summary>A published model; other blobs are not reachable by digest, because the log shows their digests to everyone.</summary>
    public bool TryGetModel(Digest digest, out ReadOnlyMemory<byte> model)
    {
        model = default;
        return fold.HasModel(digest) && log.TryGet(digest, out model);
    }

    public bool TryGetBlob(Digest digest, out ReadOnlyMemory<byte> blob) => log.TryGet(digest, out blob);

    /// <summary>The federated metrics of a closed evaluation round.</summary>
    public MetricsView? MetricsOf(ServerRound round) =>
        round is { Phase: RoundPhase.Closed, Parameters.Kind: RoundKind.Evaluate }
            ? ModelStep.TryEvaluate(Parameters, round, log.Get(round.AggregateDigest!.Value).Span)
            : null;

    /// <summary>After this every request about the task fails instead of waiting for a stage that never comes.</summary>
    public void Fail()
    {
        hasFailed = true;
        SignalStage(); // Wakes who waits already.
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref isDisposed, 1) == 1)
            return; // The registry is both a service and a hosted one, so the container disposes of it twice.
        checkpoints.Dispose();
        log.Dispose();
        gate.Dispose();
    }

    /// <exception cref="InvalidOperationException">The task's roster is not the server's, and no pinned authority signed it.</exception>
    private static Roster FindRoster(TaskLog opened, RosterDesk rosters, ServerOptions options)
    {
        if (!LogEntry.TryDecode(opened.EntryAt(0).Bytes.Span, out LogEntry? first) || first!.Event is not TaskEvent.TaskCreated created)
            throw new InvalidOperationException("Entry 0 does not create a task.");
        if (rosters.Find(created.RosterDigest) is { } held)
            return held;
        ReadOnlyMemory<byte> authority = options.RosterAuthority.IsEmpty ? options.Roster.AuthorityKey : options.RosterAuthority;
        return Roster.TryDecode(opened.Get(created.RosterDigest).Span, authority.Span, out Roster? earlier)
            ? earlier!
            : throw new InvalidOperationException("It was created under another roster, which the server's roster authority has not signed.");
    }

    private T RequireRunning<T>(T value) =>
        hasFailed ? throw new InvalidOperationException($"Task {Parameters.TaskId} has stopped; see the critical log entry.") : value;

    /// <summary>Takes every decision that is due.</summary>
    /// <returns>What to wait for; null when the task is finished.</returns>
    private async Task<(Task Signal, TimeSpan PatienceLeft)?> StepAsync(CancellationToken cancellationToken)
    {
        bool isLeading = await LeadAsync(cancellationToken);
        await EnterAsync(cancellationToken);
        try
        {
            while (isLeading && await NextEventAsync(cancellationToken) is { } pending)
            {
                if (pending.Event is TaskEvent.RoundOpened && lastAppend.IsCompleted && !HasLastAppendFailed)
                    fold.Rest();
                Task<bool> durable = Queue(pending);
                StartPhase(pending.Event);
                if (!await ConfirmAsync(durable))
                    Refold();
                await AnnounceAsync();
            }

            if (isLeading && log.PublishedSize < log.EntryCount)
                CheckpointSoon();
            if (fold.State.IsOver && log.PublishedSize == log.EntryCount)
                return null;
            TaskCompletionSource signal = NewSignal();
            Volatile.Write(ref messageArrived, signal);
            return (Task.WhenAny(signal.Task, store.WaitForEntriesAsync(fold.State.EntryCount, LongestQuiet, cancellationToken)), TimeToNextDecision());
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>After a failure, when nothing else is to be written: nobody may ever try again, if those who watch the server's readiness send it nothing.</summary>
    private async Task ProbeAsync(CancellationToken cancellationToken)
    {
        if (!appending.IsFailing)
            return;
        await store.ProbeAsync(cancellationToken);
        appending.Succeeded();
    }

    /// <summary>Retention: the uploaded vectors of all but the last finished rounds.</summary>
    private async Task PruneAsync(CancellationToken cancellationToken)
    {
        foreach (Identifier round in undeleted.Keys)
            await DeleteBlobsAsync(round);
        if (options.RetainedRounds is not { } retained)
            return;
        Identifier[] old = await ReadAsync(state => state.Rounds.SkipLast(retained).Select(r => r.RoundId).Where(state.HoldsVectors).ToArray(), cancellationToken);
        foreach (Identifier round in old)
            await TryDeleteVectorsAsync(round, cancellationToken);
    }

    /// <summary>The log says that they are gone; what cannot be deleted now is tried again before the next round.</summary>
    private async Task DeleteBlobsAsync(Identifier round)
    {
        undeleted[round] = true;
        await store.DeleteBlobsAsync(round, CancellationToken.None);
        undeleted.TryRemove(round, out _);
    }

    private async Task<bool> DecideAsync(Func<TaskState, PendingEvent?> decide, CancellationToken cancellationToken)
    {
        await EnterAsync(cancellationToken);
        try
        {
            if (decide(fold.State) is not { } pending || !await ConfirmAsync(Queue(pending)))
                return false;
            await AnnounceAsync();
        }
        finally
        {
            gate.Release();
        }

        Volatile.Read(ref messageArrived).TrySetResult();
        return true;
    }

    private async Task<PendingEvent?> NextEventAsync(CancellationToken cancellationToken)
    {
        TaskState state = fold.State;
        if (state.AwaitsModel)
            return StepModel(state);
        if (state.HasOpenRound)
            return state.Round!.Advance(clocks.PatienceWith);
        if (state.Next(options.Random) is not { } next)
            return null;
        await rosters.RefreshAsync(cancellationToken); // Another replica may have acknowledged one that is to precede this round.
        return next.Event is TaskEvent.RoundOpened && ChangeRoster(state) is { } change ? change : next;
    }

    /// <summary>The entry that puts the newest roster in force for the task, if there is a newer one and it fits.</summary>
    private PendingEvent? ChangeRoster(TaskState state)
    {
        Roster newest = rosters.Newest;
        if (newest.Sequence <= state.Roster.Sequence || newest.Digest == unfitRoster)
            return null;
        if (state.FindFault(newest) is not { } fault)
            return state.ChangeRoster(newest);
        unfitRoster = newest.Digest;
        Log.RosterDoesNotFit(logger, Parameters.TaskId, newest.Sequence, fault.Code, state.Roster.Sequence);
        return null;
    }

    private PendingEvent StepModel(TaskState state)
    {
        ServerRound round = state.Round!;
        try
        {
            return state.Publish(ModelStep.Apply(state, log));
        }
        catch (LearningException exception)
        {
            // One client can bring this about (a negative weight is within the clip norm), so it costs the round and not the task.
            Log.ModelStepFailed(logger, Parameters.TaskId, round.Parameters.Number, exception.Code);
            return state.Refuse(ErrorCodes.InvalidAggregate);
        }
    }

    /// <summary>Enters the gate with a fold that runs ahead by nothing that has failed.</summary>
    private async Task EnterAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (storageFailure is { } failure && time.GetElapsedTime(Interlocked.Read(ref failedAt)) < RetryPause)
                throw failure;
            if (isAhead)
                await ((Task)lastAppend).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (isAhead || HasLastAppendFailed)
                Refold();
            else if (lastAppend.IsCompleted)
                CatchUp(); // Not while an entry of ours is under way: its place may be taken by another replica's.
        }
        catch
        {
            gate.Release();
            throw;
        }
    }

    private bool HasLastAppendFailed => lastAppend.IsCompleted && !(lastAppend.IsCompletedSuccessfully && lastAppend.Result);

    /// <summary>Folds what other replicas have appended, and takes over their checkpoint.</summary>
    private void CatchUp()
    {
        if (store.EntryCount > fold.State.EntryCount)
        {
            RoundPhase? phase = fold.State.Round?.Phase;
            ServerRound? round = fold.State.Round;
            fold.TakeNew(log);
            if (fold.State.Round != round || fold.State.Round?.Phase != phase)
                StartClocks();
            else if (round is not null)
                clocks.Arrived(round);
        }

        if (log.PublishedSize < store.EntryCount && log.Refresh())
            SignalStage();
    }

    /// <summary>With several replicas one takes the decisions that depend on time; all of them accept messages.</summary>
    private async Task<bool> LeadAsync(CancellationToken cancellationToken)
    {
        if (store.IsLeader)
            return true;
        if (leadership is { } lost)
            await lost.DisposeAsync();
        leadership = await store.TryLeadAsync(cancellationToken);
        return leadership is not null;
    }

    private TimeSpan TimeToNextDecision()
    {
        TimeSpan next = clocks.TimeToNextDecision(fold.State.HasOpenRound ? fold.State.Round : null);
        return store.IsLeader || next < FollowerPause ? next : FollowerPause;
    }

    /// <summary>Not cancellable: once decided, an event is appended and folded together, whoever stops waiting for it.</summary>
    private Task<bool> Queue(PendingEvent pending)
    {
        ulong index = fold.State.EntryCount;
        byte[] entry = new LogEntry(Parameters.TaskId, pending.Event).Encode();
        StoredBlob[] blobs = [.. pending.Blobs.Select(b => new StoredBlob(b))];
        if (!pending.Vector.IsEmpty)
            blobs = [.. blobs, new StoredBlob(pending.Vector, fold.State.Round!.Parameters.RoundId)];
        log.Hold(blobs); // For the fold: an append that loses a race between replicas may be over, and its blobs gone, before the fold has read them.
        fold.Apply(index, entry, pending.Event);
        lastAppend = log.AppendAsync(index, entry, blobs);
        if (pending.Event is not TaskEvent.MessageAccepted)
            Log.Appended(logger, Parameters.TaskId, index, pending.Event.Type);
        return lastAppend;
    }

    /// <returns>False if another replica was faster; the fold is made again.</returns>
    private async Task<bool> ConfirmAsync(Task<bool> durable)
    {
        try
        {
            bool isDurable = await durable;
            if (!isDurable)
                isAhead = true; // Never back to false here: another entry may have failed meanwhile.
            storageFailure = null;
            return isDurable;
        }
        catch (StorageException exception)
        {
            isAhead = true;
            Interlocked.Exchange(ref failedAt, time.GetTimestamp());
            storageFailure = exception;
            appending.Failed(exception);
            Volatile.Read(ref messageArrived).TrySetResult(); // Wakes RunAsync, which finds out when writing works again.
            throw;
        }
        catch (ArgumentOutOfRangeException)
        {
            isAhead = true; // The entry before this one has failed, so this index is not the next any more.
            return false;
        }
    }

    private void Refold()
    {
        fold = fold.Again(log, firstRoster, rosters.Find);
        lastAppend = Task.FromResult(true);
        isAhead = false;
        StartClocks();
    }

    private Task AnnounceAsync() => checkpoints.AnnounceAsync();

    private void CheckpointSoon() => checkpoints.PublishSoon();

    private void SignalStage() => Interlocked.Exchange(ref stageChanged, NewSignal()).TrySetResult();

    private void StartClocks()
    {
        clocks.Clear();
        if (fold.State.Round is not { } round)
            return;
        clocks.Start(round);
        foreach (ServerRound leaf in round.Leaves)
            clocks.Start(leaf);
    }

    /// <summary>A list starts the next phase of its round or leaf, and the first phase of every leaf that the cohort was just cut into.</summary>
    private void StartPhase(TaskEvent change)
    {
        if (change is TaskEvent.RoundOpened)
            clocks.Clear();
        if (change is TaskEvent.RoundOpened)
            clocks.Start(fold.State.Round!);
        else if (change is TaskEvent.ListPublished list)
            clocks.Start(fold.FindRound(list.RoundId)!);
        if (change is TaskEvent.ListPublished { Kind: EventType.CohortPublished })
        {
            foreach (ServerRound leaf in fold.State.Round!.Leaves)
                clocks.Start(leaf);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
