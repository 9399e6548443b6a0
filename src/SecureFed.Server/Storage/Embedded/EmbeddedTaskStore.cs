using SecureFed.Protocol.Wire;
using SecureFed.Shared;

namespace SecureFed.Server.Storage;

/// <summary>A task's log in a directory of files: a journal, one file of prunable blobs for each round, and the published files.</summary>
/// <remarks>
/// Group commit: while one flush runs, further entries queue; the next frame of the journal takes all of them. The words are flushed before the journal that names
/// them. A full disk is undone and writing goes on; any other failure ends writing until the server is started again (<see cref="DurableFiles"/>).
/// Memory holds places only; entries and blobs are read from disk when asked for.
/// </remarks>
internal sealed class EmbeddedTaskStore : ITaskStore
{
    private const int GreatestBlobBytes = 1 << 30;
    private const long GreatestBatchBytes = 64 << 20;
    private const int GreatestOpenSegments = 32;
    private const int ProbeBytes = 1 << 16;
    private readonly Identifier taskId;
    private readonly string directory;
    private readonly DurableFiles files;
    private readonly Journal journal;
    private readonly TaskIndex index;
    private readonly PublishedFiles published;
    private readonly GuardFile guard;
    private readonly ILogger logger;
    private readonly Action onClosed;
    private readonly EntryArrivals arrivals;
    private readonly Lock gate = new();
    private readonly Queue<PendingWrite> queue = new();
    private readonly HashSet<Identifier> roundsBeingDeleted = [];
    private Task writer = Task.CompletedTask;
    private volatile bool mayWrite;
    private bool isWriting;
    private bool isClosed;
    private ulong nextIndex;

    private EmbeddedTaskStore(Identifier taskId, string directory, DurableFiles files, Journal journal, TaskIndex index, GuardFile guard, ILogger logger, Action onClosed)
    {
        this.taskId = taskId;
        this.directory = directory;
        this.files = files;
        this.journal = journal;
        this.index = index;
        this.guard = guard;
        this.logger = logger;
        this.onClosed = onClosed;
        published = new PublishedFiles(files, Path.Combine(directory, "log"));
        nextIndex = index.EntryCount;
        arrivals = new EntryArrivals(nextIndex);
    }

    public ulong EntryCount => index.EntryCount;

    private bool LastFrameHasEntry { get; init; }

    /// <summary>Checks everything and changes nothing.</summary>
    /// <exception cref="StorageException">Damaged; nothing was changed.</exception>
    public static EmbeddedTaskStore Open(Identifier taskId, string directory, GuardFile guard, DurableFiles files, ILogger logger, Action onClosed)
    {
        Journal opened = Journal.Open(files, Path.Combine(directory, "journal"), taskId);
        try
        {
            TaskIndex found = new(files, directory);
            bool hasEntry = false;
            foreach ((long offset, ReadOnlyMemory<byte> payload) in opened.ReadFrames())
            {
                ulong before = found.EntryCount;
                found.Apply(offset, payload.Span);
                hasEntry = found.EntryCount > before;
            }

            RequireWhole(taskId, directory, opened, found);
            return new EmbeddedTaskStore(taskId, directory, files, opened, found, guard, logger, onClosed) { LastFrameHasEntry = hasEntry };
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Cuts off a torn tail and finishes deletions that were interrupted.</summary>
    public async Task BeginWritingAsync(CancellationToken cancellationToken = default)
    {
        if (mayWrite)
            return;
        lock (gate)
            RequireOpen();
        await CallAsync(Confirm, cancellationToken);
        mayWrite = true;
    }

    public Task ProbeAsync(CancellationToken cancellationToken = default) => RunAsync(
        () =>
        {
            string path = Path.Combine(directory, "probe");
            files.Replace(path, new byte[ProbeBytes]);
            files.Delete(path);
        },
        cancellationToken);

    public async Task<bool> AppendAsync(ulong index, StoredEntry entry, IReadOnlyList<StoredBlob> blobs, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(entry.Bytes.Length, ushort.MaxValue, nameof(entry));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(entry.Signature.Length, byte.MaxValue, nameof(entry));
        foreach (StoredBlob blob in blobs)
            ArgumentOutOfRangeException.ThrowIfGreaterThan(blob.Bytes.Length, GreatestBlobBytes, nameof(blobs));
        cancellationToken.ThrowIfCancellationRequested();

        PendingWrite write = new(index, entry, [.. blobs.Select(b => (b.Digest, b))], null);
        lock (gate)
        {
            RequireWritable();
            ArgumentOutOfRangeException.ThrowIfNotEqual(index, nextIndex);
            if (blobs.Any(b => b.PrunableRound is { } round && IsDeleted(round)))
                throw new ArgumentOutOfRangeException(nameof(blobs), "The blobs of this round have been deleted.");
            Enqueue(write);
            nextIndex++;
        }

        await write.Completion;
        return true;
    }

    public StoredEntry ReadEntry(ulong index) => TaskIndex.ReadEntry(journal.Read(this.index[index]), index);

    public Task WaitForEntriesAsync(ulong beyond, TimeSpan longest, CancellationToken cancellationToken = default) =>
        arrivals.WaitAsync(beyond, longest, TimeProvider.System, cancellationToken);

    public bool IsShared => false;

    public bool IsLeader => true;

    public Task<IAsyncDisposable?> TryLeadAsync(CancellationToken cancellationToken = default) => Task.FromResult<IAsyncDisposable?>(SoleLeadership.Instance);

    public ReadOnlyMemory<byte> Get(Digest digest) => TryGet(digest, out ReadOnlyMemory<byte> blob) ? blob : throw new KeyNotFoundException($"Blob {digest} is not held.");

    public bool TryGet(Digest digest, out ReadOnlyMemory<byte> blob)
    {
        byte[]? bytes = null;
        bool isHeld = index.Permanent.TryGetValue(digest, out Extent extent);
        if (isHeld)
            bytes = journal.Read(extent);
        else
            isHeld = index.Segments.Any(segment => segment.Value.TryRead(digest, out bytes));
        blob = bytes;
        if (isHeld && Digest.Of(bytes) != digest)
            throw new StorageException($"Blob {digest} of task {taskId} can no longer be read as it was written. Stop the server and check the disk.");
        return isHeld;
    }

    public Task DeleteBlobsAsync(Identifier round, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            RequireWritable();
            if (index.DeletedRounds.ContainsKey(round))
                return Task.CompletedTask;
            PendingWrite write = new(0, default, [], round);
            roundsBeingDeleted.Add(round);
            Enqueue(write);
            return write.Completion;
        }
    }

    public byte[]? ReadFile(string path) => published.Read(path);

    public Task WriteFilesAsync(IReadOnlyList<(string Path, ReadOnlyMemory<byte> Bytes)> files, CancellationToken cancellationToken = default)
    {
        foreach ((string path, _) in files)
            PublishedPath.Require(path);
        return RunAsync(() => published.Write(files), cancellationToken);
    }

    public LogGuard? ReadGuard() => guard.Last;

    public Task WriteGuardAsync(LogGuard guard, CancellationToken cancellationToken = default) =>
        RunAsync(() => this.guard.Write(guard), cancellationToken);

    /// <summary>Waits for what is queued.</summary>
    public async ValueTask DisposeAsync()
    {
        Task last;
        lock (gate)
        {
            if (isClosed)
                return;
            isClosed = true;
            last = writer;
        }

        await last;
        published.Close();
        journal.Dispose();
        foreach (WordsSegment segment in index.Segments.Values)
            segment.Dispose();
        onClosed();
    }

    private static void RequireWhole(Identifier taskId, string directory, Journal journal, TaskIndex index)
    {
        if (journal.TailBytes > 0 && journal.HasFrameInTail())
            throw new StorageException($"The journal of task {taskId} in '{directory}' is damaged in the middle: entry {index.EntryCount} (or one flushed together with it), at offset {journal.End}, does not have its check value, and valid data follow. Nothing was changed; restore the directory from a backup.");
        foreach ((Identifier round, WordsSegment segment) in index.Segments)
        {
            if (segment.FindEntryWithoutBlob() is { } entry)
                throw new StorageException($"'{segment.Path}' of task {taskId} is missing or too short: entry {entry} names a blob of round {round} that is not there and that retention has not deleted. Nothing was changed; restore the directory from a backup.");
        }
    }

    /// <summary>A guard over the last entry was written after the flush of the frame that holds it.</summary>
    private void Confirm()
    {
        if (journal.TailBytes > 0)
            Log.TornTailCut(logger, taskId, journal.TailBytes, journal.End, index.EntryCount);
        journal.Confirm(LastFrameHasEntry && guard.Last?.Size >= index.EntryCount);
        foreach (Identifier round in index.DeletedRounds.Keys.Where(r => File.Exists(index.PathOf(r))))
            files.Delete(index.PathOf(round));
        published.Confirm();
        guard.Confirm();
    }

    private Task RunAsync(Action write, CancellationToken cancellationToken)
    {
        lock (gate)
            RequireWritable();
        return CallAsync(write, cancellationToken);
    }

    private async Task CallAsync(Action write, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Run(write, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Describe(exception);
        }
    }

    private bool IsDeleted(Identifier round) => roundsBeingDeleted.Contains(round) || index.DeletedRounds.ContainsKey(round);

    private void RequireWritable()
    {
        RequireOpen();
        if (!mayWrite)
            throw new InvalidOperationException($"{nameof(BeginWritingAsync)} comes first.");
    }

    private void RequireOpen()
    {
        ObjectDisposedException.ThrowIf(isClosed, this);
        if (files.Failure is { } failure)
            throw Describe(failure);
    }

    /// <summary>The caller holds the gate.</summary>
    private void Enqueue(PendingWrite write)
    {
        queue.Enqueue(write);
        if (isWriting)
            return;
        isWriting = true;
        writer = Task.Run(WriteQueue);
    }

    private void WriteQueue()
    {
        while (TakeBatch() is { } batch)
        {
            try
            {
                Commit(batch);
            }
            catch (Exception exception)
            {
                Fail(batch, exception);
                continue;
            }

            arrivals.Note(EntryCount);
            foreach (PendingWrite write in batch)
                Finish(write);
        }
    }

    private List<PendingWrite>? TakeBatch()
    {
        lock (gate)
        {
            isWriting = queue.Count > 0;
            if (!isWriting)
                return null;
            List<PendingWrite> batch = [];
            long size = 0;
            while (queue.Count > 0 && (batch.Count == 0 || size + queue.Peek().Size <= GreatestBatchBytes))
            {
                batch.Add(queue.Dequeue());
                size += batch[^1].Size;
            }

            return batch;
        }
    }

    private void Commit(List<PendingWrite> batch)
    {
        HashSet<WordsSegment> touched = [];
        try
        {
            byte[] payload = WriteWords(batch, touched);
            foreach (WordsSegment segment in touched)
                segment.Flush();
            long offset = journal.Append(payload);
            index.Apply(offset, payload);
        }
        catch (FileCallException exception) when (exception.IsFull && files.Failure is null)
        {
            foreach (WordsSegment segment in touched)
                segment.Undo();
            journal.CutTail();
            throw;
        }

        if (touched.Count > 0 && index.Segments.Count(s => s.Value.IsOpen) > GreatestOpenSegments)
        {
            foreach (WordsSegment segment in index.Segments.Values)
                segment.Dispose();
        }
    }

    /// <summary>Writes the prunable blobs and returns the payload of the frame, which names them.</summary>
    private byte[] WriteWords(List<PendingWrite> batch, HashSet<WordsSegment> touched)
    {
        CanonicalWriter payload = new();
        HashSet<Digest> fresh = [];
        foreach (PendingWrite write in batch)
        {
            if (write.DeletedRound is { } deleted)
            {
                TaskIndex.WriteBlobsDeleted(payload, deleted);
                continue;
            }

            List<(Identifier, Digest, Extent)> references = [];
            foreach ((Digest digest, StoredBlob blob) in write.Blobs)
            {
                if (index.Permanent.ContainsKey(digest) || fresh.Contains(digest))
                    continue;
                if (blob.PrunableRound is { } round)
                {
                    WordsSegment segment = index.SegmentOf(round);
                    touched.Add(segment);
                    references.Add((round, digest, segment.Write(digest, blob.Bytes)));
                }
                else if (fresh.Add(digest))
                {
                    TaskIndex.WriteBlob(payload, digest, blob.Bytes.Span);
                }
            }

            TaskIndex.WriteEntry(payload, write.Index, write.Entry, references);
        }

        return payload.ToArray();
    }

    /// <summary>The file of a deleted round goes only when the journal says so; opening finishes what is interrupted here.</summary>
    private void Finish(PendingWrite write)
    {
        try
        {
            if (write.DeletedRound is { } round)
            {
                files.Delete(index.PathOf(round));
                lock (gate)
                    roundsBeingDeleted.Remove(round);
            }

            write.Complete();
        }
        catch (Exception exception)
        {
            write.Fail(Describe(exception));
        }
    }

    /// <summary>What is queued was decided in the belief that this batch would succeed, so it fails too.</summary>
    private void Fail(List<PendingWrite> batch, Exception exception)
    {
        if (exception is not FileCallException { IsFull: true })
            files.Fail(exception);
        StorageException described = Describe(exception);
        List<PendingWrite> failed = batch;
        lock (gate)
        {
            failed.AddRange(queue);
            queue.Clear();
            roundsBeingDeleted.Clear();
            nextIndex = index.EntryCount;
        }

        foreach (PendingWrite write in failed)
            write.Fail(described);
    }

    private StorageException Describe(Exception exception) =>
        exception is FileCallException { IsFull: true } && files.Failure is null
            ? new StorageException($"There is no room to store anything of task {taskId}; nothing was acknowledged. Free space or raise the quota: the server goes on by itself.", isFull: true, exception)
            : new StorageException($"Nothing more can be stored of task {taskId}: {exception.Message} Nothing was acknowledged since. Check the disk, then start the server again.", isFull: false, exception);
}
