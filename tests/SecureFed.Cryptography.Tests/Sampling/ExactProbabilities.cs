using System.Numerics;
using SecureFed.Cryptography.Sampling;

namespace SecureFed.Cryptography.Tests.Sampling;

/// <summary>The true distributions in 400-bit fixed point, made in another way than the product's; checked against mpmath by its own test.</summary>
internal sealed class ExactProbabilities
{
    public const int Bits = 400;

    private readonly BigInteger[] probabilities;

    private ExactProbabilities(List<BigInteger> weights)
    {
        BigInteger total = weights[0];
        foreach (BigInteger weight in weights.Skip(1)) total += 2 * weight;
        probabilities = [.. weights.Select(w => (w << Bits) / total)];
    }

    /// <summary>Magnitudes 0 to this have a probability above 2^-390 or so.</summary>
    public int Largest => probabilities.Length - 1;

    /// <summary>2^400 * Pr[x].</summary>
    public BigInteger this[long x] => Math.Abs(x) <= Largest ? probabilities[Math.Abs(x)] : BigInteger.Zero;

    public static ExactProbabilities Gaussian(Rational sigmaSquared)
    {
        BigInteger p = sigmaSquared.Numerator;
        BigInteger q = sigmaSquared.Denominator;
        BigInteger ratio = NegativeExponential(q, 2 * p);
        BigInteger step = ratio * ratio >> Bits;
        List<BigInteger> weights = [BigInteger.One << Bits];
        while (weights[^1] >> 10 > 0)
        {
            weights.Add(weights[^1] * ratio >> Bits);
            ratio = ratio * step >> Bits;
        }

        return new ExactProbabilities(weights);
    }

    public static ExactProbabilities Laplace(Rational scale)
    {
        BigInteger ratio = NegativeExponential(scale.Denominator, scale.Numerator);
        List<BigInteger> weights = [BigInteger.One << Bits];
        while (weights[^1] >> 10 > 0) weights.Add(weights[^1] * ratio >> Bits);
        return new ExactProbabilities(weights);
    }

    public static double ToDouble(BigInteger fixedPoint) => (double)fixedPoint / Math.ScaleB(1, Bits);

    /// <summary>2^400 * exp(-p/q): the alternating series of exp(-p/(q 2^32)), squared 32 times, with 100 bits to spare.</summary>
    private static BigInteger NegativeExponential(BigInteger p, BigInteger q)
    {
        const int Halvings = 32;
        const int Working = Bits + 100;
        if (p > q * 1000) return BigInteger.Zero;
        BigInteger term = BigInteger.One << Working;
        BigInteger sum = BigInteger.Zero;
        for (int k = 1; !term.IsZero; k++)
        {
            sum += k % 2 == 1 ? term : -term;
            term = term * p / (q * k << Halvings);
        }

        for (int i = 0; i < Halvings; i++) sum = sum * sum >> Working;
        return sum >> (Working - Bits);
    }
}
