using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Messages;

/// <summary>The one list of message types.</summary>
internal static class MessageBodies
{
    public static IMessageBody? Read(MessageType type, ref CanonicalReader reader) => type switch
    {
        MessageType.Advertisement => Advertisement.Read(ref reader),
        MessageType.ShareBundle => ShareBundle.Read(ref reader),
        MessageType.Upload => Upload.Read(ref reader),
        MessageType.Confirmation => Confirmation.Read(ref reader),
        MessageType.UnmaskAnswer => UnmaskAnswer.Read(ref reader),
        MessageType.EncryptedUpload => EncryptedUpload.Read(ref reader),
        MessageType.ShareCheckAnswer => ShareCheckAnswer.Read(ref reader),
        MessageType.ListSignature => ListSignature.Read(ref reader),
        MessageType.KeySumAnswer => KeySumAnswer.Read(ref reader),
        MessageType.SingleKeyUpload => SingleKeyUpload.Read(ref reader),
        MessageType.SingleKeyAnswer => SingleKeyAnswer.Read(ref reader),
        _ => null,
    };

    /// <summary>The body of a message's record: its signed form.</summary>
    public static IMessageBody? ReadSigned(MessageType type, ref CanonicalReader reader) => type switch
    {
        MessageType.Upload => UploadStatement.Read(ref reader),
        MessageType.EncryptedUpload => EncryptedUploadStatement.Read(ref reader),
        MessageType.SingleKeyUpload => SingleKeyUploadStatement.Read(ref reader),
        MessageType.SingleKeyAnswer => SingleKeyAnswerStatement.Read(ref reader),
        _ => Read(type, ref reader),
    };
}
