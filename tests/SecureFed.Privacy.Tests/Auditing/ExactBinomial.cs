using System.Numerics;
using SecureFed.Cryptography.Sampling;

namespace SecureFed.Privacy.Tests.Auditing;

/// <summary>Binomial probabilities as exact fractions: the oracle of everything that bounds with them.</summary>
internal static class ExactBinomial
{
    /// <summary>P[X &gt;= k] for X ~ Bin(n, p).</summary>
    public static double AtLeast(int k, int n, Rational p) => Sum(k, n, n, p);

    /// <summary>P[X &lt;= k].</summary>
    public static double AtMost(int k, int n, Rational p) => Sum(0, k, n, p);

    /// <summary>P[low &lt;= X &lt;= high], rounded once at the end.</summary>
    public static double Sum(int low, int high, int n, Rational p)
    {
        BigInteger success = p.Numerator;
        BigInteger failure = p.Denominator - p.Numerator;
        BigInteger coefficient = 1;
        BigInteger sum = 0;
        for (int k = 0; k <= high; k++)
        {
            if (k >= low)
                sum += coefficient * BigInteger.Pow(success, k) * BigInteger.Pow(failure, n - k);
            coefficient = coefficient * (n - k) / (k + 1);
        }

        return Ratio(sum, BigInteger.Pow(p.Denominator, n));
    }

    private static double Ratio(BigInteger numerator, BigInteger denominator)
    {
        if (numerator.IsZero)
            return 0;
        int shift = (int)(denominator.GetBitLength() - numerator.GetBitLength()) + 64;
        BigInteger quotient = shift >= 0 ? (numerator << shift) / denominator : numerator / (denominator << -shift);
        return Math.ScaleB((double)quotient, -shift);
    }
}
