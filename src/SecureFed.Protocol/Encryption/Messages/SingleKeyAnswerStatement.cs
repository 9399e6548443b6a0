using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption.Messages;

/// <summary>What the holder of a single key signs of its answer.</summary>
/// <param name="ListDigest">See <see cref="SingleKeyAnswer"/>.</param>
/// <param name="SumDigest">See <see cref="SingleKeyAnswer"/>.</param>
/// <param name="ValuesDigest">SHA-256 of the packed values.</param>
public sealed record SingleKeyAnswerStatement(Digest ListDigest, Digest SumDigest, Digest ValuesDigest) : IMessageBody
{
    public MessageType Type => MessageType.SingleKeyAnswer;

    public RosterRole SenderRole => RosterRole.KeyHolder;

    public byte[] Encode() => CanonicalWriter.Write(Write);

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out SingleKeyAnswerStatement? statement)
    {
        CanonicalReader reader = new(bytes);
        SingleKeyAnswerStatement read = Read(ref reader);
        statement = reader.IsComplete ? read : null;
        return statement is not null;
    }

    public void Write(CanonicalWriter writer) => writer.Digest(ListDigest).Digest(SumDigest).Digest(ValuesDigest);

    internal static SingleKeyAnswerStatement Read(ref CanonicalReader reader) => new(reader.Digest(), reader.Digest(), reader.Digest());
}
