using System.Buffers.Binary;

namespace SecureFed.Cryptography.Rings;

/// <summary>Vectors over Z mod 2^b as bytes, without gaps.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Layout</term><description>Value i occupies bits [i*b, (i+1)*b) of the string; bit j of the string is bit j mod 8 of byte j/8. For b = 8, 16, 32 this is the little-endian array.</description></item>
/// <item><term>Canonical</term><description>Exactly ceil(count*b/8) bytes, and unused high bits of the last byte are zero: one vector, one encoding, one digest.</description></item>
/// <item><term>Range</term><description>b from 1 to 32.</description></item>
/// </list>
/// </remarks>
public static class RingPacking
{
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
    /// <param name="output">Exactly <see cref="PackedBytes"/> bytes.</param>
    /// <exception cref="ArgumentException">The output has another length.</exception>
    public static void Pack(ReadOnlySpan<uint> values, int bits, Span<byte> output)
    {
        if (output.Length != PackedBytes(values.Length, bits)) throw new ArgumentException("The output must have PackedBytes(values.Length, bits) bytes.", nameof(output));
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

    /// <summary>Reads what <see cref="Pack"/> wrote.</summary>
    /// <param name="packed">A peer's bytes.</param>
    /// <param name="bits">1 to 32.</param>
    /// <param name="values">As many elements as are expected; overwritten, also on failure.</param>
    /// <returns>False if the length is not exactly <see cref="PackedBytes"/> or a padding bit is set.</returns>
    public static bool TryUnpack(ReadOnlySpan<byte> packed, int bits, Span<uint> values)
    {
        if (packed.Length != PackedBytes(values.Length, bits)) return false;
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
