using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>An entry with its blobs that waits for the next transaction.</summary>
internal sealed record PendingAppend(ulong Index, StoredEntry Entry, IReadOnlyList<(Digest Digest, StoredBlob Blob)> Blobs)
{
    private readonly TaskCompletionSource<bool> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>False if another replica took the index.</summary>
    public Task<bool> Completion => completion.Task;

    /// <summary>Bytes, to bound a batch.</summary>
    public long Size { get; } = Entry.Bytes.Length + Blobs.Sum(b => (long)b.Blob.Bytes.Length);

    public IEnumerable<Identifier> Rounds => Blobs.Where(b => b.Blob.PrunableRound is not null).Select(b => b.Blob.PrunableRound!.Value);

    public void Complete(bool isStored) => completion.TrySetResult(isStored);

    public void Fail(Exception exception) => completion.TrySetException(exception);
}
