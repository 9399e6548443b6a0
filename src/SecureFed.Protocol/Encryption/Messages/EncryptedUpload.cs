using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption.Messages;

/// <summary>A client's only message of an encrypted round: ciphertexts under its one-time key, and that key's shares sealed to the holders.</summary>
/// <param name="SealingKey">P-256, 65 bytes, fresh: with each holder's round key it gives the key of that holder's box.</param>
/// <param name="Ciphertexts">Packed first components; their length follows from the round's parameters, and the server compares it.</param>
/// <param name="Boxes">One sealed share for each seat of the holder table, in its order, all of one length.</param>
public sealed record EncryptedUpload(ReadOnlyMemory<byte> SealingKey, ReadOnlyMemory<byte> Ciphertexts, IReadOnlyList<ReadOnlyMemory<byte>> Boxes) : IMessageBody
{
    /// <summary>A share of 32,768 coordinates of 62 bits, sealed, is smaller.</summary>
    public const int GreatestBoxBytes = 1 << 18;

    /// <summary>The longest that any round of an encrypted task takes.</summary>
    public static int GreatestBytes(TaskParameters task)
    {
        EncryptionSpecification encryption = task.Encryption ?? throw new ArgumentException("The task is not encrypted.", nameof(task));
        int length = Math.Max(EncryptedRound.LeastLength, task.Schedule.Kinds.Max(kind => task.LayoutOf(kind).Dimension));
        int boxes = encryption.Holders.Count * EncryptedRound.BoxBytes(encryption.Ring);
        return P256.PublicKeyBytes + boxes + WidePacking.PackedBytes(length, encryption.Ring.Modulus.Bits - encryption.DroppedBits) + (3 * sizeof(int));
    }

    public MessageType Type => MessageType.EncryptedUpload;

    public IReadOnlyList<ReadOnlyMemory<byte>> Vectors => [Ciphertexts, .. Boxes];

    public void WriteSigned(CanonicalWriter writer) => Statement.Write(writer);

    /// <summary>What the sender signs of this upload.</summary>
    public EncryptedUploadStatement Statement => new(SealingKey, Digest.Of(Ciphertexts.Span), [.. Boxes.Select(b => Digest.Of(b.Span))]);

    public byte[] Encode() => CanonicalWriter.Write(Write);

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out EncryptedUpload? upload)
    {
        CanonicalReader reader = new(bytes);
        EncryptedUpload read = Read(ref reader);
        upload = reader.IsComplete ? read : null;
        return upload is not null;
    }

    public void Write(CanonicalWriter writer)
    {
        int boxBytes = Boxes[0].Length;
        if (Boxes.Any(b => b.Length != boxBytes))
            throw new InvalidOperationException("Boxes of one upload have one length.");
        writer.Fixed(SealingKey.Span).Count(boxBytes).List(Boxes, (w, b) => w.Fixed(b.Span)).Opaque(Ciphertexts.Span);
    }

    internal static EncryptedUpload Read(ref CanonicalReader reader)
    {
        byte[] sealingKey = reader.Fixed(P256.PublicKeyBytes).ToArray();
        int boxBytes = reader.Count(GreatestBoxBytes);
        reader.Require(boxBytes > 0);
        ReadOnlyMemory<byte>[] boxes = reader.List(
            VectorSharing.GreatestHolders, boxBytes, (ref CanonicalReader r) => (ReadOnlyMemory<byte>)r.Fixed(boxBytes).ToArray());
        reader.Require(boxes.Length > 0);
        byte[] ciphertexts = reader.Opaque(int.MaxValue).ToArray();
        reader.Require(ciphertexts.Length > 0);
        return new EncryptedUpload(sealingKey, ciphertexts, boxes);
    }
}
