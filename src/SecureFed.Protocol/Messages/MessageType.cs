namespace SecureFed.Protocol.Messages;

/// <summary>What a client or key holder says in a round.</summary>
public enum MessageType : byte
{
    Advertisement = 1,
    ShareBundle = 2,
    Upload = 3,
    Confirmation = 4,
    UnmaskAnswer = 5,
    EncryptedUpload = 6,
    ShareCheckAnswer = 7,
    ListSignature = 8,
    KeySumAnswer = 9,
    SingleKeyUpload = 10,
    SingleKeyAnswer = 11,
}
