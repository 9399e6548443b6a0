using System.Security.Cryptography;
using SecureFed.Cryptography;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Masking;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking;

/// <summary>Recovers seeds and keys from released shares and adds up every mask that the survivors' uploads contain.</summary>
/// <remarks>
/// Bonawitz et al. 2017, Figure 4, round 4 (Unmasking). Each reconstructed key is checked against the advertised public key, each seed against its commitment,
/// so a wrong share can lose the round but never shift the sum.
/// </remarks>
internal sealed class MaskRemoval(
    MaskingCohort cohort,
    int[] dealers,
    int[] survivors,
    IReadOnlyDictionary<int, ShareBundle> bundles,
    IReadOnlyDictionary<int, UnmaskAnswer> answers)
{
    public MaskRecovery TryRecover()
    {
        MaskRecovery recovery = new();
        Dictionary<int, List<(int Responder, ReadOnlyMemory<byte> Share)>> sharesByOwner = dealers.ToDictionary(d => d, _ => new List<(int, ReadOnlyMemory<byte>)>());
        foreach ((int responder, UnmaskAnswer answer) in answers)
        {
            foreach (ReleasedShare share in answer.Shares)
                sharesByOwner[share.Owner].Add((responder, share.Share));
        }

        bool isComplete = true;
        Span<byte> secret = stackalloc byte[ShamirSecretSharing.SecretBytes];
        foreach (int owner in dealers)
        {
            List<(int Responder, ReadOnlyMemory<byte> Share)> shares = sharesByOwner[owner];
            if (shares.Count < cohort.Thresholds.Threshold)
            {
                isComplete = false;
                break;
            }

            if (!TryRecoverOne(owner, shares, secret))
            {
                recovery.InconsistentOwner = owner;
                isComplete = false;
                break;
            }

            recovery.Add(owner, secret);
        }

        CryptographicOperations.ZeroMemory(secret);
        recovery.IsComplete = isComplete;
        return recovery;
    }

    /// <summary>Σ over survivors of the self mask, plus every pairwise mask between a survivor and a dropped dealer, with the sign that the survivor used.</summary>
    /// <returns>Length d, modulo 2^32; the caller reduces to the ring.</returns>
    public uint[] SumMasks(MaskRecovery recovery, int dimension)
    {
        uint[] total = new uint[dimension];
        Span<byte> key = stackalloc byte[MaskingDerivations.KeyBytes];
        foreach (int survivor in survivors)
        {
            MaskingDerivations.SelfMaskKey(recovery[survivor].Span, cohort.Digest, cohort[survivor], key);
            using MaskStream stream = new(key);
            stream.AddTo(total);
        }

        foreach (int dropped in dealers.Except(survivors))
            AddPairMasks(dropped, recovery[dropped], total, key);
        CryptographicOperations.ZeroMemory(key);
        return total;
    }

    private void AddPairMasks(int dropped, Secret maskKey, uint[] total, Span<byte> key)
    {
        Span<byte> shared = stackalloc byte[P256.SharedSecretBytes];
        using AgreementKey agreement = AgreementKey.FromPrivateKey(maskKey.Span);
        foreach (int neighbour in cohort.NeighboursOf(dropped))
        {
            if (Array.BinarySearch(survivors, neighbour) < 0)
                continue;
            if (!agreement.TryAgree(cohort.KeysOf(neighbour).MaskKey.Span, shared))
                throw new InvalidOperationException("An accepted advertisement holds an invalid key.");
            MaskingDerivations.PairMaskKey(shared, cohort.Digest, cohort[dropped], cohort[neighbour], key);
            using MaskStream stream = new(key);
            if (PairSign.IsAdded(cohort[neighbour], cohort[dropped]))
                stream.AddTo(total);
            else
                stream.SubtractFrom(total);
        }

        CryptographicOperations.ZeroMemory(shared);
    }

    /// <summary>Tries windows of t shares until one reconstructs what the owner committed to, so that a few lying neighbours do not cost the round.</summary>
    /// <remarks>Windows wrap around: with one share more than t a single liar anywhere is left out by some window. Scattered liars can still cost the round.</remarks>
    private bool TryRecoverOne(int owner, List<(int Responder, ReadOnlyMemory<byte> Share)> shares, Span<byte> secret)
    {
        int threshold = cohort.Thresholds.Threshold;
        int[] points = new int[threshold];
        byte[] window = new byte[threshold * ShamirSecretSharing.ShareBytes];
        bool isRecovered = false;
        int windows = shares.Count == threshold ? 1 : shares.Count;
        for (int start = 0; start < windows && !isRecovered; start++)
        {
            for (int i = 0; i < threshold; i++)
            {
                (int responder, ReadOnlyMemory<byte> share) = shares[(start + i) % shares.Count];
                points[i] = MaskingCohort.PointOf(responder);
                share.Span.CopyTo(window.AsSpan(i * ShamirSecretSharing.ShareBytes));
            }

            isRecovered = ShamirSecretSharing.TryCombine(points, window, secret) && IsGenuine(owner, secret);
        }

        CryptographicOperations.ZeroMemory(window);
        return isRecovered;
    }

    private bool IsGenuine(int owner, ReadOnlySpan<byte> secret) => Array.BinarySearch(survivors, owner) >= 0
        ? MaskingDerivations.CommitToSeed(secret, cohort.Digest, cohort[owner]) == bundles[owner].SeedCommitment
        : AgreementKey.PublicKeyMatches(secret, cohort.KeysOf(owner).MaskKey.Span);
}

/// <summary>Which of two clients adds their common mask: the one with the smaller identifier, so that the pair cancels in the sum.</summary>
internal static class PairSign
{
    public static bool IsAdded(Identifier self, Identifier neighbour) => self < neighbour;
}
