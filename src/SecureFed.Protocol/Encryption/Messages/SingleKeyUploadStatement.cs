using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption.Messages;

/// <summary>What a client signs of its upload under a single key: digests only.</summary>
/// <remarks>The message header binds openDigest, and with it the round's public key.</remarks>
/// <param name="VectorDigest">SHA-256 of all ciphertexts, one after the other: names them in the log's store.</param>
/// <param name="CiphertextDigests">SHA-256 of each, so that a ciphertext that was sent before is known wherever it stands.</param>
public sealed record SingleKeyUploadStatement(Digest VectorDigest, IReadOnlyList<Digest> CiphertextDigests) : IMessageBody
{
    private const int GreatestCiphertexts = 1 << 20;

    public MessageType Type => MessageType.SingleKeyUpload;

    public byte[] Encode() => CanonicalWriter.Write(Write);

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out SingleKeyUploadStatement? statement)
    {
        CanonicalReader reader = new(bytes);
        SingleKeyUploadStatement read = Read(ref reader);
        statement = reader.IsComplete ? read : null;
        return statement is not null;
    }

    public void Write(CanonicalWriter writer) => writer.Digest(VectorDigest).List(CiphertextDigests, (w, d) => w.Digest(d));

    internal static SingleKeyUploadStatement Read(ref CanonicalReader reader)
    {
        Digest vector = reader.Digest();
        Digest[] ciphertexts = reader.List(GreatestCiphertexts, Digest.Bytes, (ref CanonicalReader r) => r.Digest());
        reader.Require(ciphertexts.Length > 0);
        return new SingleKeyUploadStatement(vector, ciphertexts);
    }
}
