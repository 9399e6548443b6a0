using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Enrolment;
using SecureFed.Server.Storage;

namespace SecureFed.Server.Tasks;

/// <summary>Runs one task: one writer, validation against the head, then append, then acknowledge.</summary>
/// <remarks>
/// <para>The shell around <see cref="TaskState"/>: it owns the clock and the log. What comes next, <see cref="TaskDecisions"/> asks the state.</para>
/// <para>The fold runs ahead of the disk (<see cref="TaskWriter"/>). Nothing is told to anybody before it is durable: a receipt waits for its entry, an announcement for a
/// checkpoint over it.</para>
/// </remarks>
internal sealed class TaskHost : IDisposable
{
    private const int GreatestAttempts = 8;
    private static readonly TimeSpan FollowerPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestQuiet = TimeSpan.FromHours(1);
    private readonly TaskLog log;
    private readonly ITaskStore store;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly TaskWriter writer;
    private readonly PhaseClocks clocks;
    private readonly WriteHealth appending;
    private readonly CheckpointPublisher checkpoints;
    private readonly Attendance attendance;
    private readonly TaskDecisions decisions;
    private readonly VectorRetention retention;
    private TaskCompletionSource messageArrived = NewSignal();
    private TaskCompletionSource stageChanged = NewSignal();
    private IAsyncDisposable? leadership;
    private int isDisposed;
    private volatile bool hasFailed;

    /// <summary>Over a log that was compared with what was signed, and its fold; see <see cref="TaskOpening"/>.</summary>
    public TaskHost(TaskLog log, ITaskStore store, TaskFold fold, Roster firstRoster, RosterDesk rosters, ServerOptions options, TimeProvider time, ILogger logger)
    {
        this.log = log;
        this.store = store;
        this.time = time;
        this.logger = logger;
        clocks = new PhaseClocks(fold.State.Parameters.Deadlines, time);
        writer = new TaskWriter(log, store, fold, firstRoster, rosters.Find, clocks, time, logger);
        appending = new WriteHealth(Parameters.TaskId, "the log", time, logger);
        attendance = new Attendance(fold.State.Parameters.Deadlines, time);
        store.HearPresence(HearOf);
        decisions = new TaskDecisions(log, rosters, clocks, attendance, options.Random, logger);
        retention = new VectorRetention(store, options.RetainedRounds);
        checkpoints = new CheckpointPublisher(log, store, new WriteHealth(Parameters.TaskId, "the checkpoint", time, logger), time, SignalStage);
    }

    public TaskParameters Parameters => Fold.State.Parameters;

    private TaskFold Fold => writer.Fold;

    /// <summary>The same with every approved change that this server has read.</summary>
    public TaskParameters InForce => Fold.State.InForce;

    /// <summary>Whether requests about the task are answered.</summary>
    public bool IsRunning => !hasFailed;

    /// <summary>Whether entries or checkpoints cannot be written now. Reading goes on.</summary>
    public bool IsUnwritable => appending.IsFailing || checkpoints.IsFailing;

    /// <summary>Tiles, checkpoint and proofs.</summary>
    public TaskLog PublishedLog => log;

    /// <summary>Goes on where the log ends: repairs and publishes what an interruption has left.</summary>
    /// <exception cref="StorageException">The store cannot be written.</exception>
    public async Task BeginAsync(CancellationToken cancellationToken = default)
    {
        await log.BeginAsync(logger, cancellationToken);
        clocks.Restart(Fold.State.Round);
        await checkpoints.PublishUnlessFullAsync(cancellationToken);
        await retention.FinishAsync(Fold.State, cancellationToken);
    }

    /// <summary>Opens rounds, moves phases on and steps the model until the schedule is complete.</summary>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            try
            {
                (Task Signal, TimeSpan PatienceLeft)? next = await StepAsync(cancellationToken);
                await retention.PruneAsync(this, cancellationToken);
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
                checkpoints.PublishSoon();
                await Task.Delay(TaskWriter.RetryPause, time, cancellationToken);
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
                if (Fold.FindRound(message.Header.RoundId) is not { } round)
                    return (null, false, new RoundRejection(ErrorCodes.UnknownRound, "No such round in this task; fetch the task to see the current one."));
                decision = RequireRunning(round).Handle(message);
                bool mayBeBehind = store.IsShared && attempt < GreatestAttempts - 1 && decision.Rejection is { Code: ErrorCodes.WrongPhase };
                if (decision.Rejection is { } rejection && !mayBeBehind)
                    return (null, false, rejection);
                index = decision.RepeatedIndex ?? Fold.State.EntryCount;
                if (decision.Accepted is { } accepted)
                {
                    _ = writer.Queue(accepted);
                    clocks.Arrived(round);
                }

                if (!mayBeBehind)
                    durable = writer.LastAppend; // Entries become durable in order, so a repeat waits for the first of its kind too.
            }
            finally
            {
                writer.Leave();
            }

            if (durable is null)
            {
                await store.WaitForEntriesAsync(index, FollowerPause, cancellationToken); // The sender may have heard of the next phase from another replica.
                continue;
            }

            if (!await ConfirmAsync(durable))
                continue;
            Volatile.Read(ref messageArrived).TrySetResult();
            checkpoints.PublishSoon();
            return (log.EntryAt(index), decision.RepeatedIndex is not null, null);
        }

        throw TooMany();
    }

    /// <summary>A client is there, and would be invited to the next round if that waits for its clients.</summary>
    public void Saw(Identifier client)
    {
        if (!Attendance.IsAsked(Parameters))
            return;
        store.SharePresence(client);
        HearOf(client);
    }

    private void HearOf(Identifier client)
    {
        if (attendance.Saw(client))
            Volatile.Read(ref messageArrived).TrySetResult();
    }

    /// <summary>Takes a key holder's offer of a key; returns the signed entry that records it.</summary>
    /// <exception cref="StorageException">Nothing was accepted; the same offer may be sent again.</exception>
    public async Task<(SignedEntry? Entry, bool IsRepeat, RoundRejection? Rejection)> OfferKeyAsync(ReadOnlyMemory<byte> signedOffer, CancellationToken cancellationToken = default)
    {
        ulong index = 0;
        MessageDecision decision = await DecideAsync(
            state =>
            {
                MessageDecision offered = state.OfferHolderKey(signedOffer.Span);
                index = offered.RepeatedIndex ?? state.EntryCount;
                return offered;
            },
            cancellationToken);
        return decision.Rejection is { } rejection ? (null, false, rejection) : (log.EntryAt(index), decision.RepeatedIndex is not null, null);
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
        ChangeRecord? record = null;
        MessageDecision decision = await DecideAsync(
            state =>
            {
                record = state.Changes.Find(change); // Of a repeat: durable, for the gate is held until a change is.
                return decide(state);
            },
            cancellationToken);
        if (decision.Accepted is not null)
            return (await ReadAsync(state => state.Changes.Find(change), cancellationToken), false, null);
        return decision.Rejection is { } rejection ? (null, false, rejection) : (record, true, null);
    }

    /// <summary>Logs that the uploaded vectors of a finished round are deleted; the caller deletes them then.</summary>
    public Task<bool> TryLogDeletionAsync(Identifier roundId, CancellationToken cancellationToken = default) => DecideAsync(state => state.DeleteVectors(roundId), cancellationToken);

    /// <summary>Reads something of the state while nothing changes it.</summary>
    public Task<T> ReadAsync<T>(Func<TaskState, T> read, CancellationToken cancellationToken = default) => writer.ReadAsync(state => read(RequireRunning(state)), cancellationToken);

    public ServerRound? FindRound(Identifier roundId) => Fold.FindRound(roundId);

    /// <summary>An announcement with the proof that its entry is in the log, once a checkpoint covers it.</summary>
    /// <param name="roundId">Round or leaf.</param>
    /// <param name="kind">The opening or a list.</param>
    /// <param name="known">Entries of the largest checkpoint that the reader holds.</param>
    public ProvenAnnouncement? FindAnnouncement(Identifier roundId, EventType kind, ulong known)
    {
        if (RequireRunning(Fold).FindAnnounced(roundId, kind) is not { } found || log.ProofOf(found.Index, known) is not { } proof)
            return null;
        SignedEntry entry = log.EntryAt(found.Index);
        return entry.EntryDigest == found.Entry ? new ProvenAnnouncement(new Announcement(entry, found.List is { } list ? log.Get(list) : default), proof) : null;
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
        return Fold.HasModel(digest) && log.TryGet(digest, out model);
    }

    public bool TryGetBlob(Digest digest, out ReadOnlyMemory<byte> blob) => log.TryGet(digest, out blob);

    /// <summary>Waits until the sum of a round that is seen to be over is durable; false if it has none.</summary>
    public async Task<bool> HoldsSumAsync(ServerRound round, CancellationToken cancellationToken = default)
    {
        if (round.AggregateDigest is not { } digest)
            return false;
        if (!log.TryGet(digest, out _))
            _ = await writer.ReadAsync(_ => true, cancellationToken); // A change keeps readers of the writer out until it is durable.
        return log.TryGet(digest, out _);
    }

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
        writer.Dispose();
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
            while (isLeading && await decisions.NextAsync(Fold.State, cancellationToken) is { } pending)
            {
                Task<bool> durable = writer.Queue(pending);
                clocks.Begin(pending.Event, Fold);
                if (pending.Event is TaskEvent.RoundOpened)
                    attendance.Reset();
                if (!await ConfirmAsync(durable))
                    writer.Refold();
                await checkpoints.AnnounceAsync();
            }

            if (isLeading && log.PublishedSize < log.EntryCount)
                checkpoints.PublishSoon();
            if (Fold.State.IsOver && log.PublishedSize == log.EntryCount)
                return null;
            TaskCompletionSource signal = NewSignal();
            Volatile.Write(ref messageArrived, signal);
            return (Task.WhenAny(signal.Task, store.WaitForEntriesAsync(Fold.State.EntryCount, LongestQuiet, cancellationToken)), TimeToNextDecision());
        }
        finally
        {
            writer.Leave();
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

    /// <summary>Appends what the decision accepts, and decides again where another replica was faster.</summary>
    /// <returns>The decision by which it was appended, repeated or refused.</returns>
    private async Task<MessageDecision> DecideAsync(Func<TaskState, MessageDecision> decide, CancellationToken cancellationToken)
    {
        for (int attempt = 0; attempt < GreatestAttempts; attempt++)
        {
            MessageDecision? decision = null;
            if (await DecideAsync(state => (decision = decide(state)).Accepted, cancellationToken) || decision!.Accepted is null)
                return decision!;
        }

        throw TooMany();
    }

    private async Task<bool> DecideAsync(Func<TaskState, PendingEvent?> decide, CancellationToken cancellationToken)
    {
        await EnterAsync(cancellationToken);
        try
        {
            if (decide(Fold.State) is not { } pending || !await ConfirmAsync(writer.Queue(pending)))
                return false;
            await checkpoints.AnnounceAsync();
        }
        finally
        {
            writer.Leave();
        }

        Volatile.Read(ref messageArrived).TrySetResult();
        return true;
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
        TimeSpan next = clocks.TimeToNextDecision(Fold.State.HasOpenRound ? Fold.State.Round : null);
        return store.IsLeader || next < FollowerPause ? next : FollowerPause;
    }

    private Task EnterAsync(CancellationToken cancellationToken) => writer.EnterAsync(SignalStage, cancellationToken);

    /// <returns>False if another replica was faster.</returns>
    private async Task<bool> ConfirmAsync(Task<bool> durable)
    {
        try
        {
            return await writer.ConfirmAsync(durable);
        }
        catch (StorageException exception)
        {
            appending.Failed(exception);
            Volatile.Read(ref messageArrived).TrySetResult(); // Wakes RunAsync, which finds out when writing works again.
            throw;
        }
    }

    private static StorageException TooMany() => new("Other replicas append to this log faster than this one can follow. Send the same message again.", isFull: true);

    private void SignalStage() => Interlocked.Exchange(ref stageChanged, NewSignal()).TrySetResult();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
