using System.Runtime.CompilerServices;

namespace SecureFed.Cryptography.Rings;

/// <summary>Both transforms in 64-bit words, with Harvey's lazy butterflies and Shoup's products.</summary>
/// <remarks>
/// Bounds, for q below 2^62. Shoup's product of any word x with w is x·w − ⌊x·w′/2^64⌋·q with w′ = ⌊w·2^64/q⌋, in [0, 2q). Forward: words stay in
/// [0, 4q); the upper one is brought below 2q, the lower one goes through a product, and sum and difference + 2q are below 4q again. Inverse: words
/// stay in [0, 2q); the sum is brought below 2q, the difference + 2q goes through a product.
/// </remarks>
internal static class WordButterflies
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(Span<ulong> a, ReadOnlySpan<ulong> roots, ReadOnlySpan<ulong> quotients, ulong q)
    {
        unchecked
        {
            ulong twice = 2 * q;
            int half = a.Length;
            for (int m = 1; m < a.Length; m <<= 1)
            {
                half >>= 1;
                for (int i = 0; i < m; i++)
                {
                    ulong w = roots[m + i], quotient = quotients[m + i];
                    Span<ulong> left = a.Slice(2 * i * half, half);
                    Span<ulong> right = a.Slice((2 * i * half) + half, half)[..left.Length];
                    for (int j = 0; j < left.Length; j++)
                    {
                        ulong u = ReduceOnce(left[j], twice);
                        ulong v = Product(right[j], w, quotient, q);
                        left[j] = u + v;
                        right[j] = u - v + twice;
                    }
                }
            }

            for (int i = 0; i < a.Length; i++) a[i] = ReduceOnce(ReduceOnce(a[i], twice), q);
        }
    }

    /// <param name="a">N values; overwritten.</param>
    /// <param name="roots">Index 0 holds 1/N and index 1 the last stage's root over N.</param>
    /// <param name="quotients">Of the same roots.</param>
    /// <param name="q">The modulus.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Inverse(Span<ulong> a, ReadOnlySpan<ulong> roots, ReadOnlySpan<ulong> quotients, ulong q)
    {
        unchecked
        {
            ulong twice = 2 * q;
            int half = 1;
            for (int m = a.Length >> 1; m > 1; m >>= 1)
            {
                for (int i = 0; i < m; i++)
                {
                    ulong w = roots[m + i], quotient = quotients[m + i];
                    Span<ulong> left = a.Slice(2 * i * half, half);
                    Span<ulong> right = a.Slice((2 * i * half) + half, half)[..left.Length];
                    for (int j = 0; j < left.Length; j++)
                    {
                        ulong u = left[j], v = right[j];
                        left[j] = ReduceOnce(u + v, twice);
                        right[j] = Product(u - v + twice, w, quotient, q);
                    }
                }

                half <<= 1;
            }

            Span<ulong> lower = a[..half];
            Span<ulong> upper = a[half..][..lower.Length];
            for (int j = 0; j < lower.Length; j++)
            {
                ulong u = lower[j], v = upper[j];
                lower[j] = ReduceOnce(Product(u + v, roots[0], quotients[0], q), q);
                upper[j] = ReduceOnce(Product(u - v + twice, roots[1], quotients[1], q), q);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Product(ulong x, ulong w, ulong quotient, ulong q) => unchecked((x * w) - (Math.BigMul(x, quotient, out _) * q));

    /// <summary>a or a − modulus for a in [0, 2·modulus). Not Math.Min, which compiles to a branch on a secret (and takes twice the time).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ReduceOnce(ulong a, ulong modulus)
    {
        unchecked
        {
            ulong reduced = a - modulus;
            return reduced + (modulus & (ulong)((long)reduced >> 63));
        }
    }
}
