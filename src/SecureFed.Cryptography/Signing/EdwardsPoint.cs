using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SecureFed.Cryptography.Signing;

/// <summary>A point of edwards25519, -x^2 + y^2 = 1 + d x^2 y^2, in extended coordinates: x = X/Z, y = Y/Z, xy = T/Z.</summary>
/// <remarks>RFC 8032, section 5.1.4; Hisil, Wong, Carter, Dawson 2008, sections 3.1 and 3.3. As -1 is a square and d is none, the addition is complete: it
/// holds for all pairs of points, equal ones and the identity included, so that no case is told apart by a branch.</remarks>
internal readonly struct EdwardsPoint
{
    public const int Bytes = FieldElement.Bytes;

    // The constants follow from their definitions in RFC 8032, section 5.1. 2 is no square, so 2^((p-1)/4) = (2^((p-5)/8))^2 * 2 is a root of -1.
    private static readonly FieldElement D = -FieldElement.FromInteger(121665) * FieldElement.FromInteger(121666).Inverse();
    private static readonly FieldElement TwoD = D + D;
    private static readonly FieldElement RootOfMinusOne = FieldElement.FromInteger(2).PowerOfFiveEighths().Square() * FieldElement.FromInteger(2);

    private readonly FieldElement x;
    private readonly FieldElement y;
    private readonly FieldElement z;
    private readonly FieldElement t;

    private EdwardsPoint(in FieldElement x, in FieldElement y, in FieldElement z, in FieldElement t) => (this.x, this.y, this.z, this.t) = (x, y, z, t);

    /// <summary>B of RFC 8032, section 5.1: y = 4/5, x even.</summary>
    public static EdwardsPoint Base { get; } = CreateBase();

    /// <summary>(0, 1).</summary>
    public static EdwardsPoint Identity => new(FieldElement.Zero, FieldElement.One, FieldElement.One, FieldElement.Zero);

    /// <summary>Whether 8 times the point is the identity: one of the eight points of the torsion subgroup. For public points.</summary>
    public bool HasSmallOrder
    {
        get
        {
            EdwardsPoint multiple = Double().Double().Double();
            return multiple.x.IsZero && (multiple.y - multiple.z).IsZero;
        }
    }

    public static EdwardsPoint operator +(in EdwardsPoint p, in EdwardsPoint q)
    {
        FieldElement a = (p.y - p.x) * (q.y - q.x);
        FieldElement b = (p.y + p.x) * (q.y + q.x);
        FieldElement c = p.t * TwoD * q.t;
        FieldElement zz = p.z * q.z;
        FieldElement d = zz + zz;
        return FromFactors(b - a, d - c, d + c, b + a);
    }

    public static EdwardsPoint operator -(in EdwardsPoint p) => new(-p.x, p.y, p.z, -p.t);

    /// <summary>2 this, four squarings and four multiplications.</summary>
    public EdwardsPoint Double()
    {
        FieldElement a = x.Square();
        FieldElement b = y.Square();
        FieldElement zz = z.Square();
        FieldElement h = a + b;
        FieldElement g = a - b;
        return FromFactors(h - (x + y).Square(), zz + zz + g, g, h);
    }

    /// <summary>Reads y and the sign of x (RFC 8032, section 5.1.3). For public bytes: time depends on them.</summary>
    /// <returns>False if y is p or more, if no x belongs to it, or if x = 0 is called negative.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> bytes32, out EdwardsPoint point)
    {
        point = Identity;
        if (bytes32.Length != Bytes || !FieldElement.TryFromCanonical(bytes32, out FieldElement y)) return false;
        FieldElement yy = y.Square();
        if (!TryRootOfRatio(yy - FieldElement.One, D * yy + FieldElement.One, out FieldElement x)) return false;
        int sign = bytes32[Bytes - 1] >> 7;
        if (x.IsZero && sign == 1) return false;
        if (x.Sign != sign) x = -x;
        point = new EdwardsPoint(x, y, FieldElement.One, x * y);
        return true;
    }

    /// <summary>Writes y with the sign of x in the highest bit (RFC 8032, section 5.1.2), in constant time.</summary>
    public void Encode(Span<byte> bytes32)
    {
        FieldElement inverse = z.Inverse();
        (y * inverse).WriteCanonical(bytes32);
        bytes32[Bytes - 1] |= (byte)((x * inverse).Sign << 7);
    }

    /// <summary>Zeroes a point that came of a secret: its Z tells more than its encoding (Naccache, Smart, Stern 2004).</summary>
    public static void Clear(ref EdwardsPoint point) => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<EdwardsPoint>(ref point)));

    /// <summary>The last step that addition and doubling share.</summary>
    private static EdwardsPoint FromFactors(in FieldElement e, in FieldElement f, in FieldElement g, in FieldElement h) => new(e * f, g * h, f * g, e * h);

    /// <summary>x with v x^2 = u, of either sign: u v^3 (u v^7)^((p-5)/8), times a root of -1 where that gives v x^2 = -u.</summary>
    private static bool TryRootOfRatio(in FieldElement u, in FieldElement v, out FieldElement x)
    {
        FieldElement v3 = v.Square() * v;
        FieldElement uv7 = u * v3.Square() * v;
        x = u * v3 * uv7.PowerOfFiveEighths();
        FieldElement vxx = v * x.Square();
        if ((vxx - u).IsZero) return true;
        x *= RootOfMinusOne;
        return (vxx + u).IsZero;
    }

    private static EdwardsPoint CreateBase()
    {
        Span<byte> bytes32 = stackalloc byte[Bytes];
        (FieldElement.FromInteger(4) * FieldElement.FromInteger(5).Inverse()).WriteCanonical(bytes32);
        return TryDecode(bytes32, out EdwardsPoint point) ? point : throw new UnreachableException("y = 4/5 belongs to a point of the curve.");
    }
}
