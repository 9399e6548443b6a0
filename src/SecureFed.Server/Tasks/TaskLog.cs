using System.Collections.Concurrent;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;

namespace SecureFed.Server.Tasks;

/// <summary>One task's Merkle log over its store: signs entries, grows the tree, publishes checkpoints, proves what is in it.</summary>
/// <remarks>
/// Order of writing (DESIGN section 6): blobs and entry; then entry bundles and tiles; then the guard, which remembers that this tree is being signed; then the
/// checkpoint. A crash leaves at worst files that no checkpoint refers to. A tree that is smaller than the guarded one, or another one, is never signed.
/// </remarks>
internal sealed class TaskLog : ILogSource, IBlobSource, IDisposable
{
    public const string CheckpointPath = "checkpoint";
    private const ulong FilesInMemory = 1 << 16;
    private readonly Identifier taskId;
    private readonly string origin;
    private readonly ITaskStore store;
    private readonly ISigner signer;
    private readonly LogWitnesses witnesses;
    private readonly SemaphoreSlim publishing = new(1, 1);
    private readonly ConcurrentDictionary<Digest, ReadOnlyMemory<byte>> inFlight = new();
    private readonly ConcurrentDictionary<(int Level, ulong Index), ReadOnlyMemory<byte>> tileHashes = new();
    private readonly List<LogFile> unwritten = [];
    private readonly TileSet tiles = new();
    private volatile PublishedTree published = new(0, Array.Empty<byte>());

    private TaskLog(Identifier taskId, ITaskStore store, ISigner signer, LogWitnesses witnesses)
    {
        this.taskId = taskId;
        this.store = store;
        this.signer = signer;
        this.witnesses = witnesses;
        origin = LogOrigin.Of(signer.PublicKey.Span, taskId);
    }

    /// <summary>Entries under the last checkpoint.</summary>
    public ulong PublishedSize => published.Size;

    /// <summary>Entries that are durable.</summary>
    public ulong EntryCount => store.EntryCount;

    /// <summary>The key with which this log's checkpoints verify, as auditors pin it.</summary>
    public NoteVerifier Verifier => NoteVerifier.ForEcdsa(origin, signer.PublicKey.Span);

    /// <summary>This log and the server's witnesses as a tlog-policy.</summary>
    public TlogPolicy Policy => witnesses.PolicyOf(Verifier);

    /// <summary>Computes the whole tree again from the journal and compares it with what was signed. Writes nothing; <see cref="BeginAsync"/> does.</summary>
    /// <remarks>A guard is written ahead of every checkpoint, so a checkpoint without one means that the guard was lost, was left behind or is looked for in another place than before.</remarks>
    /// <param name="taskId">Of the log.</param>
    /// <param name="store">Opened and not written to.</param>
    /// <param name="signer">The server's identity.</param>
    /// <param name="witnesses">Of its checkpoints.</param>
    /// <param name="renewsGuard">The operator accepts that the guard is lost: the checkpoint in the store takes its place.</param>
    /// <exception cref="StorageException">The log is shorter than, or differs from, the one that was signed, or its guard is missing: it has been rolled back or changed. Nothing was changed.</exception>
    public static TaskLog Open(Identifier taskId, ITaskStore store, ISigner signer, LogWitnesses witnesses, bool renewsGuard = false)
    {
        TaskLog log = new(taskId, store, signer, witnesses);
        LogGuard? guard = store.ReadGuard();
        (Checkpoint Checkpoint, byte[] Note)? read = log.ReadCheckpoint();
        Checkpoint? last = read?.Checkpoint;
        if (guard is null && last is not null && !renewsGuard)
        {
            throw new StorageException(
                $"The rollback guard of task {taskId} is missing, although a checkpoint over {last.Size} entries was signed: the guard directory is another one than at the last start, or was lost, or the store is a copy. Nothing was changed. Name the guard directory of the last start (--guard), or copy the guard into this one. If it is lost for good, make sure that no client, auditor or witness has seen more than {last.Size} entries, then start once with --renew-guard.");
        }

        ulong signedSize = Math.Max(guard?.Size ?? 0, last?.Size ?? 0);
        if (store.EntryCount < signedSize)
        {
            throw new StorageException(
                $"The log of task {taskId} holds {store.EntryCount} entries, but a tree of {signedSize} was signed: it was rolled back or its end is damaged. Nothing was changed. Restore the newest copy; signing a shorter history would be a fork that clients and witnesses refuse.");
        }

        TileSet tree = new();
        ulong count = store.EntryCount;
        while (tree.Size < count)
        {
            tree.Append(store.ReadEntry(tree.Size).Bytes.Span);
            log.RequireSame(tree, guard?.Size, guard?.Root);
            log.RequireSame(tree, last?.Size, last?.Root);
            if (tree.Size % FilesInMemory == 0)
                tree.TakeFiles();
        }

        if (last is not null)
            log.published = new PublishedTree(last.Size, read!.Value.Note);
        return log;
    }

    /// <summary>Begins to write: repairs the store, writes files that are missing or damaged anew, and a guard that was given up.</summary>
    public async Task BeginAsync(ILogger logger, CancellationToken cancellationToken = default)
    {
        await store.BeginWritingAsync(cancellationToken);
        ulong rewritten = 0;
        ulong count = store.EntryCount;
        while (tiles.Size < count)
        {
            tiles.Append(store.ReadEntry(tiles.Size).Bytes.Span);
            if (tiles.Size % FilesInMemory == 0 || tiles.Size == published.Size)
                rewritten += await RestoreFilesAsync(cancellationToken);
        }

        if (rewritten > 0)
            Log.FilesRestored(logger, taskId, rewritten);
        if (published.Size > 0 && store.ReadGuard() is null)
        {
            Checkpoint last = ReadCheckpoint()!.Value.Checkpoint;
            await store.WriteGuardAsync(new LogGuard(last.Size, last.Root), cancellationToken);
            Log.GuardRenewed(logger, taskId, last.Size);
        }
    }

    /// <summary>Takes over a checkpoint that another replica has published.</summary>
    /// <returns>Whether it is a new one.</returns>
    public bool Refresh()
    {
        if (ReadCheckpoint() is not var (last, note) || last.Size <= published.Size)
            return false;
        published = new PublishedTree(last.Size, note);
        return true;
    }

    /// <summary>Shows blobs to the fold before they are durable, and until their append has ended; nobody else is told about them.</summary>
    public void Hold(IReadOnlyList<StoredBlob> blobs)
    {
        foreach (StoredBlob blob in blobs)
            inFlight[blob.Digest] = blob.Bytes;
    }

    /// <summary>Signs the entry and queues it with its blobs; completes when all of it is durable.</summary>
    /// <returns>False if another replica has taken the index.</returns>
    public async Task<bool> AppendAsync(ulong index, ReadOnlyMemory<byte> entry, IReadOnlyList<StoredBlob> blobs)
    {
        try
        {
            SignedEntry signed = SignedEntry.Sign(taskId, index, entry, signer);
            return await store.AppendAsync(index, new StoredEntry(entry, signed.ServerSignature), blobs, CancellationToken.None);
        }
        finally
        {
            foreach (StoredBlob blob in blobs)
                inFlight.TryRemove(blob.Digest, out _);
        }
    }

    /// <summary>The receipt of an entry: the same bytes whenever it is asked for.</summary>
    public SignedEntry EntryAt(ulong index)
    {
        StoredEntry entry = store.ReadEntry(index);
        return new SignedEntry(index, entry.Bytes, entry.Signature);
    }

    /// <summary>Publishes a checkpoint over everything that is durable.</summary>
    /// <returns>Whether it is a new one.</returns>
    /// <exception cref="StorageException">Not written, or not cosigned by enough witnesses; call again.</exception>
    public async Task<bool> PublishAsync(CancellationToken cancellationToken = default)
    {
        await publishing.WaitAsync(cancellationToken);
        try
        {
            ulong durable = store.EntryCount;
            if (durable <= published.Size)
                return false; // Another replica has published more than this one has heard of yet.
            while (tiles.Size < durable)
                tiles.Append(store.ReadEntry(tiles.Size).Bytes.Span);
            unwritten.AddRange(tiles.TakeFiles());
            await store.WriteFilesAsync([.. unwritten.Select(f => (f.Path.ToString(), f.Bytes))], CancellationToken.None);
            Remember(unwritten);
            unwritten.Clear();
            LogGuard tree = new(tiles.Size, tiles.Root);
            if (!await TryGuardAsync(tree))
                return Refresh();
            SignedNote checkpoint = await witnesses.CosignAsync(new Checkpoint(origin, tree.Size, tree.Root).Sign(signer), Verifier, BuilderOf(tree.Size).Consistency, cancellationToken);
            byte[] note = checkpoint.Encode();
            await store.WriteFilesAsync([(CheckpointPath, note)], CancellationToken.None);
            published = new PublishedTree(tree.Size, note);
            return true;
        }
        finally
        {
            publishing.Release();
        }
    }

    /// <summary>False if another replica has meanwhile guarded a larger tree, whose checkpoint covers this one.</summary>
    /// <exception cref="InvalidOperationException">What was guarded is no larger tree: this log is a fork.</exception>
    private async Task<bool> TryGuardAsync(LogGuard tree)
    {
        try
        {
            await store.WriteGuardAsync(tree, CancellationToken.None);
            return true;
        }
        catch (InvalidOperationException) when (store.IsShared && store.ReadGuard() is { } guarded && guarded.Size > tree.Size)
        {
            return false;
        }
    }

    /// <summary>That an entry is in the log, and that the log continues the one the reader knows.</summary>
    /// <param name="index">Below <see cref="PublishedSize"/>.</param>
    /// <param name="known">Entries of the largest checkpoint that the reader holds.</param>
    /// <returns>Null if no checkpoint covers the entry yet, or the reader knows a larger log than this one.</returns>
    public LogProof? ProofOf(ulong index, ulong known)
    {
        PublishedTree tree = published;
        if (index >= tree.Size || known > tree.Size)
            return null;
        ProofBuilder builder = BuilderOf(tree.Size);
        return new LogProof(tree.Checkpoint, known, builder.Inclusion(index, tree.Size), known == 0 ? [] : builder.Consistency(known, tree.Size));
    }

    /// <summary>A published file.</summary>
    public byte[]? Read(string path) => store.ReadFile(path);

    public ReadOnlyMemory<byte> Get(Digest digest) => inFlight.TryGetValue(digest, out ReadOnlyMemory<byte> blob) ? blob : store.Get(digest);

    public bool TryGet(Digest digest, out ReadOnlyMemory<byte> blob) => store.TryGet(digest, out blob);

    public void Dispose() => publishing.Dispose();

    private ProofBuilder BuilderOf(ulong size) => new(new TileHashReader(new CachedTiles(this), size));

    /// <summary>The published checkpoint and its bytes, by one reading: another replica may have put a larger one in its place before a second.</summary>
    /// <exception cref="StorageException">The published checkpoint is damaged.</exception>
    private (Checkpoint Checkpoint, byte[] Note)? ReadCheckpoint()
    {
        if (store.ReadFile(CheckpointPath) is not { } bytes)
            return null;
        return TlogPolicy.Of(Verifier).Open(bytes, out SignedCheckpoint? signed) is null
            ? (signed!.Checkpoint, bytes)
            : throw new StorageException($"The checkpoint of task {taskId} is damaged or signed with another key than this server's. Nothing was changed; start the server with the key that signed it, or restore the file.");
    }

    private void RequireSame(TileSet tree, ulong? size, Digest? root)
    {
        if (size == tree.Size && root != tree.Root)
        {
            throw new StorageException(
                $"The first {size} entries of task {taskId} are not those that were signed: an entry was changed. Nothing was changed now; restore the newest copy.");
        }
    }

    private async Task<ulong> RestoreFilesAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<LogFile> files = tiles.TakeFiles();
        Remember(files);
        (string, ReadOnlyMemory<byte>)[] missing =
            [.. files.Where(f => store.ReadFile(f.Path.ToString()) is not { } held || !f.Bytes.Span.SequenceEqual(held)).Select(f => (f.Path.ToString(), f.Bytes))];
        if (missing.Length > 0)
            await store.WriteFilesAsync(missing, cancellationToken);
        return (ulong)missing.Length;
    }

    private void Remember(IEnumerable<LogFile> files)
    {
        foreach (LogFile file in files.Where(f => !f.Path.IsEntryBundle))
            tileHashes[(file.Path.Level, file.Path.Index)] = file.Bytes;
    }

    private sealed record PublishedTree(ulong Size, ReadOnlyMemory<byte> Checkpoint);

    /// <summary>Hash tiles as this process wrote or read them; a tile that has grown since begins with the same hashes.</summary>
    private sealed class CachedTiles(TaskLog log) : ILogSource
    {
        public byte[]? Read(string path) =>
            TilePath.TryParse(path, out TilePath tile) && log.tileHashes.TryGetValue((tile.Level, tile.Index), out ReadOnlyMemory<byte> hashes) && hashes.Length >= tile.Width * Digest.Bytes
                ? hashes[..(tile.Width * Digest.Bytes)].ToArray()
                : log.Read(path);
    }
}
