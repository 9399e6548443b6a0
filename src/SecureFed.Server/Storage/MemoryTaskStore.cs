using System.Collections.Concurrent;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>Keeps everything in memory: for the demo and tests. A restart loses the task; the durable log replaces it.</summary>
internal sealed class MemoryTaskStore : ITaskStore
{
    private readonly ConcurrentDictionary<Digest, ReadOnlyMemory<byte>> blobs = new();
    private readonly ConcurrentDictionary<ulong, ReadOnlyMemory<byte>> entries = new();

    public ValueTask AppendAsync(ulong index, ReadOnlyMemory<byte> entry, IReadOnlyList<ReadOnlyMemory<byte>> blobs, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        foreach (ReadOnlyMemory<byte> blob in blobs)
            this.blobs[Digest.Of(blob.Span)] = blob;
        return entries.TryAdd(index, entry) ? ValueTask.CompletedTask : throw new InvalidOperationException($"Entry {index} exists already.");
    }

    public ReadOnlyMemory<byte> ReadEntry(ulong index) => entries[index];

    public ReadOnlyMemory<byte> Get(Digest digest) => blobs[digest];

    public bool TryGet(Digest digest, out ReadOnlyMemory<byte> blob) => blobs.TryGetValue(digest, out blob);
}
