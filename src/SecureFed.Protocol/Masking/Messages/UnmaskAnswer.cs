using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking.Messages;

/// <summary>Which of a peer's two secrets a share belongs to. A client releases at most one kind per peer.</summary>
public enum ShareKind : byte
{
    /// <summary>Of a survivor: the seed of its self mask.</summary>
    SelfMaskSeed = 1,

    /// <summary>Of a dropped client: its mask secret key.</summary>
    MaskKey = 2,
}

/// <summary>One released share.</summary>
/// <param name="Owner">Cohort index of the client whose secret it belongs to.</param>
/// <param name="Kind">Which secret.</param>
/// <param name="Share">33 bytes, a canonical field element.</param>
public sealed record ReleasedShare(int Owner, ShareKind Kind, ReadOnlyMemory<byte> Share);

/// <summary>Step 5: the shares that let the server remove the masks of exactly the confirmed list.</summary>
/// <param name="SurvivorListDigest">The list that this answers; one per round.</param>
/// <param name="Shares">In ascending order of owner.</param>
public sealed record UnmaskAnswer(Digest SurvivorListDigest, IReadOnlyList<ReleasedShare> Shares) : IMessageBody
{
    public MessageType Type => MessageType.UnmaskAnswer;

    public void Write(CanonicalWriter writer) => writer
        .Digest(SurvivorListDigest)
        .List(Shares, (w, share) => w.Count(share.Owner).UInt8((byte)share.Kind).Fixed(share.Share.Span));

    internal static UnmaskAnswer Read(ref CanonicalReader reader)
    {
        Digest list = reader.Digest();
        ReleasedShare[] shares = reader.List(ShamirSecretSharing.MaxPoint, 5 + ShamirSecretSharing.ShareBytes, ReadShare);
        reader.Require(IndexList.IsAscending(shares, share => share.Owner));
        return new UnmaskAnswer(list, shares);
    }

    private static ReleasedShare ReadShare(ref CanonicalReader reader)
    {
        int owner = reader.Count(ShamirSecretSharing.MaxPoint - 1);
        ShareKind kind = (ShareKind)reader.UInt8();
        byte[] share = reader.Fixed(ShamirSecretSharing.ShareBytes).ToArray();
        reader.Require(Enum.IsDefined(kind) && ShamirSecretSharing.IsCanonicalShare(share));
        return new ReleasedShare(owner, kind, share);
    }
}
