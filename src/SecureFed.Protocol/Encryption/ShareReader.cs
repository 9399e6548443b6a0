using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Sealing;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>Verifies and opens the shares sealed to one holder, one after the other in one buffer. Zeroed on dispose.</summary>
/// <remarks>What the server could have exchanged (record, box) is a refusal; what the client did wrong (a box that does not open, a share that is not canonical) is a share that is not there.</remarks>
internal sealed class ShareReader : IDisposable
{
    private readonly HolderContext context;
    private readonly OpenedRound round;
    private readonly HolderEntry seat;
    private readonly int place;
    private readonly AgreementKey roundKey;
    private readonly byte[] plaintext;
    private readonly ulong[] share;

    public ShareReader(HolderContext context, OpenedRound round, ReadOnlySpan<byte> privateKey)
    {
        this.context = context;
        this.round = round;
        place = round.Encryption.Table.PlaceOf(context.Self);
        seat = round.Encryption.Table.Entries[place];
        roundKey = AgreementKey.FromPrivateKey(privateKey);
        Set = round.Encryption.Specification.Ring;
        share = GC.AllocateArray<ulong>(EncryptedRound.ShareLength(Set), pinned: true);
        plaintext = GC.AllocateArray<byte>(ResiduePacking.PackedBytes(Set.Modulus, share.Length), pinned: true);
    }

    public BfvSet Set { get; }

    /// <summary>The share that was opened last: the key's coordinates, then the masks'.</summary>
    public ReadOnlySpan<ulong> Share => share;

    /// <summary>Verifies what was delivered for a listed upload and opens the box.</summary>
    /// <param name="listed">The upload.</param>
    /// <param name="delivery">A peer's bytes.</param>
    /// <param name="isOpen">Whether <see cref="Share"/> is the client's share for this holder; if not, the client is at fault.</param>
    /// <returns>Null, or why this is not what the client signed.</returns>
    public RoundRejection? TryOpen(ListedUpload listed, HolderDelivery delivery, out bool isOpen)
    {
        isOpen = false;
        if (ListedRecord.TryRead(context, round, listed, delivery.Record, out EncryptedUploadStatement? statement) is { } refusal)
            return refusal;
        if (statement!.BoxDigests.Count != round.Encryption.Table.Entries.Count || statement.BoxDigests[place] != Digest.Of(delivery.Box.Span))
            return new RoundRejection(ErrorCodes.InvalidCiphertext, "A delivered box is not the one that its client signed for this holder; fetch the deliveries again.");
        isOpen = TryOpen(listed.Client, statement.SealingKey.Span, delivery.Box.Span);
        return null;
    }

    public void Dispose()
    {
        roundKey.Dispose();
        CryptographicOperations.ZeroMemory(plaintext);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(share.AsSpan()));
    }

    public override string ToString() => "ShareReader(hidden)";

    private bool TryOpen(Identifier client, ReadOnlySpan<byte> sealingKey, ReadOnlySpan<byte> box)
    {
        Span<byte> shared = stackalloc byte[P256.SharedSecretBytes];
        Span<byte> boxKey = stackalloc byte[SealedBox.KeyBytes];
        share.AsSpan().Clear();
        if (!roundKey.TryAgree(sealingKey, shared))
            return false;
        EncryptedRound.ShareKey(shared, round.OpenDigest, client, seat, boxKey);
        bool isOpen = SealedBox.TryOpen(boxKey, EncryptedRound.ShareContext(round.OpenDigest, client, seat), box, plaintext)
            && ResiduePacking.TryUnpack(Set.Modulus, plaintext, share);
        CryptographicOperations.ZeroMemory(shared);
        CryptographicOperations.ZeroMemory(boxKey);
        return isOpen;
    }
}
