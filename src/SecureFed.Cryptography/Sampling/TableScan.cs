using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace SecureFed.Cryptography.Sampling;

/// <summary>Looks up 32 magnitudes at once: magnitude = number of entries T_j with r >= T_j. All entries are read for every sample, none is indexed
/// by a secret.</summary>
/// <remarks>
/// r &lt; T exactly if r.High - [r.Low &lt; T.Low] &lt; T.High; limbs have 63 bits, so that all of it is signed words. Comparisons yield masks and
/// sums of masks, never branches. All widths give the same result.
/// </remarks>
internal static class TableScan
{
    /// <summary>Samples per call: words 0 to 31 of a block are lower limbs and signs, words 32 to 63 upper limbs.</summary>
    public const int Block = 32;

    public const int BlockWords = 2 * Block;

    private const ulong LimbMask = ulong.MaxValue >> 1;

    /// <summary>The widest that the processor has.</summary>
    public static ScanWidth BestWidth =>
        Vector512.IsHardwareAccelerated ? ScanWidth.Vector512 : Vector.IsHardwareAccelerated ? ScanWidth.Vector : ScanWidth.Word;

    /// <summary>Adds coefficient times the signed magnitude of sample i to sums[i].</summary>
    /// <param name="table">The cumulative table.</param>
    /// <param name="words">64 uniform words.</param>
    /// <param name="coefficient">a_i of <see cref="Convolution"/>.</param>
    /// <param name="sums">32 running sums.</param>
    /// <param name="width">How many samples are compared with an entry at once.</param>
    public static void Add(CumulativeTable table, ReadOnlySpan<ulong> words, long coefficient, Span<long> sums, ScanWidth width)
    {
        Span<long> magnitudes = stackalloc long[Block];
        switch (width)
        {
            case ScanWidth.Vector512:
                ScanVectors512(table, words, magnitudes);
                break;
            case ScanWidth.Vector:
                ScanVectors(table, words, magnitudes);
                break;
            default:
                ScanWords(table, words, magnitudes);
                break;
        }

        unchecked
        {
            for (int i = 0; i < Block; i++)
            {
                // The top bit of the lower word is free: all ones if set, so that (m ^ s) - s is m or -m. Zero has one weight whatever its sign.
                long sign = (long)words[i] >> 63;
                sums[i] += ((magnitudes[i] ^ sign) - sign) * coefficient;
            }
        }

        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(magnitudes));
    }

    private static void ScanWords(CumulativeTable table, ReadOnlySpan<ulong> words, Span<long> magnitudes)
    {
        ReadOnlySpan<long> tableLow = table.Low;
        ReadOnlySpan<long> tableHigh = table.High;
        unchecked
        {
            for (int i = 0; i < Block; i++)
            {
                long low = (long)(words[i] & LimbMask);
                long high = (long)(words[Block + i] & LimbMask);
                long below = 0;
                for (int j = 0; j < tableLow.Length; j++)
                {
                    // Differences of 63-bit limbs are negative, -1 after the shift, exactly if the first is less.
                    long borrow = low - tableLow[j] >> 63;
                    below += high + borrow - tableHigh[j] >> 63;
                }

                magnitudes[i] = tableLow.Length + below;
            }
        }
    }

    private static void ScanVectors(CumulativeTable table, ReadOnlySpan<ulong> words, Span<long> magnitudes)
    {
        ReadOnlySpan<long> tableLow = table.Low;
        ReadOnlySpan<long> tableHigh = table.High.AsSpan(0, tableLow.Length);
        int count = Vector<long>.Count;
        for (int i = 0; i < Block; i += 4 * count)
        {
            Vector<long> low0 = Limbs(words[i..]), low1 = Limbs(words[(i + count)..]);
            Vector<long> low2 = Limbs(words[(i + 2 * count)..]), low3 = Limbs(words[(i + 3 * count)..]);
            ReadOnlySpan<ulong> upper = words[(Block + i)..];
            Vector<long> high0 = Limbs(upper), high1 = Limbs(upper[count..]), high2 = Limbs(upper[(2 * count)..]), high3 = Limbs(upper[(3 * count)..]);
            Vector<long> sum0 = new(tableLow.Length);
            Vector<long> sum1 = sum0, sum2 = sum0, sum3 = sum0;
            for (int j = 0; j < tableLow.Length; j++)
            {
                // A comparison that holds is -1: it serves as the borrow, and as the count.
                Vector<long> entryLow = new(tableLow[j]);
                Vector<long> entryHigh = new(tableHigh[j]);
                sum0 += Vector.GreaterThan(entryHigh, high0 + Vector.GreaterThan(entryLow, low0));
                sum1 += Vector.GreaterThan(entryHigh, high1 + Vector.GreaterThan(entryLow, low1));
                sum2 += Vector.GreaterThan(entryHigh, high2 + Vector.GreaterThan(entryLow, low2));
                sum3 += Vector.GreaterThan(entryHigh, high3 + Vector.GreaterThan(entryLow, low3));
            }

            sum0.CopyTo(magnitudes[i..]);
            sum1.CopyTo(magnitudes[(i + count)..]);
            sum2.CopyTo(magnitudes[(i + 2 * count)..]);
            sum3.CopyTo(magnitudes[(i + 3 * count)..]);
        }
    }

    // Differences and shifts here: comparisons of this width go through mask registers and back, and came out slower on Zen 5.
    private static void ScanVectors512(CumulativeTable table, ReadOnlySpan<ulong> words, Span<long> magnitudes)
    {
        ReadOnlySpan<long> tableLow = table.Low;
        ReadOnlySpan<long> tableHigh = table.High.AsSpan(0, tableLow.Length);
        Vector512<long> low0 = Limbs512(words), low1 = Limbs512(words[8..]), low2 = Limbs512(words[16..]), low3 = Limbs512(words[24..]);
        ReadOnlySpan<ulong> upper = words[Block..];
        Vector512<long> high0 = Limbs512(upper), high1 = Limbs512(upper[8..]), high2 = Limbs512(upper[16..]), high3 = Limbs512(upper[24..]);
        Vector512<long> sum0 = Vector512.Create((long)tableLow.Length);
        Vector512<long> sum1 = sum0, sum2 = sum0, sum3 = sum0;
        for (int j = 0; j < tableLow.Length; j++)
        {
            Vector512<long> entryLow = Vector512.Create(tableLow[j]);
            Vector512<long> entryHigh = Vector512.Create(tableHigh[j]);
            sum0 += (high0 + (low0 - entryLow >> 63)) - entryHigh >> 63;
            sum1 += (high1 + (low1 - entryLow >> 63)) - entryHigh >> 63;
            sum2 += (high2 + (low2 - entryLow >> 63)) - entryHigh >> 63;
            sum3 += (high3 + (low3 - entryLow >> 63)) - entryHigh >> 63;
        }

        sum0.CopyTo(magnitudes);
        sum1.CopyTo(magnitudes[8..]);
        sum2.CopyTo(magnitudes[16..]);
        sum3.CopyTo(magnitudes[24..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<long> Limbs(ReadOnlySpan<ulong> words) => Vector.AsVectorInt64(new Vector<ulong>(words) & new Vector<ulong>(LimbMask));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<long> Limbs512(ReadOnlySpan<ulong> words) => (Vector512.Create(words) & Vector512.Create(LimbMask)).AsInt64();
}
