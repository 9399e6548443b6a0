using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;

namespace SecureFed.Server.Tasks;

/// <summary>The one writer of a task in this process: its fold, and the appends by which the log follows it.</summary>
/// <remarks>
/// The fold runs ahead of the disk, so that entries of many clients share one flush. If an append fails, or another replica was faster, the fold is thrown away and made again
/// from what is durable, beginning where the last round was opened. Everything between <see cref="EnterAsync"/> and <see cref="Leave"/> sees one state.
/// </remarks>
internal sealed class TaskWriter : IDisposable
{
    public static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
    private readonly TaskLog log;
    private readonly ITaskStore store;
    private readonly Roster firstRoster;
    private readonly Func<Digest, Roster?> findRoster;
    private readonly PhaseClocks clocks;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly SemaphoreSlim gate = new(1, 1);
    private volatile TaskFold fold;
    private volatile StorageException? storageFailure;
    private volatile bool isAhead;
    private long failedAt;

    public TaskWriter(TaskLog log, ITaskStore store, TaskFold fold, Roster firstRoster, Func<Digest, Roster?> findRoster, PhaseClocks clocks, TimeProvider time, ILogger logger)
    {
        this.log = log;
        this.store = store;
        this.fold = fold;
        this.firstRoster = firstRoster;
        this.findRoster = findRoster;
        this.clocks = clocks;
        this.time = time;
        this.logger = logger;
    }

    public TaskFold Fold => fold;

    /// <summary>Completes when everything queued so far is durable; false if another replica took its place.</summary>
    public Task<bool> LastAppend { get; private set; } = Task.FromResult(true);

    /// <summary>Enters with a fold that runs ahead by nothing that has failed.</summary>
    /// <param name="onCheckpoint">Called if another replica has published a checkpoint meanwhile.</param>
    /// <param name="cancellationToken">While waiting for others.</param>
    /// <exception cref="StorageException">Nothing was entered.</exception>
    public async Task EnterAsync(Action onCheckpoint, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (storageFailure is { } failure && time.GetElapsedTime(Interlocked.Read(ref failedAt)) < RetryPause)
                throw failure;
            if (isAhead)
                await ((Task)LastAppend).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (isAhead || HasLastAppendFailed)
                Refold();
            else if (LastAppend.IsCompleted)
                CatchUp(onCheckpoint); // Not while an entry of ours is under way: its place may be taken by another replica's.
        }
        catch
        {
            gate.Release();
            throw;
        }
    }

    public void Leave() => gate.Release();

    /// <summary>Reads something of the state while nothing changes it.</summary>
    public async Task<T> ReadAsync<T>(Func<TaskState, T> read, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if ((isAhead && LastAppend.IsCompleted) || HasLastAppendFailed)
                Refold();
            return read(fold.State);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Folds an event and queues it; not cancellable, for once decided it is appended and folded together, whoever stops waiting for it.</summary>
    public Task<bool> Queue(PendingEvent pending)
    {
        if (pending.Event is TaskEvent.RoundOpened && LastAppend.IsCompleted && !HasLastAppendFailed)
            fold.Rest();
        Identifier taskId = fold.State.Parameters.TaskId;
        ulong index = fold.State.EntryCount;
        byte[] entry = new LogEntry(taskId, pending.Event).Encode();
        StoredBlob[] blobs = [.. pending.Blobs.Select(b => new StoredBlob(b)), .. pending.Vectors.Select(v => new StoredBlob(v, fold.State.Round!.Parameters.RoundId))];
        log.Hold(blobs); // For the fold: an append that loses a race between replicas may be over, and its blobs gone, before the fold has read them.
        Take(() => fold.Apply(index, entry, pending.Event));
        LastAppend = log.AppendAsync(index, entry, blobs);
        if (pending.Event is not TaskEvent.MessageAccepted)
            Log.Appended(logger, taskId, index, pending.Event.Type);
        return LastAppend;
    }

    /// <returns>False if another replica was faster; the fold is made again at the next entrance.</returns>
    /// <exception cref="StorageException">Nothing was appended.</exception>
    public async Task<bool> ConfirmAsync(Task<bool> durable)
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
            throw;
        }
        catch (ArgumentOutOfRangeException)
        {
            isAhead = true; // The entry before this one has failed, so this index is not the next any more.
            return false;
        }
    }

    /// <summary>Throws away what has run ahead of the log. Only between <see cref="EnterAsync"/> and <see cref="Leave"/>.</summary>
    public void Refold()
    {
        fold = fold.Again(log, firstRoster, findRoster);
        LastAppend = Task.FromResult(true);
        isAhead = false;
        clocks.Restart(fold.State.Round);
    }

    public void Dispose() => gate.Dispose();

    private bool HasLastAppendFailed => LastAppend.IsCompleted && !(LastAppend.IsCompletedSuccessfully && LastAppend.Result);

    /// <summary>Folds what other replicas have appended, and takes over their checkpoint.</summary>
    private void CatchUp(Action onCheckpoint)
    {
        if (store.EntryCount > fold.State.EntryCount)
        {
            RoundPhase? phase = fold.State.Round?.Phase;
            ServerRound? round = fold.State.Round;
            Take(() => fold.TakeNew(log));
            if (fold.State.Round != round || fold.State.Round?.Phase != phase)
                clocks.Restart(fold.State.Round);
            else if (round is not null)
                clocks.Arrived(round);
        }

        if (log.PublishedSize < store.EntryCount && log.Refresh())
            onCheckpoint();
    }

    /// <summary>A blob that cannot be read now leaves the fold within an entry: it is made again, not gone on with.</summary>
    private void Take(Action apply)
    {
        try
        {
            apply();
        }
        catch (StorageException)
        {
            isAhead = true;
            throw;
        }
    }
}
