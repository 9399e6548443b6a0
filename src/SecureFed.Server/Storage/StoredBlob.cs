using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>A blob to be kept.</summary>
/// <param name="Bytes">Its content.</param>
/// <param name="PrunableRound">The round with which retention may delete it; null if the fold needs it for ever.</param>
internal readonly record struct StoredBlob(ReadOnlyMemory<byte> Bytes, Identifier? PrunableRound = null)
{
    /// <summary>Its name: hashed once, for an upload may have megabytes.</summary>
    public Digest Digest { get; } = Digest.Of(Bytes.Span);
}
