using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SecureFed.Cryptography.Rings;

/// <summary>Vectors of words of up to 56 bits as bytes, without gaps: <see cref="RingPacking"/>'s layout for what does not fit into 32 bits.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Layout</term><description>Value i occupies bits [i*w, (i+1)*w) of the string; bit j of the string is bit j mod 8 of byte j/8.</description></item>
/// <item><term>Canonical</term><description>Exactly ceil(count*w/8) bytes, and unused high bits of the last byte are zero.</description></item>
/// <item><term>Range</term><description>w from 1 to 56, so that any value and the up to seven bits before it lie within eight bytes.</description></item>
/// </list>
/// Time depends on lengths only.
/// </remarks>
public static class WidePacking
{
    public const int MaxBits = 56;

    /// <summary>Bytes that <paramref name="count"/> values of <paramref name="bits"/> bits take.</summary>
    /// <exception cref="ArgumentOutOfRangeException">count is negative or bits is not in 1 to 56.</exception>
    /// <exception cref="OverflowException">The result does not fit into an <see cref="int"/>.</exception>
    public static int PackedBytes(int count, int bits)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        _ = Mask(bits);
        return checked((int)(((long)count * bits + 7) / 8));
    }

    /// <summary>Packs the low <paramref name="bits"/> bits of every value.</summary>
    /// <param name="values">Higher bits are ignored.</param>
    /// <param name="bits">1 to 56.</param>
    /// <param name="output">Exactly <see cref="PackedBytes"/> bytes; overwritten.</param>
    /// <exception cref="ArgumentException">The output has another length.</exception>
    public static void Pack(ReadOnlySpan<ulong> values, int bits, Span<byte> output)
    {
        if (output.Length != PackedBytes(values.Length, bits))
            throw new ArgumentException("The output must have PackedBytes(values.Length, bits) bytes.", nameof(output));

        int groups = WideLanes.For(bits) is { } lanes ? PackGroups(values, lanes, bits, output) : 0;
        PackWords(values[(groups * WideLanes.Values)..], bits, output[(groups * bits)..]);
    }

    /// <summary>Whether length and padding are those of <see cref="Pack"/>, without reading the values.</summary>
    public static bool IsCanonical(ReadOnlySpan<byte> packed, int count, int bits)
    {
        if (packed.Length != PackedBytes(count, bits)) return false;
        int usedBits = (int)((long)count * bits % 8);
        return usedBits == 0 || packed[^1] >> usedBits == 0;
    }

    /// <summary>Reads what <see cref="Pack"/> wrote.</summary>
    /// <param name="packed">A peer's bytes.</param>
    /// <param name="bits">1 to 56.</param>
    /// <param name="values">As many elements as are expected; overwritten if the result is true.</param>
    /// <returns>False if the length is not exactly <see cref="PackedBytes"/> or a padding bit is set.</returns>
    public static bool TryUnpack(ReadOnlySpan<byte> packed, int bits, Span<ulong> values)
    {
        if (!IsCanonical(packed, values.Length, bits)) return false;
        ulong mask = Mask(bits);
        for (int i = 0; i < values.Length; i++)
        {
            long bit = (long)i * bits;
            values[i] = (ReadWord(packed, (int)(bit >> 3)) >> (int)(bit & 7)) & mask;
        }

        return true;
    }

    /// <summary>2^bits − 1.</summary>
    internal static ulong Mask(int bits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bits, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, MaxBits);
        return (1UL << bits) - 1;
    }

    /// <summary>Eight bytes from there on; what lies beyond the end reads as zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong ReadWord(ReadOnlySpan<byte> packed, int at)
    {
        ReadOnlySpan<byte> rest = packed[at..];
        return rest.Length >= sizeof(ulong) ? BinaryPrimitives.ReadUInt64LittleEndian(rest) : ReadEnd(rest);
    }

    private static ulong ReadEnd(ReadOnlySpan<byte> rest)
    {
        ulong word = 0;
        for (int i = 0; i < rest.Length; i++) word |= (ulong)rest[i] << (8 * i);
        return word;
    }

    /// <summary>Packs groups of eight, but for the last ones, after which too few bytes are left to write over.</summary>
    /// <returns>How many groups.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int PackGroups(ReadOnlySpan<ulong> values, WideLanes lanes, int bits, Span<byte> output)
    {
        if (output.Length < lanes.StoreBytes) return 0;
        int groups = Math.Min(values.Length / WideLanes.Values, ((output.Length - lanes.StoreBytes) / bits) + 1);
        ref ulong value = ref MemoryMarshal.GetReference(values);
        ref byte at = ref MemoryMarshal.GetReference(output);
        for (int i = 0; i < groups; i++)
        {
            lanes.Store(Vector256.LoadUnsafe(ref value), Vector256.LoadUnsafe(ref value, WideLanes.Values / 2), ref at);
            value = ref Unsafe.Add(ref value, WideLanes.Values);
            at = ref Unsafe.Add(ref at, bits);
        }

        return groups;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackWords(ReadOnlySpan<ulong> values, int bits, Span<byte> output)
    {
        ulong mask = Mask(bits);
        ulong pending = 0;
        int pendingBits = 0;
        foreach (ulong value in values)
        {
            ulong low = value & mask;
            pending |= low << pendingBits;
            pendingBits += bits;
            if (pendingBits < 64) continue;
            BinaryPrimitives.WriteUInt64LittleEndian(output, pending);
            output = output[sizeof(ulong)..];
            pendingBits -= 64;
            // What did not fit; a shift by 56 at most, for a value fits whole if nothing was pending.
            pending = low >> (bits - pendingBits);
        }

        for (int i = 0; i < output.Length; i++)
        {
            output[i] = unchecked((byte)pending);
            pending >>= 8;
        }
    }
}
