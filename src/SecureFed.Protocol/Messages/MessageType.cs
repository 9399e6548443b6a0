namespace SecureFed.Protocol.Messages;

/// <summary>What a client says in a round.</summary>
public enum MessageType : byte
{
    Advertisement = 1,
    ShareBundle = 2,
    Upload = 3,
    Confirmation = 4,
    UnmaskAnswer = 5,
}
