namespace SecureFed.Protocol.Masking;

/// <summary>A signed upload whose vector is masked: the last stage of an update, the only one that may leave the client. Made only by <see cref="MaskingClient"/>.</summary>
public sealed class MaskedUpdate
{
    internal MaskedUpdate(ReadOnlyMemory<byte> bytes) => Bytes = bytes;

    /// <summary>The message to send.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }
}
