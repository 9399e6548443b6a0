using SecureFed.Cryptography.Rings;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking.Messages;

/// <summary>Step 3: the masked vector.</summary>
/// <param name="DealersDigest">The dealers list U2 that the masks follow.</param>
/// <param name="Dimension">d.</param>
/// <param name="RingBits">b.</param>
/// <param name="PackedWords">d elements of Z mod 2^b, b bits each.</param>
public sealed record Upload(Digest DealersDigest, int Dimension, int RingBits, ReadOnlyMemory<byte> PackedWords) : IMessageBody
{
    /// <summary>Bytes of a message besides the packed words: what a server reads at most on top of them.</summary>
    public const int OverheadBytes = 256;

    public MessageType Type => MessageType.Upload;

    public void Write(CanonicalWriter writer) => writer
        .Digest(DealersDigest).Count(Dimension).UInt8((byte)RingBits).Fixed(PackedWords.Span);

    public void WriteSigned(CanonicalWriter writer) => Statement.Write(writer);

    /// <summary>What the sender signs of this upload.</summary>
    public UploadStatement Statement => new(DealersDigest, Dimension, RingBits, Digest.Of(PackedWords.Span));

    public IReadOnlyList<ReadOnlyMemory<byte>> Vectors => [PackedWords];

    internal static Upload Read(ref CanonicalReader reader)
    {
        Digest dealers = reader.Digest();
        int dimension = reader.Count(UpdateLayout.GreatestDimension);
        int ringBits = reader.UInt8();
        reader.Require(dimension >= 1 && ringBits is >= UpdateLayout.LeastRingBits and <= UpdateLayout.GreatestRingBits);
        return reader.HasFailed
            ? new Upload(dealers, 0, 0, default)
            : new Upload(dealers, dimension, ringBits, reader.Fixed(RingPacking.PackedBytes(dimension, ringBits)).ToArray());
    }
}
