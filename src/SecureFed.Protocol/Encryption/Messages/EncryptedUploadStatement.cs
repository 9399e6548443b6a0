using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption.Messages;

/// <summary>What a client signs of its one upload: digests only, so that a holder can check its own box against the client's signature without any other part.</summary>
/// <remarks>The message header binds openDigest, and with it parameter set, dropped bits, holder table and threshold.</remarks>
/// <param name="SealingKey">See <see cref="EncryptedUpload"/>.</param>
/// <param name="CiphertextsDigest">SHA-256 of the packed first components of all ciphertexts.</param>
/// <param name="BoxDigests">SHA-256 of each sealed share, in the order of the holder table: K of them.</param>
public sealed record EncryptedUploadStatement(ReadOnlyMemory<byte> SealingKey, Digest CiphertextsDigest, IReadOnlyList<Digest> BoxDigests) : IMessageBody
{
    public MessageType Type => MessageType.EncryptedUpload;

    public byte[] Encode() => CanonicalWriter.Write(Write);

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out EncryptedUploadStatement? statement)
    {
        CanonicalReader reader = new(bytes);
        EncryptedUploadStatement read = Read(ref reader);
        statement = reader.IsComplete ? read : null;
        return statement is not null;
    }

    public void Write(CanonicalWriter writer) => writer.Fixed(SealingKey.Span).Digest(CiphertextsDigest).List(BoxDigests, (w, d) => w.Digest(d));

    internal static EncryptedUploadStatement Read(ref CanonicalReader reader)
    {
        byte[] sealingKey = reader.Fixed(P256.PublicKeyBytes).ToArray();
        Digest ciphertexts = reader.Digest();
        Digest[] boxes = reader.List(VectorSharing.GreatestHolders, Digest.Bytes, (ref CanonicalReader r) => r.Digest());
        reader.Require(boxes.Length > 0);
        return new EncryptedUploadStatement(sealingKey, ciphertexts, boxes);
    }
}
