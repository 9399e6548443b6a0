using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>What a key holder demands of the record that the server delivers for a listed upload: the listed one, of this round, signed by its client.</summary>
internal static class ListedRecord
{
    /// <typeparam name="TStatement">What a client signs of its upload in rounds of this protection.</typeparam>
    /// <param name="context">The holder.</param>
    /// <param name="round">The round.</param>
    /// <param name="listed">The upload.</param>
    /// <param name="record">A peer's bytes.</param>
    /// <param name="statement">What its client signed; null after a refusal.</param>
    /// <returns>Null, or why nothing is answered.</returns>
    public static RoundRejection? TryRead<TStatement>(HolderContext context, OpenedRound round, ListedUpload listed, ReadOnlyMemory<byte> record, out TStatement? statement)
        where TStatement : class, IMessageBody
    {
        statement = null;
        if (Digest.Of(record.Span) != listed.UploadDigest)
            return new RoundRejection(ErrorCodes.InvalidMessage, "A delivered record is not that of the listed upload; fetch the deliveries again.");
        if (SignedMessage.TryDecodeRecord(record, out SignedMessage? message) is { } malformed)
            return malformed;
        MessageHeader header = message!.Header;
        if (message.Body is not TStatement read || header != new MessageHeader(context.Task.TaskId, round.Parameters.RoundId, listed.Client, round.OpenDigest))
            return new RoundRejection(ErrorCodes.RoundMismatch, "A listed upload was made for another round, table or client; nothing is answered.");
        if (context.Roster.Find(header.Sender, RosterRole.Client) is null)
            return new RoundRejection(ErrorCodes.NotEnrolled, "A listed upload is of nobody who is a client of the roster; nothing is answered.");
        if (!SignedMessage.Verify(header, read, message.SignatureBytes.Span, context.Roster))
            return new RoundRejection(ErrorCodes.SignatureInvalid, "A listed upload is not signed by its client; nothing is answered.");
        statement = read;
        return null;
    }
}
