using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Messages;

/// <summary>A client's or key holder's message: version, type, header, body, then a P-256 signature over all of it (over the digest of a vector in its place).</summary>
public sealed class SignedMessage
{
    private const byte Version = 1;

    private SignedMessage(MessageHeader header, IMessageBody body, ReadOnlyMemory<byte> bytes)
    {
        Header = header;
        Body = body;
        Bytes = bytes;
        Record = body.Vectors.Count == 0 ? bytes : (byte[])[.. Content(header, body, body.WriteSigned), .. SignatureBytes.Span];
        Digest = Digest.Of(Record.Span);
    }

    public MessageHeader Header { get; }

    public IMessageBody Body { get; }

    /// <summary>The whole message with its signature, as sent.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>What a log keeps for ever: the message with the digest of its vector in the vector's place, as it was signed, and the signature.</summary>
    public ReadOnlyMemory<byte> Record { get; }

    /// <summary>SHA-256 of <see cref="Record"/>: names the message in the log.</summary>
    public Digest Digest { get; }

    public static SignedMessage Sign(MessageHeader header, IMessageBody body, ISigner signer)
    {
        byte[] signature = signer.Sign(SignedContent(header, body));
        byte[] content = Content(header, body, body.Write);
        return new SignedMessage(header, body, (byte[])[.. content, .. signature]);
    }

    /// <summary>Rebuilds what a peer must have signed, for verifying a signature that travelled alone.</summary>
    public static bool Verify(MessageHeader header, IMessageBody body, ReadOnlySpan<byte> signature, Roster roster) =>
        roster.Verify(header.Sender, SignedContent(header, body), signature);

    /// <summary>Parses one message; does not check its signature.</summary>
    /// <param name="bytes">Not copied; must not change afterwards.</param>
    /// <param name="message">The message, if the bytes are one in canonical form.</param>
    /// <returns>Null, or why the bytes are refused.</returns>
    public static RoundRejection? TryDecode(ReadOnlyMemory<byte> bytes, out SignedMessage? message) => TryDecode(bytes, MessageBodies.Read, out message);

    /// <summary>Parses a <see cref="Record"/>; an upload's body is then its statement.</summary>
    /// <param name="bytes">Not copied; must not change afterwards.</param>
    /// <param name="message">The message without its vector, if the bytes are a record in canonical form.</param>
    /// <returns>Null, or why the bytes are refused.</returns>
    public static RoundRejection? TryDecodeRecord(ReadOnlyMemory<byte> bytes, out SignedMessage? message) => TryDecode(bytes, MessageBodies.ReadSigned, out message);

    private static RoundRejection? TryDecode(ReadOnlyMemory<byte> bytes, BodyReader readBody, out SignedMessage? message)
    {
        message = null;
        if (bytes.Length <= P256.SignatureBytes + 2)
            return Malformed;
        CanonicalReader reader = new(bytes.Span[..^P256.SignatureBytes]);
        if (reader.UInt8() != Version)
            return new RoundRejection(ErrorCodes.UnsupportedVersion, $"This side speaks message version {Version}.");
        byte type = reader.UInt8();
        MessageHeader header = MessageHeader.Read(ref reader);
        IMessageBody? body = readBody((MessageType)type, ref reader);
        if (body is null || !reader.IsComplete)
            return Malformed;
        message = new SignedMessage(header, body, bytes);
        return null;
    }

    /// <summary>Parses a message and verifies it against the roster.</summary>
    /// <returns>Null, or why the message is refused.</returns>
    public static RoundRejection? TryAuthenticate(ReadOnlyMemory<byte> bytes, Roster roster, out SignedMessage? message)
    {
        if (TryDecode(bytes, out message) is { } rejection)
            return rejection;
        RosterRole role = message!.Body.SenderRole;
        if (roster.Find(message.Header.Sender, role) is null)
        {
            message = null;
            return new RoundRejection(ErrorCodes.NotEnrolled, $"The sender is no {(role == RosterRole.Client ? "client" : "key holder")} of the signed roster; ask the roster authority to enrol it.");
        }

        if (!Verify(message.Header, message.Body, message.SignatureBytes.Span, roster))
        {
            message = null;
            return new RoundRejection(ErrorCodes.SignatureInvalid, "The signature does not verify under the sender's key in the roster.");
        }

        return null;
    }

    public ReadOnlyMemory<byte> SignatureBytes => Bytes[^P256.SignatureBytes..];

    private delegate IMessageBody? BodyReader(MessageType type, ref CanonicalReader reader);

    private static RoundRejection Malformed { get; } =
        new(ErrorCodes.InvalidMessage, "The bytes are not one canonical protocol message; encode it as the protocol document says.");

    private static byte[] SignedContent(MessageHeader header, IMessageBody body) => SigningContext.Message.Bind(Content(header, body, body.WriteSigned));

    private static byte[] Content(MessageHeader header, IMessageBody body, Action<CanonicalWriter> writeBody) => CanonicalWriter.Write(writer =>
    {
        writer.UInt8(Version).UInt8((byte)body.Type);
        header.Write(writer);
        writeBody(writer);
    });
}
