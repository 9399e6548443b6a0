using System.Numerics;
using SecureFed.Cryptography.Signing;
using static SecureFed.Cryptography.Tests.Signing.AffineEdwards;

namespace SecureFed.Cryptography.Tests.Signing;

public sealed class EdwardsPointTests
{
    [Fact]
    public void The_base_point_is_that_of_the_RFC_and_has_order_L()
    {
        Assert.True(IsOnCurve(Base));
        Assert.Equal(Encode(Base), Encoded(EdwardsPoint.Base));
        Assert.Equal(Encode(Identity), Encoded(Times(L, EdwardsPoint.Base)));
        Assert.Equal(Encode(Identity), Encoded(EdwardsPoint.Identity));
        Assert.False(EdwardsPoint.Base.HasSmallOrder);
    }

    [Fact]
    public void Addition_doubling_and_negation_equal_those_of_the_affine_curve()
    {
        // Multiples of an order-8 point beside those of B: complete addition has no exceptional pair.
        Assert.True(EdwardsPoint.TryDecode(SmallOrderKeys.OfOrderEight, out EdwardsPoint eighth));
        (BigInteger X, BigInteger Y) torsion = Affine(eighth);
        Assert.True(IsOnCurve(torsion));
        List<(BigInteger X, BigInteger Y)> points = [Identity, Base, (P - Base.X, Base.Y), Add(Base, Base), Multiply(L - 2, Base), Multiply(12345, Base)];
        for (int i = 1; i < 8; i++) points.Add(Multiply(i, torsion));
        points.Add(Add(Base, torsion));
        foreach ((BigInteger X, BigInteger Y) p in points)
        {
            EdwardsPoint left = Decoded(p);
            Assert.Equal(Encode(Add(p, p)), Encoded(left.Double()));
            Assert.Equal(Encode((Modulo(-p.X), p.Y)), Encoded(-left));
            Assert.Equal(Multiply(8, p) == Identity, left.HasSmallOrder);
            foreach ((BigInteger X, BigInteger Y) q in points)
            {
                EdwardsPoint sum = left + Decoded(q);
                Assert.Equal(Encode(Add(p, q)), Encoded(sum));
                // T of the sum and of its double is used by the next addition.
                Assert.Equal(Encode(Add(Add(p, q), p)), Encoded(sum + left));
                Assert.Equal(Encode(Add(Add(Add(p, q), Add(p, q)), q)), Encoded(sum.Double() + Decoded(q)));
            }
        }
    }

    [Fact]
    public void Multiples_equal_those_of_the_affine_curve()
    {
        BigInteger[] scalars = [0, 1, 2, 15, 16, 17, L - 1, L, L + 1, (BigInteger.One << 255) - 8, (BigInteger.One << 256) - 1];
        foreach (BigInteger scalar in scalars.Concat(Enumerable.Range(0, 10).Select(i => Integer(Seeded.Source("scalar" + i).Bytes(32)))))
        {
            Assert.Equal(Encode(Multiply(scalar, Base)), Encoded(Times(scalar, EdwardsPoint.Base)));
        }

        (BigInteger X, BigInteger Y) other = Multiply(987654321, Base);
        BigInteger random = Integer(Seeded.Source("other").Bytes(32));
        Assert.Equal(Encode(Multiply(random, other)), Encoded(Times(random, Decoded(other))));
    }

    [Fact]
    public void Decoding_finds_a_point_exactly_where_the_curve_equation_has_a_solution()
    {
        int found = 0;
        for (int i = 0; i < 200; i++)
        {
            BigInteger y = i < 40 ? i : Integer(Seeded.Source("decode" + i).Bytes(32)) % P;
            BigInteger xx = Modulo(y * y - 1) * Inverse((D * y % P * y + 1) % P) % P;
            bool isSquare = BigInteger.ModPow(xx, (P - 1) / 2, P) != P - 1;
            foreach (int sign in new[] { 0, 1 })
            {
                byte[] encoded = Bytes(y | (BigInteger)sign << 255);
                bool expected = isSquare && !(xx.IsZero && sign == 1);
                Assert.Equal(expected, EdwardsPoint.TryDecode(encoded, out EdwardsPoint point));
                if (!expected) continue;
                found++;
                Assert.Equal(encoded, Encoded(point));
                Assert.True(IsOnCurve(Affine(point)));
            }
        }

        Assert.InRange(found, 100, 300);
    }

    [Fact]
    public void Every_y_of_p_or_more_is_refused_also_where_its_remainder_belongs_to_a_point()
    {
        int shadowed = 0;
        for (int i = 0; i < 19; i++)
        {
            if (EdwardsPoint.TryDecode(Bytes(i), out _)) shadowed++;
            Assert.False(EdwardsPoint.TryDecode(Bytes(P + i), out _));
            Assert.False(EdwardsPoint.TryDecode(Bytes(P + i + (BigInteger.One << 255)), out _));
        }

        Assert.InRange(shadowed, 5, 18);
        Assert.False(EdwardsPoint.TryDecode(new byte[31], out _));
        Assert.False(EdwardsPoint.TryDecode(new byte[33], out _));
    }

    [Fact]
    public void A_cleared_point_is_all_zero()
    {
        EdwardsPoint point = EdwardsPoint.Base;
        EdwardsPoint.Clear(ref point);
        Assert.Equal(default, point);
        Assert.NotEqual(default, EdwardsPoint.Base);
    }

    private static EdwardsPoint Times(BigInteger scalar, EdwardsPoint point)
    {
        new WindowTable(point).Multiply(Bytes(scalar), out EdwardsPoint product);
        return product;
    }

    private static byte[] Encoded(EdwardsPoint point)
    {
        var bytes = new byte[EdwardsPoint.Bytes];
        point.Encode(bytes);
        return bytes;
    }

    private static EdwardsPoint Decoded((BigInteger X, BigInteger Y) p)
    {
        Assert.True(EdwardsPoint.TryDecode(Encode(p), out EdwardsPoint point));
        return point;
    }

    /// <summary>x by the square root that the oracle takes for itself: p = 5 mod 8.</summary>
    private static (BigInteger X, BigInteger Y) Affine(EdwardsPoint point)
    {
        BigInteger encoded = Integer(Encoded(point));
        BigInteger sign = encoded >> 255;
        BigInteger y = encoded - (sign << 255);
        BigInteger xx = Modulo(y * y - 1) * Inverse((D * y % P * y + 1) % P) % P;
        BigInteger x = BigInteger.ModPow(xx, (P + 3) / 8, P);
        if (x * x % P != xx) x = x * BigInteger.ModPow(2, (P - 1) / 4, P) % P;
        return ((x & 1) == sign ? x : P - x, y);
    }
}
