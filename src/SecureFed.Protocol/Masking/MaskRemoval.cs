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
    /// <param name="isLast">No answer can follow: go on after a secret that cannot be recovered, in order to name all who are to blame.</param>
    public MaskRecovery TryRecover(bool isLast)
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
            bool isEnough = shares.Count >= cohort.Thresholds.Threshold;
            if (isEnough && TryRecoverOne(owner, shares, recovery, secret))
            {
                recovery.Add(owner, secret);
                continue;
            }

            if (isEnough)
                recovery.AddInconsistentOwner(owner);
            isComplete = false;
            if (!isLast)
                break;
        }

        CryptographicOperations.ZeroMemory(secret);
        recovery.IsComplete = isComplete;
        if (isComplete || isLast)
            AddMissing(recovery);
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

    /// <summary>Who answers owes a share of every dealer that is its neighbour; a client leaves one out only if the box did not open.</summary>
    private void AddMissing(MaskRecovery recovery)
    {
        foreach ((int responder, UnmaskAnswer answer) in answers)
        {
            foreach (int owner in cohort.NeighboursOf(responder).Intersect(dealers).Except(answer.Shares.Select(s => s.Owner)))
                recovery.AddDispute(owner, responder);
        }
    }

    /// <summary>Finds what the owner committed to even if some shares are wrong, and who disputes with whom about them.</summary>
    private bool TryRecoverOne(int owner, List<(int Responder, ReadOnlyMemory<byte> Share)> shares, MaskRecovery recovery, Span<byte> secret)
    {
        using CheckedShares all = new(
            [.. shares.Select(s => MaskingCohort.PointOf(s.Responder))],
            [.. shares.Select(s => s.Share)],
            cohort.Thresholds.Threshold,
            candidate => IsGenuine(owner, candidate));
        bool[] isWrong = new bool[shares.Count];
        if (!all.TryRecover(secret, isWrong))
            return false;
        for (int i = 0; i < isWrong.Length; i++)
        {
            if (isWrong[i])
                recovery.AddDispute(owner, shares[i].Responder);
        }

        return true;
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
