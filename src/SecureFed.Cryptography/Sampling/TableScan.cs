using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SecureFed.Cryptography.Sampling;

/// <summary>Looks up 32 magnitudes at once: magnitude = number of entries T_j with r >= T_j. All entries are read for every sample, none is indexed
/// by a secret.</summary>
/// <remarks>
/// <para>r &lt; T exactly if r.High - [r.Low &lt; T.Low] &lt; T.High; limbs have 63 bits, so that all of it is signed words. The last entries, those of
/// magnitudes beyond 9.1 sigma, have an upper limb of ones: there r >= T exactly if r.High is all ones, which is found out once, and r.Low >= T.Low.
/// Comparisons yield masks and sums of masks, never branches. All widths give the same result.</para>
/// <para>A client may draw a single vector and end: the scans are compiled with all optimisations at once, not after the runtime has seen them run.</para>
/// </remarks>
internal static class TableScan
{
    /// <summary>Samples per call: words 0 to 31 of a block are lower limbs and signs, words 32 to 63 upper limbs.</summary>
    public const int Block = 32;

    public const int BlockWords = 2 * Block;

    private const ulong LimbMask = ulong.MaxValue >> 1;

    /// <summary>The widest vectors that the processor has.</summary>
    private static ScanWidth WidestVectors =>
        Vector512.IsHardwareAccelerated ? ScanWidth.Vector512 : Vector.IsHardwareAccelerated ? ScanWidth.Vector : ScanWidth.Word;

    /// <summary>Adds coefficient times the signed magnitude of sample i to sums[i].</summary>
    /// <param name="table">The cumulative table.</param>
    /// <param name="words">64 uniform words. Used up: <see cref="ScanWidth.Limbs"/> overwrites them.</param>
    /// <param name="coefficient">a_i of <see cref="Convolution"/>.</param>
    /// <param name="sums">32 running sums.</param>
    /// <param name="width">How many samples are compared with an entry at once.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(CumulativeTable table, Span<ulong> words, long coefficient, Span<long> sums, ScanWidth width)
    {
        if (width == ScanWidth.Limbs && !(LimbScan.IsSupported && table.Limbs is not null)) width = WidestVectors;
        switch (width)
        {
            case ScanWidth.Limbs:
                LimbScan.Add(table.Limbs!, words, coefficient, sums);
                break;
            case ScanWidth.Vector512:
                AddVectors512(table, words, coefficient, sums);
                break;
            case ScanWidth.Vector:
                AddVectors(table, words, coefficient, sums);
                break;
            default:
                AddWords(table, words, coefficient, sums);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddWords(CumulativeTable table, ReadOnlySpan<ulong> words, long coefficient, Span<long> sums)
    {
        ReadOnlySpan<long> wideLow = table.WideLow;
        ReadOnlySpan<long> wideHigh = table.WideHigh[..wideLow.Length];
        ReadOnlySpan<long> tail = table.TailLow;
        unchecked
        {
            for (int i = 0; i < Block; i++)
            {
                long low = (long)(words[i] & LimbMask);
                long high = (long)(words[Block + i] & LimbMask);

                // Differences of 63-bit limbs are negative, -1 after the shift, exactly if the first is less.
                long magnitude = tail.Length;
                foreach (long entry in tail) magnitude += low - entry >> 63;
                magnitude &= ~(high - (long)LimbMask >> 63);
                magnitude += wideLow.Length;
                for (int j = 0; j < wideLow.Length; j++)
                {
                    long borrow = low - wideLow[j] >> 63;
                    magnitude += high + borrow - wideHigh[j] >> 63;
                }

                // The top bit of the lower word is free: all ones if set, so that (m ^ s) - s is m or -m. Zero has one weight whatever its sign.
                long sign = (long)words[i] >> 63;
                sums[i] += ((magnitude ^ sign) - sign) * coefficient;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddVectors(CumulativeTable table, ReadOnlySpan<ulong> words, long coefficient, Span<long> sums)
    {
        ReadOnlySpan<long> wideLow = table.WideLow;
        ReadOnlySpan<long> wideHigh = table.WideHigh[..wideLow.Length];
        ReadOnlySpan<long> tail = table.TailLow;
        int count = Vector<long>.Count;
        for (int i = 0; i < Block; i += 4 * count)
        {
            Vector<long> low0 = Limbs(words[i..]), low1 = Limbs(words[(i + count)..]);
            Vector<long> low2 = Limbs(words[(i + 2 * count)..]), low3 = Limbs(words[(i + 3 * count)..]);
            Vector<long> sum0 = new(tail.Length);
            Vector<long> sum1 = sum0, sum2 = sum0, sum3 = sum0;
            foreach (long tailLow in tail)
            {
                // A comparison that holds is -1: it serves as the count, and below as the borrow.
                Vector<long> entry = new(tailLow);
                sum0 += Vector.GreaterThan(entry, low0);
                sum1 += Vector.GreaterThan(entry, low1);
                sum2 += Vector.GreaterThan(entry, low2);
                sum3 += Vector.GreaterThan(entry, low3);
            }

            ReadOnlySpan<ulong> upper = words[(Block + i)..];
            Vector<long> high0 = Limbs(upper), high1 = Limbs(upper[count..]), high2 = Limbs(upper[(2 * count)..]), high3 = Limbs(upper[(3 * count)..]);
            Vector<long> ones = new((long)LimbMask);
            Vector<long> all = new(wideLow.Length);
            sum0 = (sum0 & Vector.Equals(high0, ones)) + all;
            sum1 = (sum1 & Vector.Equals(high1, ones)) + all;
            sum2 = (sum2 & Vector.Equals(high2, ones)) + all;
            sum3 = (sum3 & Vector.Equals(high3, ones)) + all;
            for (int j = 0; j < wideLow.Length; j++)
            {
                Vector<long> entryLow = new(wideLow[j]);
                Vector<long> entryHigh = new(wideHigh[j]);
                sum0 += Vector.GreaterThan(entryHigh, high0 + Vector.GreaterThan(entryLow, low0));
                sum1 += Vector.GreaterThan(entryHigh, high1 + Vector.GreaterThan(entryLow, low1));
                sum2 += Vector.GreaterThan(entryHigh, high2 + Vector.GreaterThan(entryLow, low2));
                sum3 += Vector.GreaterThan(entryHigh, high3 + Vector.GreaterThan(entryLow, low3));
            }

            AddSigned(sum0, words[i..], coefficient, sums[i..]);
            AddSigned(sum1, words[(i + count)..], coefficient, sums[(i + count)..]);
            AddSigned(sum2, words[(i + 2 * count)..], coefficient, sums[(i + 2 * count)..]);
            AddSigned(sum3, words[(i + 3 * count)..], coefficient, sums[(i + 3 * count)..]);
        }
    }

    // Differences and shifts here: comparisons of this width go through mask registers and back, and came out slower on Zen 5.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddVectors512(CumulativeTable table, ReadOnlySpan<ulong> words, long coefficient, Span<long> sums)
    {
        ReadOnlySpan<long> wideLow = table.WideLow;
        ReadOnlySpan<long> wideHigh = table.WideHigh[..wideLow.Length];
        ReadOnlySpan<long> tail = table.TailLow;
        Vector512<long> low0 = Limbs512(words), low1 = Limbs512(words[8..]), low2 = Limbs512(words[16..]), low3 = Limbs512(words[24..]);
        Vector512<long> sum0 = Vector512.Create((long)tail.Length);
        Vector512<long> sum1 = sum0, sum2 = sum0, sum3 = sum0;
        foreach (long tailLow in tail)
        {
            Vector512<long> entry = Vector512.Create(tailLow);
            sum0 += low0 - entry >> 63;
            sum1 += low1 - entry >> 63;
            sum2 += low2 - entry >> 63;
            sum3 += low3 - entry >> 63;
        }

        ReadOnlySpan<ulong> upper = words[Block..];
        Vector512<long> high0 = Limbs512(upper), high1 = Limbs512(upper[8..]), high2 = Limbs512(upper[16..]), high3 = Limbs512(upper[24..]);
        Vector512<long> ones = Vector512.Create((long)LimbMask);
        Vector512<long> all = Vector512.Create((long)wideLow.Length);
        sum0 = (sum0 & ~(high0 - ones >> 63)) + all;
        sum1 = (sum1 & ~(high1 - ones >> 63)) + all;
        sum2 = (sum2 & ~(high2 - ones >> 63)) + all;
        sum3 = (sum3 & ~(high3 - ones >> 63)) + all;
        for (int j = 0; j < wideLow.Length; j++)
        {
            Vector512<long> entryLow = Vector512.Create(wideLow[j]);
            Vector512<long> entryHigh = Vector512.Create(wideHigh[j]);
            sum0 += (high0 + (low0 - entryLow >> 63)) - entryHigh >> 63;
            sum1 += (high1 + (low1 - entryLow >> 63)) - entryHigh >> 63;
            sum2 += (high2 + (low2 - entryLow >> 63)) - entryHigh >> 63;
            sum3 += (high3 + (low3 - entryLow >> 63)) - entryHigh >> 63;
        }

        AddSigned512(sum0, words, coefficient, sums);
        AddSigned512(sum1, words[8..], coefficient, sums[8..]);
        AddSigned512(sum2, words[16..], coefficient, sums[16..]);
        AddSigned512(sum3, words[24..], coefficient, sums[24..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<long> Limbs(ReadOnlySpan<ulong> words) => Vector.AsVectorInt64(new Vector<ulong>(words) & new Vector<ulong>(LimbMask));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddSigned(Vector<long> magnitudes, ReadOnlySpan<ulong> words, long coefficient, Span<long> sums)
    {
        Vector<long> sign = Vector.LessThan(Vector.AsVectorInt64(new Vector<ulong>(words)), Vector<long>.Zero);
        (((magnitudes ^ sign) - sign) * new Vector<long>(coefficient) + new Vector<long>(sums)).CopyTo(sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<long> Limbs512(ReadOnlySpan<ulong> words) => (Vector512.Create(words) & Vector512.Create(LimbMask)).AsInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddSigned512(Vector512<long> magnitudes, ReadOnlySpan<ulong> words, long coefficient, Span<long> sums)
    {
        Vector512<long> sign = Vector512.Create(words).AsInt64() >> 63;
        (((magnitudes ^ sign) - sign) * Vector512.Create(coefficient) + Vector512.Create<long>(sums)).CopyTo(sums);
    }
}
