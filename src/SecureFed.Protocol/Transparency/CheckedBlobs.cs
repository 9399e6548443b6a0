using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>Blobs of a source that is not trusted: each is what its digest says, or an error.</summary>
internal sealed class CheckedBlobs(IBlobSource source) : IBlobSource
{
    /// <exception cref="MissingBlobException">The blob is not held.</exception>
    /// <exception cref="InvalidOperationException">The source gave other bytes.</exception>
    public ReadOnlyMemory<byte> Get(Digest digest)
    {
        ReadOnlyMemory<byte> blob;
        try
        {
            blob = source.Get(digest);
        }
        catch (KeyNotFoundException exception)
        {
            throw new MissingBlobException(digest, exception);
        }

        return Digest.Of(blob.Span) == digest ? blob : throw new InvalidOperationException($"Blob {digest} holds other bytes than its name says.");
    }
}
