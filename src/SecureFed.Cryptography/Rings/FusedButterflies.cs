using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SecureFed.Cryptography.Rings;

/// <summary>Both transforms on four doubles at once, which hold signed integers; products by fused multiply-add. For q below 2^50.</summary>
/// <remarks>
/// <para>Every double is an integer. Sums and differences below 2^53 in absolute value are exact, so all that is to be shown is how large they get.</para>
/// <para><b>Product.</b> Let |x| ≤ A·q with A ≤ 8, w the root, |w| &lt; q/2, and ρ = w/q rounded to nearest. h = fl(x·w), c = rint(fl(x·ρ)),
/// l = fma(x, w, −h), result (fma(−c, q, h)) + l. (1) l = x·w − h exactly: h is the nearest double, and the remainder is an integer of at most half a unit in
/// the last place of h. |x·w| &lt; 8·2^50·2^49 = 2^102, so that unit is at most 2^49 and |l| ≤ 2^48. (2) fl(x·ρ) = (x·w/q)(1 + δ)(1 + δ′) with
/// |δ|, |δ′| ≤ 2^-53, so it is off by at most A·(q/2)·2^-52·(1 + 2^-54) &lt; A/8, because q &lt; 2^50. Rounding adds 1/2: the result r = x·w − c·q has
/// |r| ≤ (1/2 + A/8)·q. (3) h − c·q = r − l is an integer below 1.5·2^50 + 2^48 &lt; 2^53: the fused operation is exact, and so is the last sum.</para>
/// <para><b>Reduction.</b> x − rint(fl(x·fl(1/q)))·q for |x| ≤ 8q: the quotient is off by at most 8·2^-52·(1 + 2^-54), so the result is at most
/// (1/2 + 2^-48)·q, exactly computed.</para>
/// <para><b>Forward.</b> A grows from 1 by A ← A + 1/2 + A/8 per stage: 1, 1.63, 2.33, 3.12, 4.01, 5.02, 6.14, 7.41 after seven stages. The eighth reduces
/// the upper word first: A ← 1/2 + 2^-48 + 1/2 + 7.41/8 &lt; 1.94; then 2.68, 3.51, 4.45 (N = 2048), 5.51, 6.70 (N = 8192). Where stages 6 and 7, counted
/// from 0, are done together (N = 1024 and 4096) the seventh does: A ← 1 + 2^-48 + 6.14/8 &lt; 1.77, then 2.50, 3.31, 4.23, 5.25, 6.41. Always below 8, so
/// every sum is below 8q &lt; 2^53.</para>
/// <para><b>Inverse.</b> With A ≤ 1 before every even stage (counted from 0), sums are at most 2q and products, of differences of at most 2q, at most
/// (1/2 + 2/8)·q: A ≤ 2. In an odd stage sums are at most 4q and are reduced, products at most (1/2 + 4/8)·q: A ≤ 1. The last stage multiplies both
/// by 1/N: at most q.</para>
/// <para><b>Output.</b> After a reduction words are in (−q, q); q is added to the negative ones.</para>
/// <para>All of it holds for the products of values below q as well: there fl(fl(x·y)·fl(1/q)) is off by at most 2^50·3.01·2^-53 &lt; 0.38, so
/// |r| &lt; 0.88·q.</para>
/// </remarks>
internal static class FusedButterflies
{
    public const int GreatestBits = 50;

    private const int Lanes = 4;

    /// <summary>Before the sums of this stage, or of the one before if they are done together, the upper word is reduced; see the class's proof.</summary>
    private const int ReducingStage = 7;

    /// <summary>2^52: a double from there to 2^53 is that plus its lower 52 bits.</summary>
    private const ulong Anchor = 0x4330000000000000;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(Span<ulong> a, ReadOnlySpan<double> roots, ReadOnlySpan<double> ratios, double modulus)
    {
        ref ulong word = ref MemoryMarshal.GetReference(a);
        ref double x = ref MemoryMarshal.GetReference(MemoryMarshal.Cast<ulong, double>(a));
        ref double root = ref MemoryMarshal.GetReference(roots);
        ref double ratio = ref MemoryMarshal.GetReference(ratios);
        Vector256<double> q = Vector256.Create(modulus), inverse = Vector256.Create(1 / modulus);
        for (nuint i = 0; i < (nuint)a.Length; i += Lanes) ToDouble(Vector256.LoadUnsafe(ref word, i)).StoreUnsafe(ref x, i);

        int half = a.Length;
        int m = 1;
        int stage = 0;
        if ((BitOperations.Log2((uint)a.Length) & 1) == 1)
        {
            half >>= 1;
            Vector256<double> w = Vector256.Create(Unsafe.Add(ref root, 1)), r = Vector256.Create(Unsafe.Add(ref ratio, 1));
            ref double right = ref Unsafe.Add(ref x, half);
            for (nuint j = 0; j < (nuint)half; j += Lanes)
            {
                Vector256<double> u = Vector256.LoadUnsafe(ref x, j), v = Product(Vector256.LoadUnsafe(ref right, j), w, r, q);
                (u + v).StoreUnsafe(ref x, j);
                (u - v).StoreUnsafe(ref right, j);
            }

            (m, stage) = (2, 1);
        }

        // Two stages at a time, so that words are loaded and stored half as often.
        for (; half > Lanes; stage += 2, m <<= 2)
        {
            half >>= 2;
            bool reduces = (stage | 1) == ReducingStage;
            for (int i = 0; i < m; i++)
            {
                Vector256<double> w = Vector256.Create(Unsafe.Add(ref root, m + i)), r = Vector256.Create(Unsafe.Add(ref ratio, m + i));
                Vector256<double> w2 = Vector256.Create(Unsafe.Add(ref root, 2 * (m + i))), r2 = Vector256.Create(Unsafe.Add(ref ratio, 2 * (m + i)));
                Vector256<double> w3 = Vector256.Create(Unsafe.Add(ref root, (2 * (m + i)) + 1)), r3 = Vector256.Create(Unsafe.Add(ref ratio, (2 * (m + i)) + 1));
                ref double first = ref Unsafe.Add(ref x, 4 * i * half);
                ref double second = ref Unsafe.Add(ref first, half);
                ref double third = ref Unsafe.Add(ref second, half);
                ref double fourth = ref Unsafe.Add(ref third, half);
                for (nuint j = 0; j < (nuint)half; j += Lanes)
                {
                    Vector256<double> x0 = Vector256.LoadUnsafe(ref first, j), x1 = Vector256.LoadUnsafe(ref second, j);
                    Vector256<double> v0 = Product(Vector256.LoadUnsafe(ref third, j), w, r, q), v1 = Product(Vector256.LoadUnsafe(ref fourth, j), w, r, q);
                    if (reduces) (x0, x1) = (Reduce(x0, inverse, q), Reduce(x1, inverse, q));
                    Vector256<double> y0 = x0 + v0, y2 = x0 - v0;
                    v0 = Product(x1 + v1, w2, r2, q);
                    v1 = Product(x1 - v1, w3, r3, q);
                    (y0 + v0).StoreUnsafe(ref first, j);
                    (y0 - v0).StoreUnsafe(ref second, j);
                    (y2 + v1).StoreUnsafe(ref third, j);
                    (y2 - v1).StoreUnsafe(ref fourth, j);
                }
            }
        }

        // Two stages on eight words: m = N/4 groups of four, then N/2 of two. The reducing stage lies before: N is at least 1024.
        for (int block = 0; block < a.Length; block += 2 * Lanes)
        {
            ref double left = ref Unsafe.Add(ref x, block);
            Vector256<double> low = Vector256.LoadUnsafe(ref left), high = Vector256.LoadUnsafe(ref left, Lanes);

            (Vector256<double> u, Vector256<double> v) = (LowerHalves(low, high), UpperHalves(low, high));
            v = Product(v, Twice(ref root, m + (block >> 2)), Twice(ref ratio, m + (block >> 2)), q);
            (low, high) = (u + v, u - v);
            (low, high) = (LowerHalves(low, high), UpperHalves(low, high));

            (u, v) = (Evens(low, high), Odds(low, high));
            v = Product(v, Crossed(ref root, (2 * m) + (block >> 1)), Crossed(ref ratio, (2 * m) + (block >> 1)), q);
            (low, high) = (Finish(u + v, inverse, q), Finish(u - v, inverse, q));
            Evens(low, high).StoreUnsafe(ref left);
            Odds(low, high).StoreUnsafe(ref left, Lanes);
        }
    }

    /// <param name="a">N values; overwritten.</param>
    /// <param name="roots">Index 0 holds 1/N and index 1 the last stage's root over N.</param>
    /// <param name="ratios">The same over q.</param>
    /// <param name="modulus">q.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Inverse(Span<ulong> a, ReadOnlySpan<double> roots, ReadOnlySpan<double> ratios, double modulus)
    {
        ref ulong word = ref MemoryMarshal.GetReference(a);
        ref double x = ref MemoryMarshal.GetReference(MemoryMarshal.Cast<ulong, double>(a));
        ref double root = ref MemoryMarshal.GetReference(roots);
        ref double ratio = ref MemoryMarshal.GetReference(ratios);
        Vector256<double> q = Vector256.Create(modulus), inverse = Vector256.Create(1 / modulus);
        int m = a.Length >> 2;
        for (int block = 0; block < a.Length; block += 2 * Lanes)
        {
            ref double left = ref Unsafe.Add(ref x, block);
            ref ulong from = ref Unsafe.Add(ref word, block);
            Vector256<double> low = ToDouble(Vector256.LoadUnsafe(ref from)), high = ToDouble(Vector256.LoadUnsafe(ref from, Lanes));

            (Vector256<double> u, Vector256<double> v) = (Evens(low, high), Odds(low, high));
            (low, high) = (u + v, Product(u - v, Crossed(ref root, (2 * m) + (block >> 1)), Crossed(ref ratio, (2 * m) + (block >> 1)), q));
            (low, high) = (Evens(low, high), Odds(low, high));

            (u, v) = (LowerHalves(low, high), UpperHalves(low, high));
            (low, high) = (Reduce(u + v, inverse, q), Product(u - v, Twice(ref root, m + (block >> 2)), Twice(ref ratio, m + (block >> 2)), q));
            LowerHalves(low, high).StoreUnsafe(ref left);
            UpperHalves(low, high).StoreUnsafe(ref left, Lanes);
        }

        // Pairs of an even and an odd stage; before the last stage an even one may be left.
        int half = Lanes;
        for (m >>= 1; m > 2; m >>= 2)
        {
            int n = m >> 1;
            for (int i = 0; i < n; i++)
            {
                Vector256<double> w = Vector256.Create(Unsafe.Add(ref root, n + i)), r = Vector256.Create(Unsafe.Add(ref ratio, n + i));
                Vector256<double> w2 = Vector256.Create(Unsafe.Add(ref root, 2 * (n + i))), r2 = Vector256.Create(Unsafe.Add(ref ratio, 2 * (n + i)));
                Vector256<double> w3 = Vector256.Create(Unsafe.Add(ref root, (2 * (n + i)) + 1)), r3 = Vector256.Create(Unsafe.Add(ref ratio, (2 * (n + i)) + 1));
                ref double first = ref Unsafe.Add(ref x, 4 * i * half);
                ref double second = ref Unsafe.Add(ref first, half);
                ref double third = ref Unsafe.Add(ref second, half);
                ref double fourth = ref Unsafe.Add(ref third, half);
                for (nuint j = 0; j < (nuint)half; j += Lanes)
                {
                    Vector256<double> x0 = Vector256.LoadUnsafe(ref first, j), x1 = Vector256.LoadUnsafe(ref second, j);
                    Vector256<double> x2 = Vector256.LoadUnsafe(ref third, j), x3 = Vector256.LoadUnsafe(ref fourth, j);
                    Vector256<double> y0 = x0 + x1, y1 = Product(x0 - x1, w2, r2, q), y2 = x2 + x3, y3 = Product(x2 - x3, w3, r3, q);
                    Reduce(y0 + y2, inverse, q).StoreUnsafe(ref first, j);
                    Reduce(y1 + y3, inverse, q).StoreUnsafe(ref second, j);
                    Product(y0 - y2, w, r, q).StoreUnsafe(ref third, j);
                    Product(y1 - y3, w, r, q).StoreUnsafe(ref fourth, j);
                }
            }

            half <<= 2;
        }

        if (m == 2)
        {
            for (int i = 0; i < 2; i++)
            {
                Vector256<double> w = Vector256.Create(Unsafe.Add(ref root, 2 + i)), r = Vector256.Create(Unsafe.Add(ref ratio, 2 + i));
                ref double left = ref Unsafe.Add(ref x, 2 * i * half);
                ref double right = ref Unsafe.Add(ref left, half);
                for (nuint j = 0; j < (nuint)half; j += Lanes)
                {
                    Vector256<double> u = Vector256.LoadUnsafe(ref left, j), v = Vector256.LoadUnsafe(ref right, j);
                    (u + v).StoreUnsafe(ref left, j);
                    Product(u - v, w, r, q).StoreUnsafe(ref right, j);
                }
            }

            half <<= 1;
        }

        Vector256<double> scale = Vector256.Create(roots[0]), scaleRatio = Vector256.Create(ratios[0]);
        Vector256<double> scaledRoot = Vector256.Create(roots[1]), scaledRatio = Vector256.Create(ratios[1]);
        ref double upper = ref Unsafe.Add(ref x, half);
        for (nuint j = 0; j < (nuint)half; j += Lanes)
        {
            Vector256<double> u = Vector256.LoadUnsafe(ref x, j), v = Vector256.LoadUnsafe(ref upper, j);
            Finish(Product(u + v, scale, scaleRatio, q), inverse, q).StoreUnsafe(ref x, j);
            Finish(Product(u - v, scaledRoot, scaledRatio, q), inverse, q).StoreUnsafe(ref upper, j);
        }
    }

    /// <summary>product[i] = left[i]·right[i] mod q; lengths are equal and divisible by four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(ReadOnlySpan<ulong> left, ReadOnlySpan<ulong> right, Span<ulong> product, double modulus)
    {
        ref ulong x = ref MemoryMarshal.GetReference(left);
        ref ulong y = ref MemoryMarshal.GetReference(right);
        ref ulong z = ref MemoryMarshal.GetReference(product);
        Vector256<double> q = Vector256.Create(modulus), inverse = Vector256.Create(1 / modulus);
        for (nuint i = 0; i < (nuint)product.Length; i += Lanes)
        {
            Vector256<double> u = ToDouble(Vector256.LoadUnsafe(ref x, i)), v = ToDouble(Vector256.LoadUnsafe(ref y, i));
            Vector256<double> high = u * v;
            Vector256<double> low = MultiplySubtract(u, v, high);
            Vector256<double> quotient = Vector256.Round(high * inverse);
            ToWord(RaiseNegative(SubtractProduct(high, quotient, q) + low, q)).StoreUnsafe(ref z, i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Product(Vector256<double> x, Vector256<double> w, Vector256<double> ratio, Vector256<double> q)
    {
        Vector256<double> high = x * w;
        Vector256<double> quotient = Vector256.Round(x * ratio);
        Vector256<double> low = MultiplySubtract(x, w, high);
        return SubtractProduct(high, quotient, q) + low;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Reduce(Vector256<double> x, Vector256<double> inverse, Vector256<double> q) =>
        SubtractProduct(x, Vector256.Round(x * inverse), q);

    /// <summary>x·y − z, rounded once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> MultiplySubtract(Vector256<double> x, Vector256<double> y, Vector256<double> z) =>
        Fma.IsSupported ? Fma.MultiplySubtract(x, y, z) : Vector256.FusedMultiplyAdd(x, y, -z);

    /// <summary>z − x·y, rounded once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> SubtractProduct(Vector256<double> z, Vector256<double> x, Vector256<double> y) =>
        Fma.IsSupported ? Fma.MultiplyAddNegated(x, y, z) : Vector256.FusedMultiplyAdd(-x, y, z);

    /// <summary>The words in [0, q), in the bits of doubles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Finish(Vector256<double> x, Vector256<double> inverse, Vector256<double> q) =>
        ToWord(RaiseNegative(Reduce(x, inverse, q), q)).AsDouble();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> RaiseNegative(Vector256<double> x, Vector256<double> q) => x + (Vector256.LessThan(x, Vector256<double>.Zero) & q);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> ToDouble(Vector256<ulong> words) => (words | Vector256.Create(Anchor)).AsDouble() - Vector256.Create(Anchor).AsDouble();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> ToWord(Vector256<double> x) => (x + Vector256.Create(Anchor).AsDouble()).AsUInt64() ^ Vector256.Create(Anchor);

    /// <summary>x0 x1 y0 y1; with <see cref="UpperHalves"/> it regroups pairs that lie two apart, and back again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> LowerHalves(Vector256<double> x, Vector256<double> y) => Vector256.Create(x.GetLower(), y.GetLower());

    /// <summary>x2 x3 y2 y3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> UpperHalves(Vector256<double> x, Vector256<double> y) => Vector256.Create(x.GetUpper(), y.GetUpper());

    /// <summary>x0 y0 x2 y2; with <see cref="Odds"/> it regroups neighbours, and back again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Evens(Vector256<double> x, Vector256<double> y) =>
        Avx.IsSupported ? Avx.UnpackLow(x, y) : Vector256.Create(x.GetElement(0), y.GetElement(0), x.GetElement(2), y.GetElement(2));

    /// <summary>x1 y1 x3 y3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Odds(Vector256<double> x, Vector256<double> y) =>
        Avx.IsSupported ? Avx.UnpackHigh(x, y) : Vector256.Create(x.GetElement(1), y.GetElement(1), x.GetElement(3), y.GetElement(3));

    /// <summary>Two entries, each twice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Twice(ref double table, int at)
    {
        Vector128<double> pair = Vector128.LoadUnsafe(ref table, (nuint)at);
        return Vector256.Shuffle(Vector256.Create(pair, pair), Vector256.Create(0L, 0, 1, 1));
    }

    /// <summary>Four entries in the order of <see cref="Evens"/>: first, third, second, fourth.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Crossed(ref double table, int at) => Vector256.Shuffle(Vector256.LoadUnsafe(ref table, (nuint)at), Vector256.Create(0L, 2, 1, 3));
}
