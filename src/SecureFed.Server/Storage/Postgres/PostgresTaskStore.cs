using Npgsql;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>A task's log in PostgreSQL, for several server replicas on one database.</summary>
/// <remarks>
/// Every replica may append: the primary key (task, index) lets one of them have an index, and the others are told (<see cref="AppendAsync"/> returns false), read what
/// is new and decide again. Group commit: while one transaction is flushed, further entries queue; the next takes all of them. A database that restarts is waited for;
/// if it is away for longer, appends fail as transient and the same calls succeed when it is back. After such a failure the entry may be there all the same: repeating
/// the same append recognises it, and to any other append at its index it is an entry that was there first.
/// Memory holds the last entries only; everything else is read when asked for.
/// </remarks>
internal sealed class PostgresTaskStore : ITaskStore
{
    private const int GreatestBlobBytes = 1 << 30;
    private const int GreatestBatchEntries = 4096;
    private const long GreatestBatchBytes = 64 << 20;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);
    private readonly Identifier taskId;
    private readonly PostgresDatabase database;
    private readonly PostgresNotices notices;
    private volatile Action<Identifier>? heardOf;
    private readonly PostgresAppend append;
    private readonly PostgresEntries entries;
    private readonly EntryArrivals arrivals;
    private readonly Action onClosed;
    private readonly Lock gate = new();
    private readonly Queue<PendingAppend> queue = new();
    private readonly SemaphoreSlim electing = new(1, 1);
    private Task writing = Task.CompletedTask;
    private Task polling = Task.CompletedTask;
    private long lastPoll;
    private volatile PostgresLeadership? leadership;
    private bool isWriting;
    private bool isClosed;
    private ulong queuedEnd;

    /// <param name="taskId">Of the log.</param>
    /// <param name="database">That holds it.</param>
    /// <param name="notices">To the other replicas.</param>
    /// <param name="writer">16 random bytes of this opening: an equal entry of another replica is another one.</param>
    /// <param name="entryCount">At opening.</param>
    /// <param name="onClosed">Called once.</param>
    public PostgresTaskStore(Identifier taskId, PostgresDatabase database, PostgresNotices notices, byte[] writer, ulong entryCount, Action onClosed)
    {
        this.taskId = taskId;
        this.database = database;
        this.notices = notices;
        this.onClosed = onClosed;
        append = new PostgresAppend(taskId, writer);
        entries = new PostgresEntries(taskId, database);
        arrivals = new EntryArrivals(entryCount);
        queuedEnd = entryCount;
    }

    public ulong EntryCount => arrivals.Count;

    public bool IsShared => true;

    public bool IsLeader => leadership is { IsHeld: true };

    /// <summary>Finishes deletions that were interrupted; what can be read is durable already.</summary>
    public async Task BeginWritingAsync(CancellationToken cancellationToken = default)
    {
        RequireOpen();
        await database.RunAsync((connection, cancellation) => PostgresRetention.FinishAsync(connection, taskId, cancellation), cancellationToken);
    }

    public async Task ProbeAsync(CancellationToken cancellationToken = default)
    {
        RequireOpen();
        await database.RunAsync((connection, cancellation) => PostgresBlobs.ProbeAsync(connection, taskId, cancellation), cancellationToken);
    }

    public async Task<bool> AppendAsync(ulong index, StoredEntry entry, IReadOnlyList<StoredBlob> blobs, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(entry.Bytes.Length, ushort.MaxValue, nameof(entry));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(entry.Signature.Length, byte.MaxValue, nameof(entry));
        foreach (StoredBlob blob in blobs)
            ArgumentOutOfRangeException.ThrowIfGreaterThan(blob.Bytes.Length, GreatestBlobBytes, nameof(blobs));
        return await EnqueueAsync(new PendingAppend(index, entry, [.. blobs.Select(b => (b.Digest, b))]), cancellationToken);
    }

    public StoredEntry ReadEntry(ulong index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, EntryCount);
        return entries.Read(index);
    }

    public async Task WaitForEntriesAsync(ulong beyond, TimeSpan longest, CancellationToken cancellationToken = default)
    {
        long started = database.Time.GetTimestamp();
        while (EntryCount <= beyond && longest - database.Time.GetElapsedTime(started) is { Ticks: > 0 } left)
        {
            await arrivals.WaitAsync(beyond, left < PollInterval ? left : PollInterval, database.Time, cancellationToken);
            Poll();
        }
    }

    public void SharePresence(Identifier client) => notices.SendPresence(taskId, client);

    public void HearPresence(Action<Identifier> heard) => heardOf = heard;

    /// <summary>A client has asked some replica about this task.</summary>
    public void HearOf(Identifier client) => heardOf?.Invoke(client);

    /// <summary>Another replica says that the log has so many entries.</summary>
    public void Hear(ulong entryCount) => arrivals.Note(entryCount);

    public ReadOnlyMemory<byte> Get(Digest digest) => TryGet(digest, out ReadOnlyMemory<byte> blob) ? blob : throw new KeyNotFoundException($"Blob {digest} is not held.");

    public bool TryGet(Digest digest, out ReadOnlyMemory<byte> blob)
    {
        byte[]? bytes = database.Read(connection => PostgresBlobs.Read(connection, taskId, digest));
        blob = bytes;
        if (bytes is not null && Digest.Of(bytes) != digest)
            throw new StorageException($"Blob {digest} of task {taskId} can no longer be read from the database {database} as it was written. Stop the server and check the database.");
        return bytes is not null;
    }

    public async Task DeleteBlobsAsync(Identifier round, CancellationToken cancellationToken = default)
    {
        RequireOpen();
        await database.RunAsync((connection, cancellation) => PostgresRetention.DeleteAsync(connection, taskId, round, cancellation), cancellationToken);
    }

    public byte[]? ReadFile(string path)
    {
        PublishedPath.Require(path);
        return database.Read(connection => PostgresFiles.Read(connection, taskId, path));
    }

    public async Task WriteFilesAsync(IReadOnlyList<(string Path, ReadOnlyMemory<byte> Bytes)> files, CancellationToken cancellationToken = default)
    {
        RequireOpen();
        foreach ((string path, _) in files)
            PublishedPath.Require(path);
        await database.RunAsync((connection, cancellation) => PostgresFiles.WriteAsync(connection, taskId, files, cancellation), cancellationToken);
    }

    public LogGuard? ReadGuard() => database.Read(connection => PostgresFiles.ReadGuard(connection, taskId));

    public async Task WriteGuardAsync(LogGuard guard, CancellationToken cancellationToken = default)
    {
        RequireOpen();
        await database.RunAsync((connection, cancellation) => PostgresFiles.WriteGuardAsync(connection, taskId, guard, cancellation), cancellationToken);
    }

    public async Task<IAsyncDisposable?> TryLeadAsync(CancellationToken cancellationToken = default)
    {
        RequireOpen();
        await electing.WaitAsync(cancellationToken);
        try
        {
            return IsLeader ? null : leadership = await PostgresLeadership.TryTakeAsync(taskId, database, cancellationToken);
        }
        finally
        {
            electing.Release();
        }
    }

    /// <summary>Waits for what is queued, and gives the leadership back.</summary>
    public async ValueTask DisposeAsync()
    {
        Task last;
        lock (gate)
        {
            if (isClosed)
                return;
            isClosed = true;
            last = writing;
        }

        await last;
        await polling;
        await electing.WaitAsync();
        if (leadership is not null)
            await leadership.DisposeAsync();
        electing.Dispose();
        onClosed();
    }

    private void RequireOpen()
    {
        lock (gate)
            ObjectDisposedException.ThrowIf(isClosed, this);
    }

    private Task<bool> EnqueueAsync(PendingAppend pending, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isClosed, this);
            ulong count = EntryCount;
            if (pending.Index >= queuedEnd && pending.Index < count)
                return Task.FromResult(false); // Another replica's entry is there already.
            ArgumentOutOfRangeException.ThrowIfNotEqual(pending.Index, Math.Max(queuedEnd, count), nameof(pending.Index));
            queue.Enqueue(pending);
            queuedEnd = pending.Index + 1;
            if (!isWriting)
            {
                isWriting = true;
                writing = Task.Run(WriteQueueAsync, CancellationToken.None);
            }
        }

        return pending.Completion;
    }

    private async Task WriteQueueAsync()
    {
        while (TakeBatch() is { } batch)
        {
            try
            {
                await WriteAsync(batch);
            }
            catch (Exception exception)
            {
                FailFrom(batch, exception);
            }
        }
    }

    /// <summary>Consecutive entries; null, and the loop has ended, if there is none.</summary>
    private List<PendingAppend>? TakeBatch()
    {
        lock (gate)
        {
            isWriting = queue.Count > 0;
            if (!isWriting)
                return null;
            List<PendingAppend> batch = [];
            long size = 0;
            while (queue.TryPeek(out PendingAppend? next) && batch.Count < GreatestBatchEntries && (batch.Count == 0 || (size + next.Size <= GreatestBatchBytes && next.Index == batch[^1].Index + 1)))
            {
                batch.Add(queue.Dequeue());
                size += next.Size;
            }

            return batch;
        }
    }

    /// <summary>Writes until all are durable or one cannot be; those behind it were decided in the belief that it would be, and share its fate.</summary>
    private async Task WriteAsync(List<PendingAppend> batch)
    {
        int possible = batch.Count;
        while (batch.Count > 0)
        {
            IReadOnlyList<PendingAppend> attempted = batch.GetRange(0, possible);
            AppendOutcome outcome = await database.RunAsync((connection, cancellation) => append.CommitAsync(connection, attempted, cancellation), CancellationToken.None);
            Acknowledge(batch, outcome);
            possible = outcome.Possible > 0 ? outcome.Possible : batch.Count;
            if (outcome.Obstacle == AppendObstacle.None)
                continue;

            if (outcome.Obstacle == AppendObstacle.IndexTaken)
                GiveUpFrom(batch);
            else if (outcome.Obstacle == AppendObstacle.RoundDeleted)
                Refuse(batch);
            else
                throw new StorageException($"The database {database} holds {outcome.EntryCount} entries of task {taskId}, and entry {batch[0].Index - 1} was acknowledged: it has lost what it had made durable, as a restored backup or an asynchronous standby may. Nothing was written; restore the database.");
            return;
        }
    }

    private void Acknowledge(List<PendingAppend> batch, AppendOutcome outcome)
    {
        List<PendingAppend> durable = batch.GetRange(0, outcome.Durable);
        batch.RemoveRange(0, outcome.Durable);
        foreach (PendingAppend write in durable)
            entries.Keep(write.Index, new StoredEntry(write.Entry.Bytes.ToArray(), write.Entry.Signature.ToArray()));
        if (outcome.Obstacle != AppendObstacle.PredecessorMissing)
            arrivals.Note(outcome.EntryCount);
        foreach (PendingAppend write in durable)
            write.Complete(isStored: true);
        if (durable.Count > 0)
            notices.Send(taskId, outcome.EntryCount);
    }

    /// <summary>The first of them comes too late for its index.</summary>
    private void GiveUpFrom(List<PendingAppend> batch)
    {
        foreach (PendingAppend write in TakeAllFrom(batch))
            write.Complete(isStored: false);
    }

    /// <summary>The first of them brings blobs of a round whose blobs were deleted, which is its caller's fault alone.</summary>
    private void Refuse(List<PendingAppend> batch)
    {
        List<PendingAppend> failed = TakeAllFrom(batch);
        failed[0].Fail(new ArgumentOutOfRangeException(null, "The blobs of this round have been deleted."));
        foreach (PendingAppend write in failed.Skip(1))
            write.Fail(new StorageException($"Nothing was stored: entry {failed[0].Index} of task {taskId}, which was to come ahead of this one, was refused.", isTransient: true));
    }

    private void FailFrom(List<PendingAppend> batch, Exception exception)
    {
        StorageException described = exception as StorageException ?? new StorageException($"Nothing was stored of task {taskId}: {exception.Message}", isFull: false, exception);
        foreach (PendingAppend write in TakeAllFrom(batch))
            write.Fail(described);
    }

    private List<PendingAppend> TakeAllFrom(List<PendingAppend> batch)
    {
        lock (gate)
        {
            List<PendingAppend> all = [.. batch, .. queue];
            queue.Clear();
            if (batch.Count > 0)
                queuedEnd = batch[0].Index;
            return all;
        }
    }

    /// <summary>Asks the database once, for all who wait: what is new wakes them.</summary>
    private void Poll()
    {
        lock (gate)
        {
            if (!polling.IsCompleted || isClosed || database.Time.GetElapsedTime(lastPoll) < PollInterval)
                return;
            lastPoll = database.Time.GetTimestamp();
            polling = Task.Run(ReadCountAsync);
        }
    }

    private async Task ReadCountAsync()
    {
        try
        {
            arrivals.Note(await database.RunAsync((connection, cancellation) => PostgresEntries.CountAsync(connection, taskId, cancellation)));
        }
        catch (StorageException)
        {
            // Asked again soon.
        }
    }
}
