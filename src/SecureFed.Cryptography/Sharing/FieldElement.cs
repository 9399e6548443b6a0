using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace SecureFed.Cryptography.Sharing;

/// <summary>An element of the prime field of p = 2^256 + 297, in constant time.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Form</term><description>Five limbs, radix 2^52, least significant first; limbs 0 to 3 below 2^52, limb 4 below 2^50. Not unique: a value is any
/// representative in
/// [0, 2^257 + 2^24) until it is written out.</description></item>
/// <item><term>Why 52 bits</term><description>The twelve spare bits take every carry of a product column, so no carry is ever detected by comparison: there is
/// nothing to branch on.</description></item>
/// <item><term>Reduction</term><description>2^256 = -297 and 2^260 = -4752 mod p.</description></item>
/// <item><term>Constant time</term><description>No branch, index or division depends on a value. <see cref="Inverse"/> has a fixed exponent. The 64 x 64 bit
/// multiplication is assumed to take fixed time, as on x86-64 and ARMv8.</description></item>
/// </list>
/// </remarks>
internal readonly struct FieldElement
{
    /// <summary>Width of the canonical encoding: p has 257 bits.</summary>
    public const int Bytes = 33;

    private const int LimbBits = 52;
    private const int TopLimbBits = 256 - 4 * LimbBits;
    private const int Spare = 64 - LimbBits;
    private const ulong LimbMask = (1UL << LimbBits) - 1;
    private const ulong TopMask = (1UL << TopLimbBits) - 1;
    private const int Fold256 = 297;
    private const int Fold260 = 16 * Fold256;

    private readonly ulong l0;
    private readonly ulong l1;
    private readonly ulong l2;
    private readonly ulong l3;
    private readonly ulong l4;

    private FieldElement(ulong l0, ulong l1, ulong l2, ulong l3, ulong l4) => (this.l0, this.l1, this.l2, this.l3, this.l4) = (l0, l1, l2, l3, l4);

    public static FieldElement Zero => default;

    public static FieldElement One => new(1, 0, 0, 0, 0);

    /// <summary>Whether the value is 0 mod p, whatever its representative.</summary>
    public bool IsZero
    {
        get
        {
            FieldElement c = Canonical();
            return (c.l0 | c.l1 | c.l2 | c.l3 | c.l4) == 0;
        }
    }

    public static FieldElement operator +(in FieldElement a, in FieldElement b)
    {
        unchecked
        {
            return Normalise((long)(a.l0 + b.l0), (long)(a.l1 + b.l1), (long)(a.l2 + b.l2), (long)(a.l3 + b.l3), (long)(a.l4 + b.l4));
        }
    }

    public static FieldElement operator -(in FieldElement a, in FieldElement b)
    {
        unchecked
        {
            return Normalise((long)(a.l0 - b.l0), (long)(a.l1 - b.l1), (long)(a.l2 - b.l2), (long)(a.l3 - b.l3), (long)(a.l4 - b.l4));
        }
    }

    public static FieldElement operator *(in FieldElement a, in FieldElement b)
    {
        unchecked
        {
            // Columns of the schoolbook product. Each partial product of two limbs is cut at bit 52 into two parts below 2^52,
            // so a column of at most ten parts stays below 2^56.
            ulong c0 = 0, c1 = 0, c2 = 0, c3 = 0, c4 = 0, c5 = 0, c6 = 0, c7 = 0, c8 = 0, c9 = 0;
            ulong x = a.l0 << Spare;
            MultiplyAdd(x, b.l0, ref c0, ref c1);
            MultiplyAdd(x, b.l1, ref c1, ref c2);
            MultiplyAdd(x, b.l2, ref c2, ref c3);
            MultiplyAdd(x, b.l3, ref c3, ref c4);
            MultiplyAdd(x, b.l4, ref c4, ref c5);
            x = a.l1 << Spare;
            MultiplyAdd(x, b.l0, ref c1, ref c2);
            MultiplyAdd(x, b.l1, ref c2, ref c3);
            MultiplyAdd(x, b.l2, ref c3, ref c4);
            MultiplyAdd(x, b.l3, ref c4, ref c5);
            MultiplyAdd(x, b.l4, ref c5, ref c6);
            x = a.l2 << Spare;
            MultiplyAdd(x, b.l0, ref c2, ref c3);
            MultiplyAdd(x, b.l1, ref c3, ref c4);
            MultiplyAdd(x, b.l2, ref c4, ref c5);
            MultiplyAdd(x, b.l3, ref c5, ref c6);
            MultiplyAdd(x, b.l4, ref c6, ref c7);
            x = a.l3 << Spare;
            MultiplyAdd(x, b.l0, ref c3, ref c4);
            MultiplyAdd(x, b.l1, ref c4, ref c5);
            MultiplyAdd(x, b.l2, ref c5, ref c6);
            MultiplyAdd(x, b.l3, ref c6, ref c7);
            MultiplyAdd(x, b.l4, ref c7, ref c8);
            x = a.l4 << Spare;
            MultiplyAdd(x, b.l0, ref c4, ref c5);
            MultiplyAdd(x, b.l1, ref c5, ref c6);
            MultiplyAdd(x, b.l2, ref c6, ref c7);
            MultiplyAdd(x, b.l3, ref c7, ref c8);
            MultiplyAdd(x, b.l4, ref c8, ref c9);

            // The upper columns become limbs again, so that their products with 4752 can be cut in the same way.
            c6 += c5 >> LimbBits;
            c7 += c6 >> LimbBits;
            c8 += c7 >> LimbBits;
            c9 += c8 >> LimbBits;
            ulong low = 0, h1 = 0, h2 = 0, h3 = 0, h4 = 0;
            MultiplyAdd((c5 & LimbMask) << Spare, Fold260, ref low, ref h1);
            MultiplyAdd((c6 & LimbMask) << Spare, Fold260, ref h1, ref h2);
            MultiplyAdd((c7 & LimbMask) << Spare, Fold260, ref h2, ref h3);
            MultiplyAdd((c8 & LimbMask) << Spare, Fold260, ref h3, ref h4);
            // Below 2^62: the product is below 2^515, so c9 < 2^47.
            h4 += c9 * Fold260;
            return Normalise((long)(c0 - low), (long)(c1 - h1), (long)(c2 - h2), (long)(c3 - h3), (long)(c4 - h4));
        }
    }

    /// <summary>Multiplies by a small public integer, five multiplications instead of thirty.</summary>
    /// <param name="factor">Below 2^48.</param>
    public FieldElement Multiply(ulong factor) => MultiplyAdd(factor, Zero);

    /// <summary>this * factor + addend: one step of Horner's rule.</summary>
    /// <param name="factor">A public integer below 2^48.</param>
    /// <param name="addend">The next coefficient.</param>
    public FieldElement MultiplyAdd(ulong factor, in FieldElement addend)
    {
        unchecked
        {
            ulong c0 = addend.l0, c1 = addend.l1, c2 = addend.l2, c3 = addend.l3, c4 = addend.l4, c5 = 0;
            MultiplyAdd(l0 << Spare, factor, ref c0, ref c1);
            MultiplyAdd(l1 << Spare, factor, ref c1, ref c2);
            MultiplyAdd(l2 << Spare, factor, ref c2, ref c3);
            MultiplyAdd(l3 << Spare, factor, ref c3, ref c4);
            MultiplyAdd(l4 << Spare, factor, ref c4, ref c5);
            // Below 2^59: l4 < 2^50 and factor < 2^48 leave c5 < 2^46.
            return Normalise((long)(c0 - c5 * Fold260), (long)c1, (long)c2, (long)c3, (long)c4);
        }
    }

    /// <summary>this^(p-2), which is 1/this, and zero for zero.</summary>
    public FieldElement Inverse()
    {
        // p - 2 = 2^256 + 295 and 295 = 0b1_0010_0111. The exponent is public and fixed, so the branch reveals nothing.
        FieldElement result = this;
        for (int bit = 255; bit >= 0; bit--)
        {
            result *= result;
            if (bit < 9 && ((Fold256 - 2) >> bit & 1) == 1) result *= this;
        }

        return result;
    }

    /// <summary>Reads 32 big-endian bytes; every value is below p.</summary>
    public static FieldElement FromSecret(ReadOnlySpan<byte> bytes32) => FromBigEndian(0, bytes32);

    /// <summary>Reads 33 big-endian bytes.</summary>
    /// <returns>False if the value is p or more. Time depends on nothing but that answer.</returns>
    public static bool TryFromCanonical(ReadOnlySpan<byte> bytes33, out FieldElement element)
    {
        unchecked
        {
            FieldElement candidate = FromBigEndian(bytes33[0], bytes33[1..]);
            // Limb 4 takes the first byte at bits 48 to 55, so it is exact here. value - p is negative exactly for canonical values.
            long borrow = (long)candidate.l0 - Fold256 >> LimbBits;
            borrow = (long)candidate.l1 + borrow >> LimbBits;
            borrow = (long)candidate.l2 + borrow >> LimbBits;
            borrow = (long)candidate.l3 + borrow >> LimbBits;
            bool isCanonical = (long)candidate.l4 - (1L << TopLimbBits) + borrow < 0;
            // A value far above p would break the bounds of the form.
            element = isCanonical ? candidate : Zero;
            return isCanonical;
        }
    }

    /// <summary>Writes the canonical value, 33 big-endian bytes.</summary>
    public void WriteCanonical(Span<byte> bytes33)
    {
        FieldElement c = Canonical();
        unchecked
        {
            bytes33[0] = (byte)(c.l4 >> TopLimbBits);
            BinaryPrimitives.WriteUInt64BigEndian(bytes33[1..], c.l4 << 16 | c.l3 >> 36);
            BinaryPrimitives.WriteUInt64BigEndian(bytes33[9..], c.l3 << 28 | c.l2 >> 24);
            BinaryPrimitives.WriteUInt64BigEndian(bytes33[17..], c.l2 << 40 | c.l1 >> 12);
            BinaryPrimitives.WriteUInt64BigEndian(bytes33[25..], c.l1 << 52 | c.l0);
        }
    }

    private static FieldElement FromBigEndian(byte first, ReadOnlySpan<byte> bytes32)
    {
        ulong w3 = BinaryPrimitives.ReadUInt64BigEndian(bytes32);
        ulong w2 = BinaryPrimitives.ReadUInt64BigEndian(bytes32[8..]);
        ulong w1 = BinaryPrimitives.ReadUInt64BigEndian(bytes32[16..]);
        ulong w0 = BinaryPrimitives.ReadUInt64BigEndian(bytes32[24..]);
        return new FieldElement(
            w0 & LimbMask,
            (w0 >> 52 | w1 << 12) & LimbMask,
            (w1 >> 40 | w2 << 24) & LimbMask,
            (w2 >> 28 | w3 << 36) & LimbMask,
            w3 >> 16 | (ulong)first << TopLimbBits);
    }

    /// <summary>low + high * 2^52 += (x / 2^12) * y, for x a limb shifted left by 12: the high word of the product is then its part above bit 52.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyAdd(ulong x, ulong y, ref ulong low, ref ulong high)
    {
        unchecked
        {
            high += Math.BigMul(x, y, out ulong lowWord);
            low += lowWord >> Spare;
        }
    }

    /// <summary>Brings signed columns, each of absolute value below 2^62, into the limb form.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static FieldElement Normalise(long r0, long r1, long r2, long r3, long r4)
    {
        unchecked
        {
            r1 += r0 >> LimbBits;
            r2 += r1 >> LimbBits;
            r3 += r2 >> LimbBits;
            r4 += r3 >> LimbBits;
            long quotient = r4 >> TopLimbBits;

            // What is left is in [0, 2^256) - 297 * quotient with |quotient| < 2^15; adding p keeps it positive and below 2^257 + 2^24.
            r0 = (r0 & (long)LimbMask) + Fold256 - Fold256 * quotient;
            r1 = (r1 & (long)LimbMask) + (r0 >> LimbBits);
            r2 = (r2 & (long)LimbMask) + (r1 >> LimbBits);
            r3 = (r3 & (long)LimbMask) + (r2 >> LimbBits);
            r4 = (r4 & (long)TopMask) + (1L << TopLimbBits) + (r3 >> LimbBits);
            return new FieldElement((ulong)r0 & LimbMask, (ulong)r1 & LimbMask, (ulong)r2 & LimbMask, (ulong)r3 & LimbMask, (ulong)r4);
        }
    }

    /// <summary>The representative in [0, p).</summary>
    private FieldElement Canonical()
    {
        unchecked
        {
            // quotient = floor(value / 2^256), at most 3; value - quotient * p lies in [-891, 2^256).
            long quotient = (long)(l4 >> TopLimbBits);
            long r0 = (long)l0 - Fold256 * quotient;
            long r1 = (long)l1 + (r0 >> LimbBits);
            long r2 = (long)l2 + (r1 >> LimbBits);
            long r3 = (long)l3 + (r2 >> LimbBits);
            long r4 = (long)(l4 & TopMask) + (r3 >> LimbBits);

            // All ones if negative: add p once.
            long negative = r4 >> 63;
            r0 = (r0 & (long)LimbMask) + (Fold256 & negative);
            r1 = (r1 & (long)LimbMask) + (r0 >> LimbBits);
            r2 = (r2 & (long)LimbMask) + (r1 >> LimbBits);
            r3 = (r3 & (long)LimbMask) + (r2 >> LimbBits);
            r4 += ((1L << TopLimbBits) & negative) + (r3 >> LimbBits);
            return new FieldElement((ulong)r0 & LimbMask, (ulong)r1 & LimbMask, (ulong)r2 & LimbMask, (ulong)r3 & LimbMask, (ulong)r4);
        }
    }
}
