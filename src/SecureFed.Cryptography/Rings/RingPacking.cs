using System.Buffers.Binary;

namespace SecureFed.Cryptography.Rings;

/// <summary>Vectors over Z mod 2^b as bytes, without gaps.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Layout</term><description>Value i occupies bits [i*b, (i+1)*b) of the string; bit j of the string is bit j mod 8 of byte j/8. For b = 8, 16, 32
/// this is the little-endian array.</description></item>
/// <item><term>Canonical</term><description>Exactly ceil(count*b/8) bytes, and unused high bits of the last byte are zero: one vector, one encoding, one
/// digest.</description></item>
/// <item><term>Range</term><description>b from 1 to 32.</description></item>
/// </list>
/// Eight values fill exactly b bytes, so the wide loops move whole groups of eight; the bit-by-bit loops take what is left.
/// </remarks>
public static class RingPacking
{
    private const int GroupValues = 8;

    // Two values and the up to seven bits before them must fit into one 64-bit word: 2 * 28 + 7 = 63.
    private const int MaxWideBits = 28;

    /// <summary>Bytes that <paramref name="count"/> values of <paramref name="bits"/> bits take.</summary>
    /// <exception cref="ArgumentOutOfRangeException">count is negative or bits is not in 1 to 32.</exception>
    /// <exception cref="OverflowException">The result does not fit into an <see cref="int"/>.</exception>
    public static int PackedBytes(int count, int bits)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        _ = Ring.Mask(bits);
        return checked((int)(((long)count * bits + 7) / 8));
    }

    /// <summary>Packs the low <paramref name="bits"/> bits of every value.</summary>
    /// <param name="values">Elements of Z mod 2^bits; higher bits are ignored.</param>
    /// <param name="bits">1 to 32.</param>
    /// <param name="output">Exactly <see cref="PackedBytes"/> bytes; overwritten.</param>
    /// <exception cref="ArgumentException">The output has another length.</exception>
    public static void Pack(ReadOnlySpan<uint> values, int bits, Span<byte> output)
    {
        if (output.Length != PackedBytes(values.Length, bits))
        {
            throw new ArgumentException("The output must have PackedBytes(values.Length, bits) bytes.", nameof(output));
        }

        int groups = WideGroups(output.Length, bits);
        PackGroups(values[..(groups * GroupValues)], bits, output);
        PackRest(values[(groups * GroupValues)..], bits, output[(groups * bits)..]);
    }

    /// <summary>Whether the bytes are what <see cref="Pack"/> writes for that many values, without reading the values.</summary>
    /// <returns>False if the length is not exactly <see cref="PackedBytes"/> or a padding bit is set.</returns>
    public static bool IsCanonical(ReadOnlySpan<byte> packed, int count, int bits)
    {
        if (packed.Length != PackedBytes(count, bits)) return false;
        int usedBits = (int)((long)count * bits % 8);
        return usedBits == 0 || packed[^1] >> usedBits == 0;
    }

    /// <summary>Reads what <see cref="Pack"/> wrote.</summary>
    /// <param name="packed">A peer's bytes.</param>
    /// <param name="bits">1 to 32.</param>
    /// <param name="values">As many elements as are expected; overwritten, also on failure.</param>
    /// <returns>False if the length is not exactly <see cref="PackedBytes"/> or a padding bit is set.</returns>
    public static bool TryUnpack(ReadOnlySpan<byte> packed, int bits, Span<uint> values)
    {
        if (packed.Length != PackedBytes(values.Length, bits)) return false;
        int groups = WideGroups(packed.Length, bits);
        UnpackGroups(packed, bits, values[..(groups * GroupValues)]);
        return TryUnpackRest(packed[(groups * bits)..], bits, values[(groups * GroupValues)..]);
    }

    /// <summary>Groups whose 64-bit accesses stay within the string: the last begins below b bytes into its group.</summary>
    private static int WideGroups(int packedBytes, int bits) => bits > MaxWideBits ? 0 : Math.Max(0, packedBytes - sizeof(ulong)) / bits;

    private static void PackGroups(ReadOnlySpan<uint> values, int bits, Span<byte> output)
    {
        uint mask = Ring.Mask(bits);
        (int at1, int at2, int at3) = (2 * bits >> 3, 4 * bits >> 3, 6 * bits >> 3);
        (int shift1, int shift2, int shift3) = (2 * bits & 7, 4 * bits & 7, 6 * bits & 7);
        for (; values.Length >= GroupValues; values = values[GroupValues..])
        {
            // Each store begins with the last, partial byte of the one before, and its unused top is overwritten by the next.
            ulong word = Pair(values[0], values[1], mask, bits);
            BinaryPrimitives.WriteUInt64LittleEndian(output, word);
            word = word >> 8 * at1 | Pair(values[2], values[3], mask, bits) << shift1;
            BinaryPrimitives.WriteUInt64LittleEndian(output[at1..], word);
            word = word >> 8 * (at2 - at1) | Pair(values[4], values[5], mask, bits) << shift2;
            BinaryPrimitives.WriteUInt64LittleEndian(output[at2..], word);
            word = word >> 8 * (at3 - at2) | Pair(values[6], values[7], mask, bits) << shift3;
            BinaryPrimitives.WriteUInt64LittleEndian(output[at3..], word);
            output = output[bits..];
        }
    }

    private static ulong Pair(uint first, uint second, uint mask, int bits) => first & mask | (ulong)(second & mask) << bits;

    private static void UnpackGroups(ReadOnlySpan<byte> packed, int bits, Span<uint> values)
    {
        uint mask = Ring.Mask(bits);
        (int at1, int at2, int at3) = (2 * bits >> 3, 4 * bits >> 3, 6 * bits >> 3);
        (int shift1, int shift2, int shift3) = (2 * bits & 7, 4 * bits & 7, 6 * bits & 7);
        for (; values.Length >= GroupValues; values = values[GroupValues..])
        {
            UnpackPair(BinaryPrimitives.ReadUInt64LittleEndian(packed), mask, bits, out values[0], out values[1]);
            UnpackPair(BinaryPrimitives.ReadUInt64LittleEndian(packed[at1..]) >> shift1, mask, bits, out values[2], out values[3]);
            UnpackPair(BinaryPrimitives.ReadUInt64LittleEndian(packed[at2..]) >> shift2, mask, bits, out values[4], out values[5]);
            UnpackPair(BinaryPrimitives.ReadUInt64LittleEndian(packed[at3..]) >> shift3, mask, bits, out values[6], out values[7]);
            packed = packed[bits..];
        }
    }

    private static void UnpackPair(ulong word, uint mask, int bits, out uint first, out uint second)
    {
        first = unchecked((uint)word) & mask;
        second = unchecked((uint)(word >> bits)) & mask;
    }

    private static void PackRest(ReadOnlySpan<uint> values, int bits, Span<byte> output)
    {
        uint mask = Ring.Mask(bits);
        ulong pending = 0;
        int pendingBits = 0;
        foreach (uint value in values)
        {
            // At most 31 bits are pending here, so 32 more fit into the word.
            pending |= (ulong)(value & mask) << pendingBits;
            pendingBits += bits;
            if (pendingBits < 32) continue;
            BinaryPrimitives.WriteUInt32LittleEndian(output, unchecked((uint)pending));
            output = output[sizeof(uint)..];
            pending >>= 32;
            pendingBits -= 32;
        }

        for (int i = 0; i < output.Length; i++)
        {
            output[i] = unchecked((byte)pending);
            pending >>= 8;
        }
    }

    private static bool TryUnpackRest(ReadOnlySpan<byte> packed, int bits, Span<uint> values)
    {
        uint mask = Ring.Mask(bits);
        ulong pending = 0;
        int pendingBits = 0;
        for (int i = 0; i < values.Length; i++)
        {
            if (pendingBits < bits)
            {
                int bytes = Math.Min(sizeof(uint), packed.Length);
                pending |= (ulong)ReadLittleEndian(packed[..bytes]) << pendingBits;
                packed = packed[bytes..];
                pendingBits += bytes * 8;
            }

            values[i] = unchecked((uint)pending) & mask;
            pending >>= bits;
            pendingBits -= bits;
        }

        // What is left are the padding bits.
        return pending == 0;
    }

    private static uint ReadLittleEndian(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == sizeof(uint)) return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        uint word = 0;
        for (int i = 0; i < bytes.Length; i++) word |= (uint)bytes[i] << (8 * i);
        return word;
    }
}
