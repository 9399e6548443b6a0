using System.Buffers.Binary;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Sharing;

/// <summary>Vectors over Z_q as bytes, without gaps: how key shares, sums of them and check answers travel.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Layout</term><description>That of <see cref="RingPacking"/> with b = ⌈log₂ q⌉: value i occupies bits [i·b, (i+1)·b), bit j of the string is bit j mod 8 of byte
/// j/8. A share of set A1 (2048 + 3 coordinates of 50 bits) takes 12,819 bytes.</description></item>
/// <item><term>Canonical</term><description>Exactly ⌈count·b/8⌉ bytes, every value below q, unused high bits of the last byte zero.</description></item>
/// <item><term>Constant time</term><description>In the values, of accepted and refused strings alike; lengths are public.</description></item>
/// </list>
/// </remarks>
public static class ResiduePacking
{
    /// <summary>Bytes that <paramref name="count"/> elements take.</summary>
    /// <exception cref="ArgumentOutOfRangeException">count is negative.</exception>
    /// <exception cref="OverflowException">The result does not fit into an <see cref="int"/>.</exception>
    public static int PackedBytes(PrimeModulus q, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return checked((int)((((long)count * q.Bits) + 7) / 8));
    }

    /// <param name="q">The field.</param>
    /// <param name="values">Elements of [0, q).</param>
    /// <param name="output">Exactly <see cref="PackedBytes"/> bytes; overwritten.</param>
    /// <exception cref="ArgumentException">The output has another length, or a value is not below q.</exception>
    public static void Pack(PrimeModulus q, ReadOnlySpan<ulong> values, Span<byte> output)
    {
        if (output.Length != PackedBytes(q, values.Length)) throw new ArgumentException("The output must have PackedBytes(q, values.Length) bytes.", nameof(output));
        ResidueVector.RequireReduced(q, values, nameof(values));
        ulong pending = 0;
        int pendingBits = 0;
        foreach (ulong value in values)
        {
            pending |= value << pendingBits;
            pendingBits += q.Bits;
            if (pendingBits < 64)
                continue;
            BinaryPrimitives.WriteUInt64LittleEndian(output, pending);
            output = output[sizeof(ulong)..];
            pendingBits -= 64;
            // The bits of the value that did not fit. A value has at most 62, so at least two of them did.
            pending = value >> (q.Bits - pendingBits);
        }

        for (int i = 0; i < output.Length; i++, pending >>= 8) output[i] = unchecked((byte)pending);
    }

    /// <summary>Reads what <see cref="Pack"/> wrote.</summary>
    /// <param name="q">The field.</param>
    /// <param name="packed">A peer's bytes.</param>
    /// <param name="values">As many elements as are expected; overwritten, all zero after a failure.</param>
    /// <returns>False if the length is not exactly <see cref="PackedBytes"/>, a value is not below q, or a padding bit is set.</returns>
    public static bool TryUnpack(PrimeModulus q, ReadOnlySpan<byte> packed, Span<ulong> values)
    {
        bool isCanonical = packed.Length == PackedBytes(q, values.Length) && ReadAll(q.Bits, packed, values) == 0 & ResidueVector.IsReduced(q, values);
        if (!isCanonical)
            values.Clear();
        return isCanonical;
    }

    /// <returns>The padding.</returns>
    private static ulong ReadAll(int bits, ReadOnlySpan<byte> packed, Span<ulong> values)
    {
        ulong mask = ulong.MaxValue >> (64 - bits);
        ulong pending = 0;
        int pendingBits = 0;
        for (int i = 0; i < values.Length; i++)
        {
            if (pendingBits >= bits)
            {
                values[i] = pending & mask;
                pending >>= bits;
                pendingBits -= bits;
                continue;
            }

            int bytes = Math.Min(sizeof(ulong), packed.Length);
            ulong next = ReadLittleEndian(packed[..bytes]);
            packed = packed[bytes..];
            values[i] = (pending | next << pendingBits) & mask;
            int taken = bits - pendingBits;
            pending = next >> taken;
            pendingBits = (8 * bytes) - taken;
        }

        return pending;
    }

    private static ulong ReadLittleEndian(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == sizeof(ulong)) return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        ulong word = 0;
        for (int i = 0; i < bytes.Length; i++) word |= (ulong)bytes[i] << (8 * i);
        return word;
    }
}
