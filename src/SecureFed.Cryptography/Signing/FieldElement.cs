using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace SecureFed.Cryptography.Signing;

/// <summary>An element of the prime field of p = 2^255 - 19, in constant time.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Form</term><description>Five limbs, radix 2^51, least significant first, each below 2^51 + 2^15. Not unique: a value is any representative
/// until it is written out. Every operation takes and returns this form.</description></item>
/// <item><term>Products</term><description>The high word of (x 2^12)(y 2) is the part of xy above bit 51, so no carry is ever detected by comparison: there is
/// nothing to branch on.</description></item>
/// <item><term>Reduction</term><description>2^255 = 19 mod p.</description></item>
/// <item><term>Constant time</term><description>No branch, index or division depends on a value, except in <see cref="TryFromCanonical"/>, which is for public
/// bytes. The 64 x 64 bit multiplication is assumed to take fixed time, as on x86-64 and ARMv8.</description></item>
/// </list>
/// </remarks>
internal readonly struct FieldElement
{
    public const int Bytes = 32;

    private const int LimbBits = 51;
    private const int Spare = 63 - LimbBits;
    private const ulong LimbMask = (1UL << LimbBits) - 1;
    private const ulong Fold = 19;

    // The limbs of 2p: above every limb of the form, so that a difference plus 2p has no negative limb.
    private const ulong TwoP0 = 2 * (LimbMask + 1 - Fold);
    private const ulong TwoP = 2 * LimbMask;

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

    /// <summary>The lowest bit of the canonical value: "negative" in the words of RFC 8032, section 5.1.2.</summary>
    public int Sign => (int)(Canonical().l0 & 1);

    /// <summary>A small public constant.</summary>
    public static FieldElement FromInteger(uint value) => new(value, 0, 0, 0, 0);

    public static FieldElement operator +(in FieldElement a, in FieldElement b)
    {
        unchecked
        {
            return Carry(a.l0 + b.l0, a.l1 + b.l1, a.l2 + b.l2, a.l3 + b.l3, a.l4 + b.l4);
        }
    }

    public static FieldElement operator -(in FieldElement a, in FieldElement b)
    {
        unchecked
        {
            return Carry(a.l0 + TwoP0 - b.l0, a.l1 + TwoP - b.l1, a.l2 + TwoP - b.l2, a.l3 + TwoP - b.l3, a.l4 + TwoP - b.l4);
        }
    }

    public static FieldElement operator -(in FieldElement a) => Zero - a;

    public static FieldElement operator *(in FieldElement a, in FieldElement b)
    {
        unchecked
        {
            // Columns of the schoolbook product: at most five low parts below 2^51 and five high parts below 2^52 each.
            ulong c0 = 0, c1 = 0, c2 = 0, c3 = 0, c4 = 0, c5 = 0, c6 = 0, c7 = 0, c8 = 0, c9 = 0;
            ulong b0 = b.l0 << 1, b1 = b.l1 << 1, b2 = b.l2 << 1, b3 = b.l3 << 1, b4 = b.l4 << 1;
            ulong x = a.l0 << Spare;
            MultiplyAdd(x, b0, ref c0, ref c1);
            MultiplyAdd(x, b1, ref c1, ref c2);
            MultiplyAdd(x, b2, ref c2, ref c3);
            MultiplyAdd(x, b3, ref c3, ref c4);
            MultiplyAdd(x, b4, ref c4, ref c5);
            x = a.l1 << Spare;
            MultiplyAdd(x, b0, ref c1, ref c2);
            MultiplyAdd(x, b1, ref c2, ref c3);
            MultiplyAdd(x, b2, ref c3, ref c4);
            MultiplyAdd(x, b3, ref c4, ref c5);
            MultiplyAdd(x, b4, ref c5, ref c6);
            x = a.l2 << Spare;
            MultiplyAdd(x, b0, ref c2, ref c3);
            MultiplyAdd(x, b1, ref c3, ref c4);
            MultiplyAdd(x, b2, ref c4, ref c5);
            MultiplyAdd(x, b3, ref c5, ref c6);
            MultiplyAdd(x, b4, ref c6, ref c7);
            x = a.l3 << Spare;
            MultiplyAdd(x, b0, ref c3, ref c4);
            MultiplyAdd(x, b1, ref c4, ref c5);
            MultiplyAdd(x, b2, ref c5, ref c6);
            MultiplyAdd(x, b3, ref c6, ref c7);
            MultiplyAdd(x, b4, ref c7, ref c8);
            x = a.l4 << Spare;
            MultiplyAdd(x, b0, ref c4, ref c5);
            MultiplyAdd(x, b1, ref c5, ref c6);
            MultiplyAdd(x, b2, ref c6, ref c7);
            MultiplyAdd(x, b3, ref c7, ref c8);
            MultiplyAdd(x, b4, ref c8, ref c9);
            return Carry(c0 + Fold * c5, c1 + Fold * c6, c2 + Fold * c7, c3 + Fold * c8, c4 + Fold * c9);
        }
    }

    /// <summary>this^2, fifteen multiplications instead of twenty-five.</summary>
    public FieldElement Square()
    {
        unchecked
        {
            ulong c0 = 0, c1 = 0, c2 = 0, c3 = 0, c4 = 0, c5 = 0, c6 = 0, c7 = 0, c8 = 0, c9 = 0;
            // A product of two different limbs occurs twice, hence one bit more.
            ulong d1 = l1 << 2, d2 = l2 << 2, d3 = l3 << 2, d4 = l4 << 2;
            ulong x = l0 << Spare;
            MultiplyAdd(x, l0 << 1, ref c0, ref c1);
            MultiplyAdd(x, d1, ref c1, ref c2);
            MultiplyAdd(x, d2, ref c2, ref c3);
            MultiplyAdd(x, d3, ref c3, ref c4);
            MultiplyAdd(x, d4, ref c4, ref c5);
            x = l1 << Spare;
            MultiplyAdd(x, l1 << 1, ref c2, ref c3);
            MultiplyAdd(x, d2, ref c3, ref c4);
            MultiplyAdd(x, d3, ref c4, ref c5);
            MultiplyAdd(x, d4, ref c5, ref c6);
            x = l2 << Spare;
            MultiplyAdd(x, l2 << 1, ref c4, ref c5);
            MultiplyAdd(x, d3, ref c5, ref c6);
            MultiplyAdd(x, d4, ref c6, ref c7);
            x = l3 << Spare;
            MultiplyAdd(x, l3 << 1, ref c6, ref c7);
            MultiplyAdd(x, d4, ref c7, ref c8);
            MultiplyAdd(l4 << Spare, l4 << 1, ref c8, ref c9);
            return Carry(c0 + Fold * c5, c1 + Fold * c6, c2 + Fold * c7, c3 + Fold * c8, c4 + Fold * c9);
        }
    }

    /// <summary>this^(p-2), which is 1/this, and zero for zero.</summary>
    public FieldElement Inverse()
    {
        // p - 2 = (2^250 - 1) 2^5 + 11.
        FieldElement square = Square();
        FieldElement eleventh = square.Square().Square() * square * this;
        return PowerOf250Ones().Squared(5) * eleventh;
    }

    /// <summary>this^((p-5)/8), the power in the square root of RFC 8032, section 5.1.3.</summary>
    public FieldElement PowerOfFiveEighths() => PowerOf250Ones().Squared(2) * this; // (p - 5)/8 = (2^250 - 1) 2^2 + 1.

    /// <summary>Reads 32 little-endian bytes; the highest bit, which holds the sign of the other coordinate, is left out.</summary>
    /// <returns>False if the value is p or more (RFC 8032, section 5.1.3, step 1).</returns>
    public static bool TryFromCanonical(ReadOnlySpan<byte> bytes32, out FieldElement element)
    {
        ulong w0 = BinaryPrimitives.ReadUInt64LittleEndian(bytes32);
        ulong w1 = BinaryPrimitives.ReadUInt64LittleEndian(bytes32[8..]);
        ulong w2 = BinaryPrimitives.ReadUInt64LittleEndian(bytes32[16..]);
        ulong w3 = BinaryPrimitives.ReadUInt64LittleEndian(bytes32[24..]);
        element = new FieldElement(
            w0 & LimbMask,
            (w0 >> 51 | w1 << 13) & LimbMask,
            (w1 >> 38 | w2 << 26) & LimbMask,
            (w2 >> 25 | w3 << 39) & LimbMask,
            w3 >> 12 & LimbMask);
        FieldElement c = element.Canonical();
        return c.l0 == element.l0 && c.l1 == element.l1 && c.l2 == element.l2 && c.l3 == element.l3 && c.l4 == element.l4;
    }

    /// <summary>Writes the canonical value, 32 little-endian bytes; the highest bit is zero.</summary>
    public void WriteCanonical(Span<byte> bytes32)
    {
        FieldElement c = Canonical();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes32, c.l0 | c.l1 << 51);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes32[8..], c.l1 >> 13 | c.l2 << 38);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes32[16..], c.l2 >> 26 | c.l3 << 25);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes32[24..], c.l3 >> 39 | c.l4 << 12);
    }

    /// <summary>this^(2^250 - 1): from runs of a and b ones in the exponent follows one of a + b.</summary>
    private FieldElement PowerOf250Ones()
    {
        FieldElement ones2 = Square() * this;
        FieldElement ones5 = ones2.Squared(2) * ones2;
        ones5 = ones5.Square() * this;
        FieldElement ones10 = ones5.Squared(5) * ones5;
        FieldElement ones20 = ones10.Squared(10) * ones10;
        FieldElement ones40 = ones20.Squared(20) * ones20;
        FieldElement ones50 = ones40.Squared(10) * ones10;
        FieldElement ones100 = ones50.Squared(50) * ones50;
        FieldElement ones200 = ones100.Squared(100) * ones100;
        return ones200.Squared(50) * ones50;
    }

    private FieldElement Squared(int times)
    {
        FieldElement result = this;
        for (int i = 0; i < times; i++) result = result.Square();
        return result;
    }

    /// <summary>low + high * 2^51 += x y / 2^13, for x a limb shifted left by 12 and y a limb shifted left by at least 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyAdd(ulong x, ulong y, ref ulong low, ref ulong high)
    {
        unchecked
        {
            // Two multiplications: one that yields both words passes the lower through memory in this compiler, which is slower.
            high += Bmi2.X64.IsSupported ? Bmi2.X64.MultiplyNoFlags(x, y) : Math.BigMul(x, y, out _);
            low += x * y >> (64 - LimbBits);
        }
    }

    /// <summary>Brings columns below 2^60 into the limb form: carries are below 2^9, and 19 of them below 2^14.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static FieldElement Carry(ulong c0, ulong c1, ulong c2, ulong c3, ulong c4)
    {
        unchecked
        {
            return new FieldElement(
                (c0 & LimbMask) + Fold * (c4 >> LimbBits),
                (c1 & LimbMask) + (c0 >> LimbBits),
                (c2 & LimbMask) + (c1 >> LimbBits),
                (c3 & LimbMask) + (c2 >> LimbBits),
                (c4 & LimbMask) + (c3 >> LimbBits));
        }
    }

    /// <summary>The representative in [0, p).</summary>
    private FieldElement Canonical()
    {
        unchecked
        {
            // quotient = floor((value + 19) / 2^255) is 1 exactly if value >= p, as value < 2p; value - quotient * p = value + 19 quotient mod 2^255.
            ulong quotient = l0 + Fold >> LimbBits;
            quotient = l1 + quotient >> LimbBits;
            quotient = l2 + quotient >> LimbBits;
            quotient = l3 + quotient >> LimbBits;
            quotient = l4 + quotient >> LimbBits;
            ulong r0 = l0 + Fold * quotient;
            ulong r1 = l1 + (r0 >> LimbBits);
            ulong r2 = l2 + (r1 >> LimbBits);
            ulong r3 = l3 + (r2 >> LimbBits);
            ulong r4 = l4 + (r3 >> LimbBits);
            return new FieldElement(r0 & LimbMask, r1 & LimbMask, r2 & LimbMask, r3 & LimbMask, r4 & LimbMask);
        }
    }
}
