using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption.Messages;

/// <summary>One holder's signature on the list; the rest of its message is rebuilt from the request.</summary>
/// <param name="Point">The signer's seat in the holder table.</param>
/// <param name="Signature">64 bytes.</param>
public sealed record HolderSignature(int Point, ReadOnlyMemory<byte> Signature);

/// <summary>The server's request for sums of shares, with the certificate that t_h distinct holders accepted one list.</summary>
/// <remarks>Two quorums of 2·t_h &gt; K + f share an honest holder, who signs one list only. Without the certificate holders could be asked for mixed lists, which never are complete
/// twice and still combine to three sums of one list minus another's.</remarks>
/// <param name="OpenDigest">The round.</param>
/// <param name="ListDigest">The certified list.</param>
/// <param name="ListEntryIndex">Log index of its entry.</param>
/// <param name="Certificate">Signatures of distinct holders, ascending by point.</param>
public sealed record KeySumRequest(Digest OpenDigest, Digest ListDigest, ulong ListEntryIndex, IReadOnlyList<HolderSignature> Certificate)
{
    public byte[] Encode() => CanonicalWriter.Write(writer => writer
        .Digest(OpenDigest).Digest(ListDigest).UInt64(ListEntryIndex)
        .List(Certificate, (w, s) => w.UInt8(checked((byte)s.Point)).Fixed(s.Signature.Span)));

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out KeySumRequest? request)
    {
        CanonicalReader reader = new(bytes);
        Digest open = reader.Digest();
        Digest list = reader.Digest();
        ulong index = reader.UInt64();
        HolderSignature[] certificate = reader.List(VectorSharing.GreatestHolders, 1 + P256.SignatureBytes, ReadSignature);
        for (int i = 0; i < certificate.Length; i++) reader.Require(certificate[i].Point > (i == 0 ? 0 : certificate[i - 1].Point));
        request = reader.IsComplete ? new KeySumRequest(open, list, index, certificate) : null;
        return request is not null;
    }

    private static HolderSignature ReadSignature(ref CanonicalReader reader) => new(reader.UInt8(), reader.Fixed(P256.SignatureBytes).ToArray());
}
