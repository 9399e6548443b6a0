using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Sharing;

/// <summary>Splits a vector over Z_q, coordinate by coordinate, so that any t of K vectors give it back and t-1 say nothing about it.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Reference</term><description>Shamir, How to share a secret, CACM 22(11), 1979, in every coordinate with polynomials of its own.</description></item>
/// <item><term>Field</term><description>Z_q for a prime q above K; 0x3ffffffffc001 in parameter set A1.</description></item>
/// <item><term>Points</term><description>Holder k sits at x = k, from 1 to K. The table that says which holder has which point must be bound by the round: with
/// two tables for two clients one linear combination of sums can be a single client's secret.</description></item>
/// <item><term>Polynomial</term><description>Degree at most t-1; all upper coefficients uniform in [0, q), the highest included.</description></item>
/// <item><term>Linear</term><description>Shares of two vectors under one table add up to shares of their sum.</description></item>
/// <item><term>Constant time</term><description>In secrets and shares; q, t, K and lengths are public.</description></item>
/// <item><term>Not provided</term><description>Verifiability. <see cref="ShareCheck"/> finds clients whose shares lie on no such polynomial,
/// <see cref="VectorErrorCorrection"/> holders whose sums do not.</description></item>
/// </list>
/// </remarks>
public static class VectorSharing
{
    /// <summary>Most holders, K.</summary>
    public const int GreatestHolders = 255;

    private const int ChunkCoordinates = 256;

    /// <summary>Evaluates fresh random polynomials with the secret at 0 at every holder's point.</summary>
    /// <param name="q">The field.</param>
    /// <param name="secret">N elements of [0, q): a key and, behind it, the masks of <see cref="ShareCheck"/>. The caller clears it.</param>
    /// <param name="threshold">t, 1 to <paramref name="holders"/>.</param>
    /// <param name="holders">K, 1 to <see cref="GreatestHolders"/> and below q.</param>
    /// <param name="random">Supplies (t-1)·N coefficients.</param>
    /// <param name="shares">K·N elements, overwritten; holder k's share is the k-th stretch of N. The caller clears them once sealed.</param>
    /// <exception cref="ArgumentException">A length, the threshold or the number of holders is out of range, or an element is not below q.</exception>
    public static void Split(PrimeModulus q, ReadOnlySpan<ulong> secret, int threshold, int holders, IRandomSource random, Span<ulong> shares)
    {
        if (holders is < 1 or > GreatestHolders || (ulong)holders >= q.Value)
            throw new ArgumentOutOfRangeException(nameof(holders), holders, $"There are 1 to {GreatestHolders} holders, and fewer than q.");
        if (threshold < 1 || threshold > holders)
            throw new ArgumentOutOfRangeException(nameof(threshold), threshold, "The threshold is from 1 to the number of holders.");
        if (shares.Length != (long)holders * secret.Length) throw new ArgumentException("Each holder needs one share of every coordinate.", nameof(shares));
        ResidueVector.RequireReduced(secret, q, nameof(secret));

        // A chunk's coefficients stay in the first-level cache while every holder's stretch is computed.
        ulong[] coefficients = GC.AllocateArray<ulong>((threshold - 1) * Math.Min(ChunkCoordinates, secret.Length), pinned: true);
        try
        {
            for (int start = 0; start < secret.Length; start += ChunkCoordinates)
            {
                int count = Math.Min(ChunkCoordinates, secret.Length - start);
                Span<ulong> upper = coefficients.AsSpan(0, (threshold - 1) * count);
                UniformResidues.Fill(q, random, upper);
                for (int k = 0; k < holders; k++)
                    Evaluate(q, secret.Slice(start, count), upper, (ulong)k + 1, shares.Slice((k * secret.Length) + start, count));
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(coefficients.AsSpan()));
        }
    }

    /// <summary>Horner's rule in every coordinate at once; coefficient rows highest first.</summary>
    private static void Evaluate(PrimeModulus q, ReadOnlySpan<ulong> secret, ReadOnlySpan<ulong> upper, ulong x, Span<ulong> share)
    {
        if (upper.IsEmpty)
        {
            secret.CopyTo(share);
            return;
        }

        upper[..share.Length].CopyTo(share);
        for (upper = upper[share.Length..]; !upper.IsEmpty; upper = upper[share.Length..]) MultiplyAdd(q, share, x, upper);
        MultiplyAdd(q, share, x, secret);
    }

    private static void MultiplyAdd(PrimeModulus q, Span<ulong> share, ulong x, ReadOnlySpan<ulong> row)
    {
        for (int i = 0; i < share.Length; i++) share[i] = q.Add(q.Multiply(share[i], x), row[i]);
    }
}
