using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace SecureFed.Cryptography.Sampling;

/// <summary>An exact fraction in lowest terms: what a sampler is told, so that nothing is rounded before it starts.</summary>
public readonly struct Rational : IEquatable<Rational>, IComparable<Rational>
{
    private readonly BigInteger denominator;

    /// <exception cref="ArgumentOutOfRangeException">The denominator is not positive.</exception>
    public Rational(BigInteger numerator, BigInteger denominator)
    {
        if (denominator.Sign <= 0) throw new ArgumentOutOfRangeException(nameof(denominator), "A denominator is 1 or more.");
        BigInteger divisor = BigInteger.GreatestCommonDivisor(numerator, denominator);
        Numerator = numerator / divisor;
        this.denominator = denominator / divisor;
    }

    public static Rational Zero => default;

    public BigInteger Numerator { get; }

    /// <summary>Positive; 1 for an integer.</summary>
    public BigInteger Denominator => denominator.IsZero ? BigInteger.One : denominator;

    public static implicit operator Rational(long value) => FromInt64(value);

    public static Rational operator +(Rational left, Rational right) => Add(left, right);

    public static Rational operator *(Rational left, Rational right) => Multiply(left, right);

    /// <exception cref="DivideByZeroException"><paramref name="right"/> is zero.</exception>
    public static Rational operator /(Rational left, Rational right) => Divide(left, right);

    public static bool operator ==(Rational left, Rational right) => left.Equals(right);

    public static bool operator !=(Rational left, Rational right) => !left.Equals(right);

    public static bool operator <(Rational left, Rational right) => left.CompareTo(right) < 0;

    public static bool operator >(Rational left, Rational right) => left.CompareTo(right) > 0;

    public static bool operator <=(Rational left, Rational right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Rational left, Rational right) => left.CompareTo(right) >= 0;

    public static Rational FromInt64(long value) => new(value, BigInteger.One);

    /// <summary>The value the double stands for, bit by bit: 0.1 becomes 3602879701896397/2^55, not 1/10.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is infinite or not a number.</exception>
    public static Rational FromDouble(double value)
    {
        if (!double.IsFinite(value)) throw new ArgumentOutOfRangeException(nameof(value), "A finite number is wanted.");
        long bits = BitConverter.DoubleToInt64Bits(value);
        int field = (int)(bits >> 52 & 0x7FF);
        BigInteger significand = (bits & ((1L << 52) - 1)) + (field == 0 ? 0 : 1L << 52);
        int exponent = Math.Max(field, 1) - 1075;
        if (bits < 0) significand = -significand;
        return exponent >= 0 ? new Rational(significand << exponent, BigInteger.One) : new Rational(significand, BigInteger.One << -exponent);
    }

    /// <summary>Exact as well: 4.6 becomes 23/5.</summary>
    public static Rational FromDecimal(decimal value)
    {
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(value, parts);
        // A decimal is an integer of 96 bits, its sign, and the power of ten that divides it.
        var integer = new decimal(parts[0], parts[1], parts[2], value < 0, 0);
        return new Rational(new BigInteger(integer), BigInteger.Pow(10, parts[3] >> 16 & 0xFF));
    }

    public static Rational Add(Rational left, Rational right) =>
        new(left.Numerator * right.Denominator + right.Numerator * left.Denominator, left.Denominator * right.Denominator);

    public static Rational Multiply(Rational left, Rational right) => new(left.Numerator * right.Numerator, left.Denominator * right.Denominator);

    /// <exception cref="DivideByZeroException"><paramref name="right"/> is zero.</exception>
    public static Rational Divide(Rational left, Rational right)
    {
        if (right.Numerator.IsZero) throw new DivideByZeroException();
        BigInteger numerator = left.Numerator * right.Denominator * right.Numerator.Sign;
        return new Rational(numerator, left.Denominator * BigInteger.Abs(right.Numerator));
    }

    public int CompareTo(Rational other) => (Numerator * other.Denominator).CompareTo(other.Numerator * Denominator);

    public bool Equals(Rational other) => Numerator == other.Numerator && Denominator == other.Denominator;

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is Rational other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Numerator, Denominator);

    /// <summary>"7/3", or "4" for an integer.</summary>
    public override string ToString() => Denominator.IsOne
        ? Numerator.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{Numerator}/{Denominator}");
}
