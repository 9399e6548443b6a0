using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking.Messages;

/// <summary>One survivor and the proof that its upload followed the list's dealers.</summary>
/// <param name="Index">Cohort index.</param>
/// <param name="WordsDigest">SHA-256 of the upload's packed words.</param>
/// <param name="Signature">64 bytes: the survivor's signature over its <see cref="UploadStatement"/>.</param>
public sealed record SurvivorUpload(int Index, Digest WordsDigest, ReadOnlyMemory<byte> Signature);

/// <summary>The clients whose uploads the round will sum.</summary>
/// <remarks>
/// Nobody certifies the dealers list by itself, so a server could show a few victims a short list and everyone else the full one: the victims' uploads would
/// carry no mask shared with the honest others, and a quorum of those others could certify survivors that include the victims. Hence each survivor's
/// signature over the dealers list that it followed stands here, and a client confirms only if all of them name its own list.
/// </remarks>
/// <param name="CohortDigest">The cohort.</param>
/// <param name="DealersDigest">The dealers list that every one of the uploads followed; a client confirms only lists that follow its own.</param>
/// <param name="Uploads">Ascending by index; a subset of the dealers.</param>
public sealed record SurvivorList(Digest CohortDigest, Digest DealersDigest, IReadOnlyList<SurvivorUpload> Uploads)
{
    /// <summary>Cohort indices, ascending.</summary>
    public IReadOnlyList<int> Survivors => [.. Uploads.Select(u => u.Index)];

    public byte[] Encode() => CanonicalWriter.Write(writer => writer
        .Digest(CohortDigest).Digest(DealersDigest)
        .List(Uploads, (w, u) => w.Count(u.Index).Digest(u.WordsDigest).Fixed(u.Signature.Span)));

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out SurvivorList? list)
    {
        CanonicalReader reader = new(bytes);
        Digest cohort = reader.Digest();
        Digest dealers = reader.Digest();
        SurvivorUpload[] uploads = reader.List(ShamirSecretSharing.MaxPoint, 4 + Digest.Bytes + P256.SignatureBytes, ReadUpload);
        reader.Require(IndexList.IsAscending(uploads, u => u.Index));
        list = reader.IsComplete ? new SurvivorList(cohort, dealers, uploads) : null;
        return list is not null;
    }

    private static SurvivorUpload ReadUpload(ref CanonicalReader reader) =>
        new(reader.Count(ShamirSecretSharing.MaxPoint - 1), reader.Digest(), reader.Fixed(P256.SignatureBytes).ToArray());
}
