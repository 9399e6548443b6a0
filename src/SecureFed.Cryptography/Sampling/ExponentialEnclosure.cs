using System.Numerics;

namespace SecureFed.Cryptography.Sampling;

/// <summary>exp(-x) for rational x, between two integers: the root of every table here.</summary>
/// <remarks>
/// exp(x) is the sum of the positive terms x^k / k!. Rounding each term down (up) gives a lower (upper) bound; once k + 1 > 2x the terms not
/// computed sum to less than the last one. The reciprocal of the upper bound, rounded down, is the lower bound of exp(-x), and the other way round.
/// </remarks>
internal static class ExponentialEnclosure
{
    private const int GuardBits = 64;

    /// <returns>Integers with Low &lt;= 2^bits * exp(-numerator/denominator) &lt;= High; High - Low is 1 or 2 unless x is very large.</returns>
    public static (BigInteger Low, BigInteger High) NegativeExponential(BigInteger numerator, BigInteger denominator, int bits)
    {
        if (numerator.IsZero) return (BigInteger.One << bits, BigInteger.One << bits);
        // exp(-x) < 2^-x.
        if (numerator >= denominator * bits) return (BigInteger.Zero, BigInteger.One);

        int workingBits = bits + GuardBits;
        BigInteger low = BigInteger.One << workingBits;
        BigInteger high = low;
        BigInteger lowTerm = low;
        BigInteger highTerm = high;
        for (int k = 1; ; k++)
        {
            BigInteger divisor = denominator * k;
            lowTerm = lowTerm * numerator / divisor;
            highTerm = DivideUp(highTerm * numerator, divisor);
            low += lowTerm;
            high += highTerm;
            if (highTerm <= 1 && numerator * 2 < denominator * (k + 1)) break;
        }

        high += 1;
        BigInteger scale = BigInteger.One << (bits + workingBits);
        return (scale / high, DivideUp(scale, low));
    }

    /// <summary>floor(2^bits * exp(-exponent)), exactly.</summary>
    /// <param name="exponent">1 or more: exp(-exponent) is irrational, so some precision tells the floor.</param>
    /// <param name="bits">1 or more.</param>
    public static BigInteger Floor(int exponent, int bits)
    {
        for (int extra = 64; ; extra *= 2)
        {
            (BigInteger low, BigInteger high) = NegativeExponential(exponent, BigInteger.One, bits + extra);
            if (low >> extra == high >> extra) return low >> extra;
        }
    }

    public static BigInteger DivideUp(BigInteger dividend, BigInteger divisor) => (dividend + divisor - 1) / divisor;

    /// <summary>floor(sqrt(value)).</summary>
    public static BigInteger SquareRoot(BigInteger value)
    {
        if (value.IsZero) return value;
        BigInteger root = BigInteger.One << (int)((value.GetBitLength() + 1) / 2);
        // Newton's iteration from above falls until it has found the floor.
        while (true)
        {
            BigInteger better = (root + value / root) >> 1;
            if (better >= root) return root;
            root = better;
        }
    }
}
