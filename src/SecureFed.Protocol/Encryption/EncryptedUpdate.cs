namespace SecureFed.Protocol.Encryption;

/// <summary>A signed upload whose vector is encrypted: the last stage of an update, the only one that may leave the client. Made only by <see cref="EncryptionClient"/>.</summary>
public sealed class EncryptedUpdate
{
    internal EncryptedUpdate(ReadOnlyMemory<byte> bytes) => Bytes = bytes;

    /// <summary>The message to send.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }
}
