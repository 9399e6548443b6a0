using SecureFed.Cryptography.Sealing;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking.Messages;

/// <summary>One neighbour's sealed pair of shares.</summary>
/// <param name="Recipient">Index of the neighbour in the sorted cohort.</param>
/// <param name="Box">AES-256-GCM of seed share ‖ mask-key share, <see cref="ShareBundle.BoxBytes"/> bytes.</param>
public sealed record SealedShare(int Recipient, ReadOnlyMemory<byte> Box);

/// <summary>Step 2: shares of a client's self-mask seed and mask secret key, sealed for each neighbour.</summary>
/// <param name="SeedCommitment">Commitment to the self-mask seed; the server checks the reconstructed seed against it.</param>
/// <param name="Shares">One per neighbour, in ascending order of recipient: the sender's neighbour list.</param>
public sealed record ShareBundle(Digest SeedCommitment, IReadOnlyList<SealedShare> Shares) : IMessageBody
{
    /// <summary>Plaintext of one box: two field elements.</summary>
    public const int PlaintextBytes = 2 * ShamirSecretSharing.ShareBytes;

    public const int BoxBytes = PlaintextBytes + SealedBox.OverheadBytes;

    public MessageType Type => MessageType.ShareBundle;

    /// <summary>The box for one recipient; null if there is none.</summary>
    internal ReadOnlyMemory<byte>? BoxFor(int recipient)
    {
        int low = 0;
        int high = Shares.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (Shares[middle].Recipient == recipient)
                return Shares[middle].Box;
            if (Shares[middle].Recipient < recipient)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return null;
    }

    public void Write(CanonicalWriter writer) => writer
        .Digest(SeedCommitment)
        .List(Shares, (w, share) => w.Count(share.Recipient).Fixed(share.Box.Span));

    internal static ShareBundle Read(ref CanonicalReader reader)
    {
        Digest commitment = reader.Digest();
        SealedShare[] shares = reader.List(ShamirSecretSharing.MaxPoint, 4 + BoxBytes, ReadShare);
        reader.Require(IndexList.IsAscending(shares, share => share.Recipient));
        return new ShareBundle(commitment, shares);
    }

    private static SealedShare ReadShare(ref CanonicalReader reader) =>
        new(reader.Count(ShamirSecretSharing.MaxPoint - 1), reader.Fixed(BoxBytes).ToArray());
}
