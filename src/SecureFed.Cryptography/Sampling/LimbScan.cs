using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SecureFed.Cryptography.Sampling;

/// <summary>The lookup of <see cref="TableScan"/> for short tables, sixteen samples to a vector instead of four: one limb of every entry first, then all limbs of one.</summary>
/// <remarks>
/// <para>Let r' = 4r + f with the two free bits f, of which the upper is the sign, and l its level: the number of limbs of ones it begins with, 7 at most.
/// <b>Count.</b> c is the number of entries of levels below l, and of those of level l whose limb l is less than that of r'. They are below r'. Entries of levels above l
/// exceed r', for their limb l is ones and that of r' is not (or l = 7); so do those of level l with a greater limb. One of level l with the same limb may be below r'
/// without being counted; there is at most one, because limbs rise strictly, and it is U_c, because entries rise.
/// <b>Check.</b> So the magnitude is c + [r' > U_c], all 128 bits compared, where U_K is all ones: that of the other scans, for every r.</para>
/// <para>Constant time: the thresholds of all levels are read for every sample, at addresses that depend on the table only, and each sample's level chooses among eight
/// in a register (a byte shuffle). U_c is found the same way: each of its bytes is chosen by the lower four bits of c in all four quarters of the table, and
/// among the four by the other two. Shuffles, blends and comparisons of vectors take fixed time. No address and no branch depends on r, c or l.</para>
/// </remarks>
internal static class LimbScan
{
    private const int Lanes = 4;

    /// <summary>Otherwise the other scans do the same.</summary>
    public static bool IsSupported => Avx2.IsSupported;

    /// <summary>As <see cref="TableScan.Add"/>.</summary>
    /// <param name="table">Any that has this layout.</param>
    /// <param name="words">64 uniform words; overwritten by their limbs, so that no other copy of them is made.</param>
    /// <param name="coefficient">a_i of <see cref="Convolution"/>.</param>
    /// <param name="sums">32 running sums.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(LimbTable table, Span<ulong> words, long coefficient, Span<long> sums)
    {
        ref ulong word = ref MemoryMarshal.GetReference(words[..TableScan.BlockWords]);
        Transpose(ref word);
        Transpose(ref Unsafe.Add(ref word, TableScan.Block / 2));
        ref Vector256<short> limbs = ref Unsafe.As<ulong, Vector256<short>>(ref word);
        (Vector256<short> x, Vector256<short> y) = Magnitudes(table, ref limbs);

        // The sign is the second lowest bit of the last limb: all ones if set, so that (m ^ s) - s is m or -m.
        Vector256<short> signX = LimbOfX(ref limbs, LimbTable.Limbs - 1) << 14 >> 15, signY = LimbOfY(ref limbs, LimbTable.Limbs - 1) << 14 >> 15;
        AddInOrder((x ^ signX) - signX, coefficient, sums);
        AddInOrder((y ^ signY) - signY, coefficient, sums[(TableScan.Block / 2)..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<short> X, Vector256<short> Y) Magnitudes(LimbTable table, ref Vector256<short> limbs)
    {
        Vector256<short> keyX = LimbOfX(ref limbs, 7), keyY = LimbOfY(ref limbs, 7);
        Vector256<short> levelX = default, levelY = default;
        for (int k = LimbTable.Limbs - 2; k >= 0; k--)
        {
            Descend(LimbOfX(ref limbs, k), ref keyX, ref levelX);
            Descend(LimbOfY(ref limbs, k), ref keyY, ref levelY);
        }

        Vector256<byte> levelsX = (levelX + Vector256.Create((short)0x0100)).AsByte(), levelsY = (levelY + Vector256.Create((short)0x0100)).AsByte();
        Vector256<short> x = Avx2.Shuffle(table.Bases.AsByte(), levelsX).AsInt16(), y = Avx2.Shuffle(table.Bases.AsByte(), levelsY).AsInt16();
        foreach (ref readonly Vector256<short> row in table.Rows.AsSpan())
        {
            Vector256<byte> entries = row.AsByte();
            x -= Avx2.CompareGreaterThan(keyX, Avx2.Shuffle(entries, levelsX).AsInt16());
            y -= Avx2.CompareGreaterThan(keyY, Avx2.Shuffle(entries, levelsY).AsInt16());
        }

        Vector256<short> firstX = LimbOfX(ref limbs, 0), firstY = LimbOfY(ref limbs, 0);
        foreach (short rest in table.Rest)
        {
            Vector256<short> entry = Vector256.Create(rest);
            x -= Avx2.CompareGreaterThan(firstX, entry);
            y -= Avx2.CompareGreaterThan(firstY, entry);
        }

        Vector256<byte> index = Avx2.PackSignedSaturate(x, y).AsByte();
        Vector256<byte> odd = (index.AsInt16() << 3).AsByte(), upper = (index.AsInt16() << 2).AsByte();
        Vector256<short> aboveX = default, aboveY = default;
        ref Vector256<byte> plane = ref MemoryMarshal.GetArrayDataReference(table.Planes);
        for (int k = LimbTable.Limbs - 1; k >= 0; k--)
        {
            Vector256<byte> low = Find(ref plane, index, odd, upper), high = Find(ref Unsafe.Add(ref plane, LimbTable.Quarters), index, odd, upper);
            Above(LimbOfX(ref limbs, k), Avx2.UnpackLow(low, high).AsInt16(), ref aboveX);
            Above(LimbOfY(ref limbs, k), Avx2.UnpackHigh(low, high).AsInt16(), ref aboveY);
            plane = ref Unsafe.Add(ref plane, 2 * LimbTable.Quarters);
        }

        return (x - aboveX, y - aboveY);
    }

    /// <summary>From what limbs after this one say to what they say together: the first that is not all ones, and twice its level in both bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Descend(Vector256<short> limb, ref Vector256<short> key, ref Vector256<short> level)
    {
        Vector256<short> isOnes = Avx2.CompareEqual(limb, Vector256.Create(short.MaxValue));
        key = Avx2.BlendVariable(limb, key, isOnes);
        level = (level + Vector256.Create((short)0x0202)) & isOnes;
    }

    /// <summary>Whether this limb and those after it are above the entry's, from whether those after it are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Above(Vector256<short> limb, Vector256<short> entry, ref Vector256<short> above) =>
        above = Avx2.CompareGreaterThan(limb, entry) | (Avx2.CompareEqual(limb, entry) & above);

    /// <summary>Byte index[i] of 64: bits 4 and 5 of the index are the top bits of <paramref name="odd"/> and <paramref name="upper"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Find(ref Vector256<byte> quarters, Vector256<byte> index, Vector256<byte> odd, Vector256<byte> upper)
    {
        Vector256<byte> lower2 = Avx2.BlendVariable(Avx2.Shuffle(quarters, index), Avx2.Shuffle(Unsafe.Add(ref quarters, 1), index), odd);
        Vector256<byte> upper2 = Avx2.BlendVariable(Avx2.Shuffle(Unsafe.Add(ref quarters, 2), index), Avx2.Shuffle(Unsafe.Add(ref quarters, 3), index), odd);
        return Avx2.BlendVariable(lower2, upper2, upper);
    }

    /// <summary>Overwrites sixteen samples' words with the limbs of r', flipped: limbs 0 to 3 where the lower words were, 4 to 7 where the upper ones, 32 words on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ref ulong word)
    {
        ref ulong upper = ref Unsafe.Add(ref word, TableScan.Block);
        Vector256<ulong> low0 = Vector256.LoadUnsafe(ref word), low1 = Vector256.LoadUnsafe(ref word, Lanes);
        Vector256<ulong> low2 = Vector256.LoadUnsafe(ref word, 2 * Lanes), low3 = Vector256.LoadUnsafe(ref word, 3 * Lanes);
        Separate(
            High(Vector256.LoadUnsafe(ref upper), low0),
            High(Vector256.LoadUnsafe(ref upper, Lanes), low1),
            High(Vector256.LoadUnsafe(ref upper, 2 * Lanes), low2),
            High(Vector256.LoadUnsafe(ref upper, 3 * Lanes), low3),
            ref word);
        Separate(Low(low0), Low(low1), Low(low2), Low(low3), ref upper);
    }

    /// <summary>The upper 64 bits of r': 63 of the upper word and bit 62 of the lower.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> High(Vector256<ulong> upper, Vector256<ulong> low) => Flipped((upper << 1) | (low << 1 >>> 63));

    /// <summary>The other 62, the sign, and a free bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Low(Vector256<ulong> low) => Flipped((low << 2) | (low >>> 62));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Flipped(Vector256<ulong> words) => (words ^ Vector256.Create(0x8000_8000_8000_8000UL)).AsByte();

    /// <summary>Four limbs of sixteen words, the most significant ones first, samples in the order 0 1 4 5 8 9 12 13, 2 3 6 7 10 11 14 15.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Separate(Vector256<byte> a, Vector256<byte> b, Vector256<byte> c, Vector256<byte> d, ref ulong destination)
    {
        Vector256<byte> pairs = Vector256.Create(
            (byte)6, 7, 14, 15, 4, 5, 12, 13, 2, 3, 10, 11, 0, 1, 8, 9, 6, 7, 14, 15, 4, 5, 12, 13, 2, 3, 10, 11, 0, 1, 8, 9);
        Vector256<uint> a2 = Avx2.Shuffle(a, pairs).AsUInt32(), b2 = Avx2.Shuffle(b, pairs).AsUInt32();
        Vector256<uint> c2 = Avx2.Shuffle(c, pairs).AsUInt32(), d2 = Avx2.Shuffle(d, pairs).AsUInt32();
        Vector256<ulong> ab = Avx2.UnpackLow(a2, b2).AsUInt64(), cd = Avx2.UnpackLow(c2, d2).AsUInt64();
        Avx2.UnpackLow(ab, cd).StoreUnsafe(ref destination);
        Avx2.UnpackHigh(ab, cd).StoreUnsafe(ref destination, Lanes);
        ab = Avx2.UnpackHigh(a2, b2).AsUInt64();
        cd = Avx2.UnpackHigh(c2, d2).AsUInt64();
        Avx2.UnpackLow(ab, cd).StoreUnsafe(ref destination, 2 * Lanes);
        Avx2.UnpackHigh(ab, cd).StoreUnsafe(ref destination, 3 * Lanes);
    }

    /// <summary>Limb k of the first sixteen samples: limbs 4 to 7 lie eight vectors after 0 to 3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> LimbOfX(ref Vector256<short> limbs, int k) => Unsafe.Add(ref limbs, unchecked(k + (k & 4)));

    /// <summary>Limb k of the other sixteen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> LimbOfY(ref Vector256<short> limbs, int k) => Unsafe.Add(ref limbs, unchecked(k + (k & 4) + 4));

    /// <summary>Sums of sixteen, in the order of their words again. The coefficient is public.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddInOrder(Vector256<short> samples, long coefficient, Span<long> sums)
    {
        samples = Avx2.PermuteVar8x32(samples.AsInt32(), Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7)).AsInt16();
        (Vector256<int> lower, Vector256<int> upper) = Vector256.Widen(samples);
        (Vector256<long> s0, Vector256<long> s1) = Vector256.Widen(lower);
        (Vector256<long> s2, Vector256<long> s3) = Vector256.Widen(upper);
        ref long sum = ref MemoryMarshal.GetReference(sums[..(TableScan.Block / 2)]);
        if (coefficient != 1) (s0, s1, s2, s3) = (s0 * coefficient, s1 * coefficient, s2 * coefficient, s3 * coefficient);
        (Vector256.LoadUnsafe(ref sum) + s0).StoreUnsafe(ref sum);
        (Vector256.LoadUnsafe(ref sum, Lanes) + s1).StoreUnsafe(ref sum, Lanes);
        (Vector256.LoadUnsafe(ref sum, 2 * Lanes) + s2).StoreUnsafe(ref sum, 2 * Lanes);
        (Vector256.LoadUnsafe(ref sum, 3 * Lanes) + s3).StoreUnsafe(ref sum, 3 * Lanes);
    }
}
