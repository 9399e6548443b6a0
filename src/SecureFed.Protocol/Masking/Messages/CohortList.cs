using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking.Messages;

/// <summary>The published cohort: everything that later messages and every derived key bind through <see cref="Digest"/>.</summary>
/// <remarks>cohortDigest = SHA-256(openDigest ‖ canonical, sorted, signed advertisements ‖ c, k, t, Q, S_min, h); these bytes are the blob itself.</remarks>
/// <param name="OpenDigest">The round's openDigest.</param>
/// <param name="Advertisements">Signed advertisements in ascending order of sender; a client's index is its place here.</param>
/// <param name="Thresholds">Absolute numbers; every client recomputes them from the round parameters.</param>
public sealed record CohortList(Digest OpenDigest, IReadOnlyList<ReadOnlyMemory<byte>> Advertisements, CohortThresholds Thresholds)
{
    /// <summary>Every advertisement has exactly this size.</summary>
    public const int AdvertisementBytes = 2 + 3 * Identifier.Bytes + Digest.Bytes + 130 + 64;

    public byte[] Encode() => CanonicalWriter.Write(writer =>
    {
        writer.Digest(OpenDigest).List(Advertisements, (w, a) => w.Opaque(a.Span));
        Thresholds.Write(writer);
    });

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out CohortList? list)
    {
        CanonicalReader reader = new(bytes);
        Digest open = reader.Digest();
        ReadOnlyMemory<byte>[] advertisements = reader.List(
            ShamirSecretSharing.MaxPoint,
            4 + AdvertisementBytes,
            (ref CanonicalReader r) => (ReadOnlyMemory<byte>)r.Opaque(AdvertisementBytes).ToArray());
        CohortThresholds thresholds = CohortThresholds.Read(ref reader);
        list = reader.IsComplete ? new CohortList(open, advertisements, thresholds) : null;
        return list is not null;
    }
}
