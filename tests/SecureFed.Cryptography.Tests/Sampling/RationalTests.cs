using System.Numerics;
using SecureFed.Cryptography.Sampling;

namespace SecureFed.Cryptography.Tests.Sampling;

public sealed class RationalTests
{
    [Fact]
    public void Fractions_are_kept_in_lowest_terms()
    {
        var value = new Rational(-6, 4);
        Assert.Equal((-3, 2), ((int)value.Numerator, (int)value.Denominator));
        Assert.Equal(new Rational(-3, 2), value);
        Assert.Equal(new Rational(-3, 2).GetHashCode(), value.GetHashCode());
        Assert.Equal("-3/2", value.ToString());
        Assert.Equal("4", new Rational(8, 2).ToString());
        Assert.Equal(default, new Rational(0, 5));
        Assert.Equal(BigInteger.One, default(Rational).Denominator);
    }

    [Fact]
    public void Arithmetic_is_exact()
    {
        Rational third = new(1, 3), half = new(-1, 2);
        Assert.Equal(new Rational(-1, 6), third + half);
        Assert.Equal(new Rational(-1, 6), third * half);
        Assert.Equal(new Rational(-2, 3), third / half);
        Assert.True(half < third && third > half && third >= 0 && half <= third && half != third);
        Assert.Throws<DivideByZeroException>(() => third / 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Rational(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Rational(1, -2));
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(-4.6)]
    [InlineData(1e300)]
    [InlineData(5e-324)]
    [InlineData(2.5e-310)]
    [InlineData(0.0)]
    [InlineData(1024.0)]
    public void A_double_becomes_the_value_it_stands_for(double value)
    {
        Rational exact = Rational.FromDouble(value);
        Assert.True((exact.Denominator & (exact.Denominator - 1)).IsZero);
        int shift = (int)exact.Denominator.GetBitLength() - 1;
        Assert.Equal(value, Math.ScaleB(Math.ScaleB((double)exact.Numerator, -shift / 2), -(shift - shift / 2)));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void What_is_not_a_finite_number_is_refused(double value) => Assert.Throws<ArgumentOutOfRangeException>(() => Rational.FromDouble(value));

    [Fact]
    public void A_decimal_keeps_its_decimal_fraction()
    {
        Assert.Equal(new Rational(23, 5), Rational.FromDecimal(4.6m));
        Assert.Equal(new Rational(-23, 5), Rational.FromDecimal(-4.60m));
        Assert.Equal(new Rational((BigInteger.One << 96) - 1, 1), Rational.FromDecimal(decimal.MaxValue));
        Assert.Equal(new Rational(1, BigInteger.Pow(10, 28)), Rational.FromDecimal(0.0000000000000000000000000001m));
    }
}
