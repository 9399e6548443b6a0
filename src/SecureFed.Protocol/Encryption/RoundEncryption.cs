using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>What a ROUND_OPENED entry says of an encrypted round: parameters, holder table and invited cohort, so that openDigest binds them all.</summary>
/// <param name="Specification">The task's.</param>
/// <param name="Table">Seats with the keys of this round.</param>
/// <param name="Invited">n: clients that are invited. c, S_min and h derive from it.</param>
/// <param name="InvitedDigest">SHA-256 of the <see cref="InvitedList"/>, a blob.</param>
public sealed record RoundEncryption(EncryptionSpecification Specification, HolderTable Table, int Invited, Digest InvitedDigest)
{
    public bool Equals(RoundEncryption? other) =>
        other is not null && Specification == other.Specification && Invited == other.Invited && InvitedDigest == other.InvitedDigest
        && Table.Encode().AsSpan().SequenceEqual(other.Table.Encode());

    public override int GetHashCode() => HashCode.Combine(Specification, Invited, InvitedDigest);

    internal void Write(CanonicalWriter writer)
    {
        Specification.Write(writer);
        Table.Write(writer);
        writer.Count(Invited).Digest(InvitedDigest);
    }

    internal static RoundEncryption Read(ref CanonicalReader reader) =>
        new(EncryptionSpecification.Read(ref reader), HolderTable.Read(ref reader), reader.Count(ShamirSecretSharing.MaxPoint), reader.Digest());
}
