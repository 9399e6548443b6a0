using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>What waits for the next flush: an entry with its blobs, or the deletion of a round's blobs.</summary>
/// <param name="Index">The entry's.</param>
/// <param name="Entry">Empty for a deletion.</param>
/// <param name="Blobs">With their digests.</param>
/// <param name="DeletedRound">Null for an entry.</param>
internal sealed record PendingWrite(ulong Index, StoredEntry Entry, IReadOnlyList<(Digest Digest, StoredBlob Blob)> Blobs, Identifier? DeletedRound)
{
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Completion => completion.Task;

    /// <summary>Bytes, to bound a batch.</summary>
    public long Size { get; } = Entry.Bytes.Length + Blobs.Sum(b => (long)b.Blob.Bytes.Length);

    public void Complete() => completion.TrySetResult();

    public void Fail(Exception exception) => completion.TrySetException(exception);
}
