using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption.Messages;

/// <summary>Step 4: the sum of a holder's key shares over the one list. Deterministic, so the same bytes if asked again.</summary>
/// <param name="ListDigest">The list that was summed.</param>
/// <param name="PackedSum">N elements of Z_q by <see cref="ResiduePacking"/>, without the masks: 12,800 bytes with set A1.</param>
public sealed record KeySumAnswer(Digest ListDigest, ReadOnlyMemory<byte> PackedSum) : IMessageBody
{
    /// <summary>32,768 elements of 62 bits.</summary>
    public const int GreatestPackedBytes = 253_952;

    public MessageType Type => MessageType.KeySumAnswer;

    public RosterRole SenderRole => RosterRole.KeyHolder;

    public byte[] Encode() => CanonicalWriter.Write(Write);

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out KeySumAnswer? answer)
    {
        CanonicalReader reader = new(bytes);
        KeySumAnswer read = Read(ref reader);
        answer = reader.IsComplete ? read : null;
        return answer is not null;
    }

    /// <param name="q">The round's modulus.</param>
    /// <param name="sum">N elements; overwritten, zero after a failure.</param>
    /// <returns>False if an element is not below q, the length is another or padding is set.</returns>
    public bool TryReadSum(PrimeModulus q, Span<ulong> sum) => ResiduePacking.TryUnpack(q, PackedSum.Span, sum);

    public void Write(CanonicalWriter writer) => writer.Digest(ListDigest).Opaque(PackedSum.Span);

    internal static KeySumAnswer Read(ref CanonicalReader reader) => new(reader.Digest(), reader.Opaque(GreatestPackedBytes).ToArray());
}
