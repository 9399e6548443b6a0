using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using SecureFed.Cryptography.Signing;
using static SecureFed.Cryptography.Tests.Signing.AffineEdwards;

namespace SecureFed.Cryptography.Tests.Signing;

public sealed class ScalarModLTests
{
    private static readonly BigInteger[] WideEdges =
    [
        .. new[] { 0, 1, L - 1, L, L + 1, 2 * L - 1, 2 * L, Power(252) - 1, Power(252), Power(253), Power(255) - 1, Power(256) - 1, Power(280), Power(504) - 1,
            Power(504), Power(511), Power(512) - 1, Power(512) - Power(252), L * L - 1, L * L, L << 259, (L << 259) - 1,
            (Power(512) - 1) / L * L, (Power(512) - 1) / L * L - 1 },
        // Multiples of 2^252, where the folds end next to 0 and to 2^252.
        .. Enumerable.Range(0, 261).Select(shift => Power(252) * (Power(shift) - 1)),
        .. Enumerable.Range(0, 260).Select(shift => L * Power(shift) - 1),
    ];

    private static readonly Arbitrary<int> Seeds = Gen.Choose(0, int.MaxValue).ToArbitrary();

    [Fact]
    public void Reduction_of_edge_values_equals_that_of_big_integers()
    {
        foreach (BigInteger value in WideEdges)
        {
            if (value >= Power(512)) continue;
            Assert.Equal(value % L, Reduce(value));
        }
    }

    [Fact]
    public void Reduction_equals_that_of_big_integers() => Prop.ForAll(Seeds, seed =>
    {
        BigInteger value = Integer(Seeded.Source("reduce" + seed).Bytes(64)) >> seed % 300;
        return Reduce(value) == value % L;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(5_000));

    [Fact]
    public void Values_around_every_kind_of_multiple_of_L_are_reduced() => Prop.ForAll(Seeds, seed =>
    {
        BigInteger multiple = Integer(Seeded.Source("multiple" + seed).Bytes(32)) % Power(259) * L;
        return Reduce(multiple).IsZero && Reduce(multiple + L - 1) == L - 1 && Reduce(multiple + 1).IsOne;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Product_and_sum_equal_those_of_big_integers()
    {
        BigInteger[] edges = [0, 1, L - 1, L, L + 1, Power(252), Power(254), Power(255) - 8, Power(255) - 1];
        foreach (BigInteger a in edges)
        {
            foreach (BigInteger b in edges)
            {
                foreach (BigInteger c in edges) AssertMultiplyAdd(a, b, c);
            }
        }

        Prop.ForAll(Seeds, seed =>
        {
            byte[] bytes = Seeded.Source("product" + seed).Bytes(96);
            AssertMultiplyAdd(Integer(bytes.AsSpan(0, 32)) >> 1, Integer(bytes.AsSpan(32, 32)) >> 1, Integer(bytes.AsSpan(64)) >> 1);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));
    }

    [Fact]
    public void Exactly_the_scalars_below_L_are_canonical()
    {
        foreach (BigInteger value in new[] { 0, 1, L - 2, L - 1, Power(252), Power(252) - 1 }) Assert.True(ScalarModL.IsCanonical(Bytes(value)), $"{value:x}");
        foreach (BigInteger value in new[] { L, L + 1, 2 * L, Power(253), Power(256) - 1 }) Assert.False(ScalarModL.IsCanonical(Bytes(value)), $"{value:x}");
        for (int bit = 0; bit < 256; bit++)
        {
            BigInteger value = L ^ Power(bit);
            Assert.Equal(value < L, ScalarModL.IsCanonical(Bytes(value)));
        }
    }

    private static BigInteger Power(int exponent) => BigInteger.One << exponent;

    private static BigInteger Reduce(BigInteger value)
    {
        Span<byte> scalar = stackalloc byte[ScalarModL.Bytes];
        ScalarModL.Reduce(Bytes(value, ScalarModL.WideBytes), scalar);
        return Integer(scalar);
    }

    private static void AssertMultiplyAdd(BigInteger a, BigInteger b, BigInteger c)
    {
        Span<byte> scalar = stackalloc byte[ScalarModL.Bytes];
        ScalarModL.MultiplyAdd(Bytes(a), Bytes(b), Bytes(c), scalar);
        Assert.Equal((a * b + c) % L, Integer(scalar));
    }
}
