using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Messages;

/// <summary>What one kind of message carries besides its header.</summary>
public interface IMessageBody
{
    MessageType Type { get; }

    void Write(CanonicalWriter writer);

    /// <summary>What the signature covers: the body itself, or for a long vector its digest, so that the signature can be verified without the vector.</summary>
    void WriteSigned(CanonicalWriter writer) => Write(writer);

    /// <summary>The long vector whose digest the signed form names; empty for most messages. Kept apart, so that it can be deleted while the log stays whole.</summary>
    ReadOnlyMemory<byte> Vector => default;
}
