using System.Security.Cryptography;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Masking;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sealing;
using SecureFed.Cryptography.Sharing;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking;

/// <summary>What a client computes with the secrets of one round. Decides nothing: <see cref="MaskingClient"/> does, and calls each of these once.</summary>
/// <remarks>Bonawitz et al. 2017, Figure 4: ShareKeys, MaskedInputCollection and Unmasking; derivations in <see cref="MaskingDerivations"/>.</remarks>
internal sealed class RoundSecrets(ClientContext context, MaskingClientState state)
{
    /// <summary>Shares seed and mask key among the neighbours and seals each share; keeps the keys of the boxes that will come back.</summary>
    public ShareBundle DealShares(MaskingCohort accepted, IRandomSource random)
    {
        int self = accepted.IndexOf(context.Self)!.Value;
        state.InboundKeys = new byte[accepted.Thresholds.Neighbours * MaskingDerivations.KeyBytes];
        int[] neighbours = accepted.NeighboursOf(self);
        int[] points = [.. neighbours.Select(MaskingCohort.PointOf)];
        byte[] seedShares = new byte[points.Length * ShamirSecretSharing.ShareBytes];
        byte[] keyShares = new byte[seedShares.Length];
        ShamirSecretSharing.Split(state.SelfMaskSeed, accepted.Thresholds.Threshold, points, random, seedShares);
        ShamirSecretSharing.Split(state.MaskPrivateKey, accepted.Thresholds.Threshold, points, random, keyShares);

        using AgreementKey sealing = AgreementKey.FromPrivateKey(state.SealingPrivateKey);
        Span<byte> shared = stackalloc byte[P256.SharedSecretBytes];
        Span<byte> key = stackalloc byte[MaskingDerivations.KeyBytes];
        Span<byte> plaintext = stackalloc byte[ShareBundle.PlaintextBytes];
        List<SealedShare> boxes = new(neighbours.Length);
        for (int i = 0; i < neighbours.Length; i++)
        {
            Identifier neighbour = accepted[neighbours[i]];
            Agree(sealing, accepted.KeysOf(neighbours[i]).SealingKey.Span, shared);
            MaskingDerivations.SealingKey(shared, accepted.Digest, neighbour, context.Self, InboundKey(i));
            MaskingDerivations.SealingKey(shared, accepted.Digest, context.Self, neighbour, key);
            seedShares.AsSpan(i * ShamirSecretSharing.ShareBytes, ShamirSecretSharing.ShareBytes).CopyTo(plaintext);
            keyShares.AsSpan(i * ShamirSecretSharing.ShareBytes, ShamirSecretSharing.ShareBytes).CopyTo(plaintext[ShamirSecretSharing.ShareBytes..]);
            byte[] box = new byte[ShareBundle.BoxBytes];
            SealedBox.Seal(key, MaskingDerivations.SealingContext(accepted.Digest, context.Self, neighbour), plaintext, box);
            boxes.Add(new SealedShare(neighbours[i], box));
        }

        CryptographicOperations.ZeroMemory(shared);
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(plaintext);
        CryptographicOperations.ZeroMemory(seedShares);
        CryptographicOperations.ZeroMemory(keyShares);
        return new ShareBundle(MaskingDerivations.CommitToSeed(state.SelfMaskSeed, accepted.Digest, context.Self), boxes);
    }

    /// <summary>Opens what the neighbours sealed, one slot per neighbour.</summary>
    public byte[] OpenShares(MaskingCohort cohort, IReadOnlyList<(int Dealer, ReadOnlyMemory<byte> Box)> inbox)
    {
        int[] neighbours = cohort.NeighboursOf(cohort.IndexOf(context.Self)!.Value);
        byte[] received = new byte[neighbours.Length * MaskingClientState.ReceivedShareBytes];
        foreach ((int dealer, ReadOnlyMemory<byte> box) in inbox)
        {
            // A box that does not open is a missing share: t of the others still recover the secret.
            int position = Array.BinarySearch(neighbours, dealer);
            if (position < 0 || box.Length != ShareBundle.BoxBytes)
                continue;
            Span<byte> slot = received.AsSpan(position * MaskingClientState.ReceivedShareBytes, MaskingClientState.ReceivedShareBytes);
            bool isOpen = SealedBox.TryOpen(InboundKey(position), MaskingDerivations.SealingContext(cohort.Digest, cohort[dealer], context.Self), box.Span, slot[1..])
                && ShamirSecretSharing.IsCanonicalShare(slot.Slice(1, ShamirSecretSharing.ShareBytes))
                && ShamirSecretSharing.IsCanonicalShare(slot[(1 + ShamirSecretSharing.ShareBytes)..]);
            slot[0] = isOpen ? (byte)1 : (byte)0;
        }

        return received;
    }

    /// <summary>The key of the box from one neighbour, by its position among the neighbours.</summary>
    private Span<byte> InboundKey(int position) =>
        state.InboundKeys.AsSpan(position * MaskingDerivations.KeyBytes, MaskingDerivations.KeyBytes);

    /// <summary>Adds the self mask and one pair mask per neighbour that has dealt.</summary>
    public Upload Mask(MaskingCohort cohort, NoisedUpdate update, int[] maskedNeighbours, Digest dealersDigest)
    {
        uint[] words = new uint[update.Layout.Dimension];
        update.CopyTo(words);
        Span<byte> key = stackalloc byte[MaskingDerivations.KeyBytes];
        MaskingDerivations.SelfMaskKey(state.SelfMaskSeed, cohort.Digest, context.Self, key);
        using (MaskStream selfMask = new(key))
            selfMask.AddTo(words);

        using AgreementKey masking = AgreementKey.FromPrivateKey(state.MaskPrivateKey);
        Span<byte> shared = stackalloc byte[P256.SharedSecretBytes];
        foreach (int neighbour in maskedNeighbours)
        {
            Agree(masking, cohort.KeysOf(neighbour).MaskKey.Span, shared);
            MaskingDerivations.PairMaskKey(shared, cohort.Digest, context.Self, cohort[neighbour], key);
            using MaskStream pairMask = new(key);
            if (PairSign.IsAdded(context.Self, cohort[neighbour]))
                pairMask.AddTo(words);
            else
                pairMask.SubtractFrom(words);
        }

        CryptographicOperations.ZeroMemory(shared);
        CryptographicOperations.ZeroMemory(key);
        int ringBits = update.Layout.RingBits;
        Ring.Reduce(words, ringBits);
        byte[] packed = new byte[RingPacking.PackedBytes(words.Length, ringBits)];
        RingPacking.Pack(words, ringBits, packed);
        return new Upload(dealersDigest, words.Length, ringBits, packed);
    }

    /// <summary>The seed shares of survivors and the key shares of the dropped: one kind per dealer.</summary>
    public UnmaskAnswer Answer(MaskingCohort cohort, DealersList dealers, SurvivorList survivors, Digest survivorListDigest)
    {
        int[] neighbours = cohort.NeighboursOf(cohort.IndexOf(context.Self)!.Value);
        HashSet<int> dealt = [.. dealers.Dealers];
        HashSet<int> alive = [.. survivors.Survivors];
        List<ReleasedShare> shares = new(neighbours.Length);
        for (int i = 0; i < neighbours.Length; i++)
        {
            int owner = neighbours[i];
            ReadOnlySpan<byte> slot = state.ReceivedShares.AsSpan(i * MaskingClientState.ReceivedShareBytes, MaskingClientState.ReceivedShareBytes);
            if (!dealt.Contains(owner) || slot[0] == 0)
                continue;
            ShareKind kind = alive.Contains(owner) ? ShareKind.SelfMaskSeed : ShareKind.MaskKey;
            int offset = 1 + (kind == ShareKind.SelfMaskSeed ? 0 : ShamirSecretSharing.ShareBytes);
            shares.Add(new ReleasedShare(owner, kind, slot.Slice(offset, ShamirSecretSharing.ShareBytes).ToArray()));
        }

        return new UnmaskAnswer(survivorListDigest, shares);
    }

    private void Agree(AgreementKey key, ReadOnlySpan<byte> peer, Span<byte> shared)
    {
        if (!(context.PeerKeys?.TryAgree(key, peer, shared) ?? key.TryAgree(peer, shared)))
            throw new InvalidOperationException("A key that passed the cohort check is no point on P-256.");
    }
}
