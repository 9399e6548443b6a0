using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Messages;

/// <summary>What one kind of message carries besides its header.</summary>
public interface IMessageBody
{
    MessageType Type { get; }

    void Write(CanonicalWriter writer);

    /// <summary>What the signature covers: the body itself, or for a long vector its digest, so that the signature can be verified without the vector.</summary>
    void WriteSigned(CanonicalWriter writer) => Write(writer);

    /// <summary>The long byte strings whose digests the signed form names; none for most messages. Kept apart, so that they can be deleted while the log stays whole.</summary>
    IReadOnlyList<ReadOnlyMemory<byte>> Vectors => [];

    /// <summary>Who sends this.</summary>
    RosterRole SenderRole => RosterRole.Client;
}
