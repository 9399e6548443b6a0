using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Messages;

/// <summary>What one kind of message carries besides its header.</summary>
public interface IMessageBody
{
    MessageType Type { get; }

    void Write(CanonicalWriter writer);
}
