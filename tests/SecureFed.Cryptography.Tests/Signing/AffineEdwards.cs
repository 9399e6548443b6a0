using System.Globalization;
using System.Numerics;

namespace SecureFed.Cryptography.Tests.Signing;

/// <summary>edwards25519 once more, slowly: affine coordinates, big integers, an inversion for every addition (RFC 8032, section 5.1).</summary>
internal static class AffineEdwards
{
    public static readonly BigInteger P = BigInteger.Pow(2, 255) - 19;
    public static readonly BigInteger L = BigInteger.Pow(2, 252) + Parse("27742317777372353535851937790883648493");
    public static readonly BigInteger D = Modulo(-121665 * Inverse(121666));

    public static readonly (BigInteger X, BigInteger Y) Identity = (0, 1);

    public static readonly (BigInteger X, BigInteger Y) Base = (
        Parse("15112221349535400772501151409588531511454012693041857206046113283949847762202"),
        Parse("46316835694926478169428394003475163141307993866256225615783033603165251855960"));

    public static bool IsOnCurve((BigInteger X, BigInteger Y) p) => Modulo(p.Y * p.Y - p.X * p.X - 1 - D * p.X * p.X % P * p.Y * p.Y).IsZero;

    public static (BigInteger X, BigInteger Y) Add((BigInteger X, BigInteger Y) p, (BigInteger X, BigInteger Y) q)
    {
        BigInteger product = D * p.X % P * q.X % P * p.Y % P * q.Y % P;
        return (
            (p.X * q.Y + q.X * p.Y) * Inverse(1 + product) % P,
            (p.Y * q.Y + p.X * q.X) * Inverse(Modulo(1 - product)) % P);
    }

    public static (BigInteger X, BigInteger Y) Multiply(BigInteger scalar, (BigInteger X, BigInteger Y) p)
    {
        (BigInteger X, BigInteger Y) sum = Identity;
        for (int bit = (int)scalar.GetBitLength() - 1; bit >= 0; bit--)
        {
            sum = Add(sum, sum);
            if (!(scalar >> bit).IsEven) sum = Add(sum, p);
        }

        return sum;
    }

    public static byte[] Encode((BigInteger X, BigInteger Y) p) => Bytes(p.Y | (p.X & 1) << 255);

    public static BigInteger Modulo(BigInteger value) => (value % P + P) % P;

    public static BigInteger Inverse(BigInteger value) => BigInteger.ModPow(value, P - 2, P);

    public static BigInteger Integer(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true);

    /// <summary>Little-endian.</summary>
    public static byte[] Bytes(BigInteger value, int length = 32)
    {
        byte[] bytes = value.ToByteArray(isUnsigned: true);
        return [.. bytes, .. new byte[length - bytes.Length]];
    }

    private static BigInteger Parse(string digits) => BigInteger.Parse(digits, CultureInfo.InvariantCulture);
}
