using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Simulation;

internal sealed class MemoryBlobs : IBlobSource
{
    private readonly Dictionary<Digest, ReadOnlyMemory<byte>> blobs = [];

    public void Put(ReadOnlyMemory<byte> blob) => blobs[Digest.Of(blob.Span)] = blob;

    public ReadOnlyMemory<byte> Get(Digest digest) => blobs[digest];
}
