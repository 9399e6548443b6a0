using System.Numerics;
using System.Security.Cryptography;
using SecureFed.Cryptography.Masking;

namespace SecureFed.Privacy.Updates;

/// <summary>A public rotation that spreads a vector's norm evenly over its coordinates, so that their sums fit a smaller ring.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Reference</term><description>Kairouz, Liu and Steinke 2021 (arXiv 2102.06387), Algorithm 1: between clipping and rounding x becomes H·D·x. Ailon and Chazelle 2006.</description></item>
/// <item><term>D</term><description>Diagonal of signs. Sign i is −1 if bit (i mod 8, least significant first) of byte ⌊i/8⌋ of the keystream is set, else +1. Keystream: AES-256-CTR,
/// counter from zero, key SHA-256("securefed/v1 flattening\n" ‖ seed).</description></item>
/// <item><term>H</term><description>Orthonormal Walsh-Hadamard matrix in Sylvester's order, H(i, j) = (−1)^popcount(i and j) / √d′; d′ is the length padded with zeros to a power of two.</description></item>
/// <item><term>Assumes</term><description>For <see cref="Reach"/> only: neither the vectors were chosen for these signs nor the seed for these vectors. Whoever breaks that can make a sum wrap
/// and so spoil it, as any client can with any vector. One rotation for all rounds is as good as a new one in each as long as data depend on it through released sums at most.</description></item>
/// <item><term>Not provided</term><description>Protection: everybody can undo it. The norm is preserved, and the sensitivity is checked after it, in integers.</description></item>
/// </list>
/// </remarks>
public sealed class Flattening
{
    private readonly byte[] key;
    private byte[]? signs;

    /// <param name="length">d: coordinates before padding, 1 to 2^26.</param>
    /// <param name="seed">Public and the same for everybody whose vectors are summed.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is out of range.</exception>
    public Flattening(int length, ReadOnlySpan<byte> seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, UpdateLayout.GreatestDimension);
        Length = length;
        PaddedLength = (int)BitOperations.RoundUpToPowerOf2((uint)length);
        key = SHA256.HashData([.. "securefed/v1 flattening\n"u8, .. seed]);
    }

    /// <summary>d: coordinates before padding.</summary>
    public int Length { get; }

    /// <summary>d′: the least power of two that is not below d.</summary>
    public int PaddedLength { get; }

    /// <summary>Bound on every coordinate of a flattened vector of that norm, but for 2^-40 over the choice of the signs.</summary>
    /// <remarks>A coordinate is Σ ±x_j/√d′: Hoeffding's inequality, and the union bound over d′ coordinates: norm · √(2 ln(2d′·2⁴⁰)) / √d′.</remarks>
    internal double Reach(double norm) => norm * Math.Sqrt(2 * Math.Log(2.0 * PaddedLength * Math.ScaleB(1.0, 40)) / PaddedLength);

    /// <summary>x ← H·D·x.</summary>
    /// <param name="segment">Length d′, zero from d on. Overwritten.</param>
    internal void Apply(Span<double> segment)
    {
        ChangeSigns(segment[..Length]);
        Transform(segment);
    }

    /// <summary>x ← D·H·x, the inverse. What the padding then holds is noise and rounding.</summary>
    /// <param name="segment">Length d′. Overwritten.</param>
    internal void Invert(Span<double> segment)
    {
        Transform(segment);
        ChangeSigns(segment[..Length]);
    }

    /// <summary>x ← H·x in d′·log₂ d′ additions.</summary>
    /// <param name="values">Length a power of two. Overwritten.</param>
    internal static void Transform(Span<double> values)
    {
        for (int half = 1; half < values.Length; half *= 2)
        {
            for (int start = 0; start < values.Length; start += 2 * half)
            {
                Span<double> left = values.Slice(start, half);
                Span<double> right = values.Slice(start + half, half);
                for (int i = 0; i < left.Length; i++)
                    (left[i], right[i]) = (left[i] + right[i], left[i] - right[i]);
            }
        }

        double root = Math.Sqrt(values.Length);
        foreach (ref double value in values)
            value /= root;
    }

    private void ChangeSigns(Span<double> values)
    {
        signs ??= Expand();
        for (int i = 0; i < values.Length; i++)
        {
            if ((signs[i >> 3] >> (i & 7) & 1) != 0)
                values[i] = -values[i];
        }
    }

    private byte[] Expand()
    {
        byte[] expanded = new byte[(Length + 7) / 8];
        Aes256Ctr.Keystream(key, new byte[Aes256Ctr.BlockBytes], expanded);
        return expanded;
    }
}
