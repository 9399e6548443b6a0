using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>Where a task's entries and blobs are kept. Nothing is acknowledged before <see cref="AppendAsync"/> has returned.</summary>
internal interface ITaskStore : IBlobSource
{
    /// <summary>Makes the blobs and then the entry durable under the next index.</summary>
    ValueTask AppendAsync(ulong index, ReadOnlyMemory<byte> entry, IReadOnlyList<ReadOnlyMemory<byte>> blobs, CancellationToken cancellationToken = default);

    /// <summary>An entry that was appended before.</summary>
    ReadOnlyMemory<byte> ReadEntry(ulong index);

    bool TryGet(Digest digest, out ReadOnlyMemory<byte> blob);
}
