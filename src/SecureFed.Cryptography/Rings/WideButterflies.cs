using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SecureFed.Cryptography.Rings;

/// <summary>Both transforms on eight 64-bit words at once; bounds and operations are those of <see cref="WordButterflies"/>.</summary>
/// <remarks>Stages whose pairs lie less than eight words apart are done together on sixteen words, regrouped by permutations between them.</remarks>
internal static class WideButterflies
{
    private const int Lanes = 8;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(Span<ulong> a, ReadOnlySpan<ulong> roots, ReadOnlySpan<ulong> quotients, ulong modulus)
    {
        ref ulong word = ref MemoryMarshal.GetReference(a);
        ref ulong root = ref MemoryMarshal.GetReference(roots);
        ref ulong quotient = ref MemoryMarshal.GetReference(quotients);
        Vector512<ulong> q = Vector512.Create(modulus);
        Vector512<ulong> twice = q + q;
        int half = a.Length;
        int m = 1;
        for (; half > Lanes; m <<= 1)
        {
            half >>= 1;
            for (int i = 0; i < m; i++)
            {
                Vector512<ulong> w = Vector512.Create(Unsafe.Add(ref root, m + i));
                Vector512<ulong> ratio = Vector512.Create(Unsafe.Add(ref quotient, m + i));
                ref ulong left = ref Unsafe.Add(ref word, 2 * i * half);
                ref ulong right = ref Unsafe.Add(ref left, half);
                for (nuint j = 0; j < (nuint)half; j += Lanes)
                {
                    Vector512<ulong> u = Vector512.LoadUnsafe(ref left, j), v = Vector512.LoadUnsafe(ref right, j);
                    Butterfly(ref u, ref v, w, ratio, q, twice);
                    u.StoreUnsafe(ref left, j);
                    v.StoreUnsafe(ref right, j);
                }
            }
        }

        // m = N/8 groups of eight words.
        for (int block = 0; block < a.Length; block += 2 * Lanes)
        {
            ref ulong left = ref Unsafe.Add(ref word, block);
            Vector512<ulong> x = Vector512.LoadUnsafe(ref left), y = Vector512.LoadUnsafe(ref left, Lanes);

            (Vector512<ulong> u, Vector512<ulong> v) = (Pick(x, y, Fours), Pick(x, y, UpperFours));
            Butterfly(ref u, ref v, Spread(ref root, m + (block >> 3), Spread4), Spread(ref quotient, m + (block >> 3), Spread4), q, twice);
            (x, y) = (Pick(u, v, Fours), Pick(u, v, UpperFours));

            (u, v) = (Pick(x, y, Twos), Pick(x, y, UpperTwos));
            Butterfly(ref u, ref v, Spread(ref root, (2 * m) + (block >> 2), Spread2), Spread(ref quotient, (2 * m) + (block >> 2), Spread2), q, twice);
            (x, y) = (Pick(u, v, TwosBack), Pick(u, v, UpperTwosBack));

            (u, v) = (Pick(x, y, Ones), Pick(x, y, UpperOnes));
            nuint last = (nuint)((4 * m) + (block >> 1));
            Butterfly(ref u, ref v, Vector512.LoadUnsafe(ref root, last), Vector512.LoadUnsafe(ref quotient, last), q, twice);
            u = ReduceOnce(ReduceOnce(u, twice), q);
            v = ReduceOnce(ReduceOnce(v, twice), q);
            Pick(u, v, OnesBack).StoreUnsafe(ref left);
            Pick(u, v, UpperOnesBack).StoreUnsafe(ref left, Lanes);
        }
    }

    /// <param name="a">N values; overwritten.</param>
    /// <param name="roots">As for <see cref="WordButterflies.Inverse"/>.</param>
    /// <param name="quotients">Of the same roots.</param>
    /// <param name="modulus">q.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Inverse(Span<ulong> a, ReadOnlySpan<ulong> roots, ReadOnlySpan<ulong> quotients, ulong modulus)
    {
        ref ulong word = ref MemoryMarshal.GetReference(a);
        ref ulong root = ref MemoryMarshal.GetReference(roots);
        ref ulong quotient = ref MemoryMarshal.GetReference(quotients);
        Vector512<ulong> q = Vector512.Create(modulus);
        Vector512<ulong> twice = q + q;
        int m = a.Length >> 3;
        for (int block = 0; block < a.Length; block += 2 * Lanes)
        {
            ref ulong left = ref Unsafe.Add(ref word, block);
            Vector512<ulong> x = Vector512.LoadUnsafe(ref left), y = Vector512.LoadUnsafe(ref left, Lanes);

            (Vector512<ulong> u, Vector512<ulong> v) = (Pick(x, y, Ones), Pick(x, y, UpperOnes));
            nuint first = (nuint)((4 * m) + (block >> 1));
            InverseButterfly(ref u, ref v, Vector512.LoadUnsafe(ref root, first), Vector512.LoadUnsafe(ref quotient, first), q, twice);
            (x, y) = (Pick(u, v, OnesBack), Pick(u, v, UpperOnesBack));

            (u, v) = (Pick(x, y, Twos), Pick(x, y, UpperTwos));
            InverseButterfly(ref u, ref v, Spread(ref root, (2 * m) + (block >> 2), Spread2), Spread(ref quotient, (2 * m) + (block >> 2), Spread2), q, twice);
            (x, y) = (Pick(u, v, TwosBack), Pick(u, v, UpperTwosBack));

            (u, v) = (Pick(x, y, Fours), Pick(x, y, UpperFours));
            InverseButterfly(ref u, ref v, Spread(ref root, m + (block >> 3), Spread4), Spread(ref quotient, m + (block >> 3), Spread4), q, twice);
            Pick(u, v, Fours).StoreUnsafe(ref left);
            Pick(u, v, UpperFours).StoreUnsafe(ref left, Lanes);
        }

        int half = Lanes;
        for (m >>= 1; m > 1; m >>= 1)
        {
            for (int i = 0; i < m; i++)
            {
                Vector512<ulong> w = Vector512.Create(Unsafe.Add(ref root, m + i));
                Vector512<ulong> ratio = Vector512.Create(Unsafe.Add(ref quotient, m + i));
                ref ulong left = ref Unsafe.Add(ref word, 2 * i * half);
                ref ulong right = ref Unsafe.Add(ref left, half);
                for (nuint j = 0; j < (nuint)half; j += Lanes)
                {
                    Vector512<ulong> u = Vector512.LoadUnsafe(ref left, j), v = Vector512.LoadUnsafe(ref right, j);
                    InverseButterfly(ref u, ref v, w, ratio, q, twice);
                    u.StoreUnsafe(ref left, j);
                    v.StoreUnsafe(ref right, j);
                }
            }

            half <<= 1;
        }

        Vector512<ulong> scale = Vector512.Create(roots[0]), scaleRatio = Vector512.Create(quotients[0]);
        Vector512<ulong> scaledRoot = Vector512.Create(roots[1]), scaledRatio = Vector512.Create(quotients[1]);
        ref ulong upper = ref Unsafe.Add(ref word, half);
        for (nuint j = 0; j < (nuint)half; j += Lanes)
        {
            Vector512<ulong> u = Vector512.LoadUnsafe(ref word, j), v = Vector512.LoadUnsafe(ref upper, j);
            ReduceOnce(Product(u + v, scale, scaleRatio, q), q).StoreUnsafe(ref word, j);
            ReduceOnce(Product(u - v + twice, scaledRoot, scaledRatio, q), q).StoreUnsafe(ref upper, j);
        }
    }

    // Properties with constant bodies are folded into the code; static fields would be loaded.
    private static Vector512<ulong> Fours => Vector512.Create(0UL, 1, 2, 3, 8, 9, 10, 11);

    private static Vector512<ulong> UpperFours => Vector512.Create(4UL, 5, 6, 7, 12, 13, 14, 15);

    private static Vector512<ulong> Twos => Vector512.Create(0UL, 1, 4, 5, 8, 9, 12, 13);

    private static Vector512<ulong> UpperTwos => Vector512.Create(2UL, 3, 6, 7, 10, 11, 14, 15);

    private static Vector512<ulong> TwosBack => Vector512.Create(0UL, 1, 8, 9, 2, 3, 10, 11);

    private static Vector512<ulong> UpperTwosBack => Vector512.Create(4UL, 5, 12, 13, 6, 7, 14, 15);

    private static Vector512<ulong> Ones => Vector512.Create(0UL, 2, 4, 6, 8, 10, 12, 14);

    private static Vector512<ulong> UpperOnes => Vector512.Create(1UL, 3, 5, 7, 9, 11, 13, 15);

    private static Vector512<ulong> OnesBack => Vector512.Create(0UL, 8, 1, 9, 2, 10, 3, 11);

    private static Vector512<ulong> UpperOnesBack => Vector512.Create(4UL, 12, 5, 13, 6, 14, 7, 15);

    private static Vector512<ulong> Spread4 => Vector512.Create(0UL, 0, 0, 0, 1, 1, 1, 1);

    private static Vector512<ulong> Spread2 => Vector512.Create(0UL, 0, 1, 1, 2, 2, 3, 3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Butterfly(ref Vector512<ulong> left, ref Vector512<ulong> right, Vector512<ulong> w, Vector512<ulong> quotient, Vector512<ulong> q, Vector512<ulong> twice)
    {
        Vector512<ulong> u = ReduceOnce(left, twice);
        Vector512<ulong> v = Product(right, w, quotient, q);
        left = u + v;
        right = u - v + twice;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InverseButterfly(ref Vector512<ulong> left, ref Vector512<ulong> right, Vector512<ulong> w, Vector512<ulong> quotient, Vector512<ulong> q, Vector512<ulong> twice)
    {
        Vector512<ulong> difference = left - right + twice;
        left = ReduceOnce(left + right, twice);
        right = Product(difference, w, quotient, q);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Product(Vector512<ulong> x, Vector512<ulong> w, Vector512<ulong> quotient, Vector512<ulong> q) => (x * w) - (UpperProduct(x, quotient) * q);

    /// <summary>⌊x·y/2^64⌋ from four products of halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> UpperProduct(Vector512<ulong> x, Vector512<ulong> y)
    {
        Vector512<ulong> low = Vector512.Create((ulong)uint.MaxValue);
        Vector512<ulong> xHigh = x >>> 32, yHigh = y >>> 32;
        // Neither sum overflows: (2^32 − 1)^2 + 2^32 − 1 is below 2^64.
        Vector512<ulong> middle = HalfProduct(xHigh, y) + (HalfProduct(x, y) >>> 32);
        Vector512<ulong> other = HalfProduct(x, yHigh) + (middle & low);
        return HalfProduct(xHigh, yHigh) + (middle >>> 32) + (other >>> 32);
    }

    /// <summary>The product of the lower halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> HalfProduct(Vector512<ulong> x, Vector512<ulong> y) => Avx512F.IsSupported
        ? Avx512F.Multiply(x.AsUInt32(), y.AsUInt32())
        : (x & Vector512.Create((ulong)uint.MaxValue)) * (y & Vector512.Create((ulong)uint.MaxValue));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> ReduceOnce(Vector512<ulong> a, Vector512<ulong> modulus)
    {
        Vector512<ulong> reduced = a - modulus;
        return reduced + (modulus & (reduced.AsInt64() >> 63).AsUInt64());
    }

    /// <summary>Lane i is element index[i] of the sixteen of x and y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Pick(Vector512<ulong> x, Vector512<ulong> y, Vector512<ulong> index)
    {
        if (Avx512F.IsSupported) return Avx512F.PermuteVar8x64x2(x, index, y);
        Vector512<ulong> picked = default;
        for (int i = 0; i < Lanes; i++)
        {
            int from = (int)index.GetElement(i);
            picked = picked.WithElement(i, from < Lanes ? x.GetElement(from) : y.GetElement(from - Lanes));
        }

        return picked;
    }

    /// <summary>Table entries from there on, each repeated; reads eight, of which only the last stage's are near the table's end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Spread(ref ulong table, int at, Vector512<ulong> index)
    {
        Vector512<ulong> entries = Vector512.LoadUnsafe(ref table, (nuint)at);
        return Pick(entries, entries, index);
    }
}
