using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>Vectors, messages and long lists by their SHA-256.</summary>
public interface IBlobSource
{
    /// <exception cref="KeyNotFoundException">The blob is not held: a fold over a log whose blobs are missing cannot go on.</exception>
    ReadOnlyMemory<byte> Get(Digest digest);
}
