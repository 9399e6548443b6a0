using SecureFed.Cryptography.Rings;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption.Messages;

/// <summary>The holder's one answer of a round under a single key: what the sum over the one list decrypts to. Deterministic, so the same bytes if asked again.</summary>
/// <param name="ListDigest">The list that was summed.</param>
/// <param name="SumDigest">Of the ciphertexts that the holder has summed itself, see <see cref="SingleKeyTotal.Name"/>: the server compares it with its own sum.</param>
/// <param name="PackedValues">d elements of Z mod 2^b by <see cref="RingPacking"/>.</param>
public sealed record SingleKeyAnswer(Digest ListDigest, Digest SumDigest, ReadOnlyMemory<byte> PackedValues) : IMessageBody
{
    public MessageType Type => MessageType.SingleKeyAnswer;

    public RosterRole SenderRole => RosterRole.KeyHolder;

    public IReadOnlyList<ReadOnlyMemory<byte>> Vectors => [PackedValues];

    /// <summary>What the holder signs.</summary>
    public SingleKeyAnswerStatement Statement => new(ListDigest, SumDigest, Digest.Of(PackedValues.Span));

    public void WriteSigned(CanonicalWriter writer) => Statement.Write(writer);

    public byte[] Encode() => CanonicalWriter.Write(Write);

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out SingleKeyAnswer? answer)
    {
        CanonicalReader reader = new(bytes);
        SingleKeyAnswer read = Read(ref reader);
        answer = reader.IsComplete ? read : null;
        return answer is not null;
    }

    public void Write(CanonicalWriter writer) => writer.Digest(ListDigest).Digest(SumDigest).Opaque(PackedValues.Span);

    internal static SingleKeyAnswer Read(ref CanonicalReader reader) => new(reader.Digest(), reader.Digest(), reader.Opaque(int.MaxValue).ToArray());
}
