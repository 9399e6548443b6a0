using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking.Messages;

/// <summary>One confirmation inside a quorum certificate; the rest of the message is rebuilt from the request.</summary>
/// <param name="Signer">Cohort index.</param>
/// <param name="Signature">64 bytes.</param>
public sealed record QuorumSignature(int Signer, ReadOnlyMemory<byte> Signature);

/// <summary>The server's request for shares: it names only the dropped, everything else each client derives from its own state.</summary>
/// <param name="CohortDigest">The cohort.</param>
/// <param name="SurvivorListDigest">The certified list.</param>
/// <param name="SurvivorEntryIndex">Log index of its SURVIVORS_LISTED entry.</param>
/// <param name="Dropped">U2 without the survivors: cohort indices, ascending.</param>
/// <param name="Certificate">Confirmations of distinct cohort members, ascending by signer.</param>
public sealed record UnmaskRequest(
    Digest CohortDigest,
    Digest SurvivorListDigest,
    ulong SurvivorEntryIndex,
    IReadOnlyList<int> Dropped,
    IReadOnlyList<QuorumSignature> Certificate)
{
    public byte[] Encode() => CanonicalWriter.Write(writer =>
    {
        writer.Digest(CohortDigest).Digest(SurvivorListDigest).UInt64(SurvivorEntryIndex);
        IndexList.Write(writer, Dropped);
        writer.List(Certificate, (w, s) => w.Count(s.Signer).Fixed(s.Signature.Span));
    });

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out UnmaskRequest? request)
    {
        CanonicalReader reader = new(bytes);
        Digest cohort = reader.Digest();
        Digest survivors = reader.Digest();
        ulong index = reader.UInt64();
        int[] dropped = IndexList.Read(ref reader);
        QuorumSignature[] certificate = reader.List(ShamirSecretSharing.MaxPoint, 4 + P256.SignatureBytes, ReadSignature);
        reader.Require(IndexList.IsAscending(certificate, s => s.Signer));
        request = reader.IsComplete ? new UnmaskRequest(cohort, survivors, index, dropped, certificate) : null;
        return request is not null;
    }

    private static QuorumSignature ReadSignature(ref CanonicalReader reader) =>
        new(reader.Count(ShamirSecretSharing.MaxPoint - 1), reader.Fixed(P256.SignatureBytes).ToArray());
}
