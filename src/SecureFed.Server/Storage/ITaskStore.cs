using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>One task's durable log: entries in order, blobs by SHA-256, published files (tiles, checkpoint) and the rollback guard.</summary>
/// <remarks>
/// Nothing is written before <see cref="BeginWritingAsync"/>, nothing acknowledged before <see cref="AppendAsync"/> has completed. Reading goes on whatever happens to writing. Failures are
/// <see cref="StorageException"/>; after one that is not transient nothing more can be written until the store is opened again. Several
/// replicas may have one log open (PostgreSQL): each appends, one leads.
/// </remarks>
internal interface ITaskStore : IBlobSource, IAsyncDisposable
{
    /// <summary>Entries that are durable, at opening and since.</summary>
    ulong EntryCount { get; }

    /// <summary>
    /// Repairs what an interrupted write has left, makes all that can be read durable, and allows writing. Comes after the caller has compared what was opened with
    /// what was signed, so that a store which is refused stays as it was found. Repeating it does nothing.
    /// </summary>
    /// <exception cref="StorageException">It could not be made durable; start again when there is room or the disk works.</exception>
    Task BeginWritingAsync(CancellationToken cancellationToken = default);

    /// <summary>Writes as much as a small upload and takes it away again, so that a store which failed shows that it works.</summary>
    /// <exception cref="StorageException">It does not.</exception>
    Task ProbeAsync(CancellationToken cancellationToken = default);

    /// <summary>Makes the blobs and then the entry durable. Entries are queued in the order of the calls and flushed together.</summary>
    /// <param name="index">The one after the last entry that was queued; after a failure, <see cref="EntryCount"/>, because all that were queued behind it failed too.</param>
    /// <param name="entry">Bytes and signature, opaque to the store.</param>
    /// <param name="blobs">What the entry names and what is not held already.</param>
    /// <param name="cancellationToken">Looked at before the entry is queued; afterwards the outcome is certain only when the task has completed.</param>
    /// <returns>False if another writer has taken the index (several replicas); never with one writer.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Another index, or blobs of a round whose blobs were deleted.</exception>
    Task<bool> AppendAsync(ulong index, StoredEntry entry, IReadOnlyList<StoredBlob> blobs, CancellationToken cancellationToken = default);

    /// <exception cref="ArgumentOutOfRangeException">No such entry.</exception>
    StoredEntry ReadEntry(ulong index);

    /// <summary>Completes when <see cref="EntryCount"/> is greater than <paramref name="beyond"/>, whoever appended, or after <paramref name="longest"/>.</summary>
    Task WaitForEntriesAsync(ulong beyond, TimeSpan longest, CancellationToken cancellationToken = default);

    /// <summary>Whether other replicas append too.</summary>
    bool IsShared { get; }

    /// <summary>Whether this process takes the decisions that depend on time. With one process always; with several, between <see cref="TryLeadAsync"/> and the end of what it gave.</summary>
    bool IsLeader { get; }

    /// <summary>Becomes the leader if no replica is. Dispose of the result to give it back; it also ends when the connection to the database does.</summary>
    /// <remarks>Saves work and lost races only: for a moment two may believe that they lead, and the index that one entry takes decides between them.</remarks>
    /// <returns>Null if there is a leader; try again later.</returns>
    Task<IAsyncDisposable?> TryLeadAsync(CancellationToken cancellationToken = default);

    /// <summary>Tells the other replicas that a client has asked this one about the task; a hint that may be lost. Returns at once.</summary>
    void SharePresence(Identifier client)
    {
    }

    /// <summary>Has the function called, quickly and on any thread, with clients that have asked other replicas.</summary>
    void HearPresence(Action<Identifier> heard)
    {
    }

    /// <summary>False if the blob is not held (any more). Its content has been compared with the digest.</summary>
    bool TryGet(Digest digest, out ReadOnlyMemory<byte> blob);

    /// <summary>Retention: deletes the blobs that were stored for this round alone. Durable on return; repeating it does nothing.</summary>
    Task DeleteBlobsAsync(Identifier round, CancellationToken cancellationToken = default);

    /// <summary>A published file; null if there is none.</summary>
    /// <param name="path">Segments of letters, digits, '.', '-' and '_' with '/' between them.</param>
    byte[]? ReadFile(string path);

    /// <summary>Publishes files: each whole or not at all, and none before those ahead of it are durable.</summary>
    Task WriteFilesAsync(IReadOnlyList<(string Path, ReadOnlyMemory<byte> Bytes)> files, CancellationToken cancellationToken = default);

    /// <summary>The tree that was last guarded; null before the first.</summary>
    /// <remarks>
    /// The caller must refuse to start if the log has fewer entries than <see cref="LogGuard.Size"/> or another root at that size: the store itself cannot tell a
    /// damaged last frame that was acknowledged from one that was torn by a power cut.
    /// </remarks>
    LogGuard? ReadGuard();

    /// <summary>Before a checkpoint is published: remembers that this tree has been signed, in a place of its own.</summary>
    /// <exception cref="InvalidOperationException">A larger tree, or another one of this size, was guarded before.</exception>
    Task WriteGuardAsync(LogGuard guard, CancellationToken cancellationToken = default);
}
