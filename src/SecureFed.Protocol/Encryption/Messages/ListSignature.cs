using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption.Messages;

/// <summary>Step 4: the one list that a holder accepts in this round; what it signs, with openDigest in the message header.</summary>
/// <param name="ListDigest">SHA-256 of the <see cref="UploadList"/>'s canonical bytes.</param>
/// <param name="EntryIndex">Log index of the entry that holds the list.</param>
public sealed record ListSignature(Digest ListDigest, ulong EntryIndex) : IMessageBody
{
    public MessageType Type => MessageType.ListSignature;

    public RosterRole SenderRole => RosterRole.KeyHolder;

    public byte[] Encode() => CanonicalWriter.Write(Write);

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out ListSignature? signature)
    {
        CanonicalReader reader = new(bytes);
        ListSignature read = Read(ref reader);
        signature = reader.IsComplete ? read : null;
        return signature is not null;
    }

    public void Write(CanonicalWriter writer) => writer.Digest(ListDigest).UInt64(EntryIndex);

    internal static ListSignature Read(ref CanonicalReader reader) => new(reader.Digest(), reader.UInt64());
}
