using System.Numerics;

namespace SecureFed.Cryptography.Sampling;

/// <summary>How a wide discrete Gaussian is made of narrow ones: z = a_1 x_1 + ... + a_m x_m, all x_i ~ N_Z(0, sigma_0^2), a_1 = 1.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>References</term><description>Peikert 2010 (CRYPTO), Theorem 3.1; Micciancio, Walter 2017 (CRYPTO). The bound below is
/// computed for this one-dimensional case and needs neither.</description></item>
/// <item><term>Condition</term><description>With A_j = a_1^2 + ... + a_j^2: sigma_0^2 * A_j / A_(j+1) >= tau^2 = 23/5 for every j &lt;
/// m.</description></item>
/// <item><term>Result</term><description>z is within (m - 1) * 2^-129 of N_Z(0, sigma^2), sigma^2 = A_m sigma_0^2 exactly.</description></item>
/// </list>
/// Proof. Let z have parameter s^2 = A_j sigma_0^2, x parameter r^2 = sigma_0^2, and z' = z + a x. Completing the square, Pr[z' = y] is proportional
/// to exp(-y^2 / (2(s^2 + a^2 r^2))) * S(y), where S(y) is the sum of exp(-(x - c y)^2/(2 tau_j^2)) over all integers x, 1/tau_j^2 = a^2/s^2 + 1/r^2,
/// that is tau_j^2 = sigma_0^2 * A_j / A_(j+1), and c depends on neither x nor y. By Poisson summation S(y) is a constant times 1 + e(y), |e(y)| at
/// most 2 * sum over i >= 1 of exp(-2 pi^2 tau_j^2 i^2), below 2.001 * exp(-2 pi^2 * 23/5) &lt; 2^-129.9. Two such factors (y and the normalisation)
/// put the probability within 1 +- 2^-128.8 of the ideal, and the statistical distance, half the expected deviation, below 2^-129. Replacing an ideal
/// z by one within d of it adds at most d (triangle inequality and data processing), so the steps add up.
/// </remarks>
internal sealed class Convolution
{
    private const int TauSquaredNumerator = 23;
    private const int TauSquaredDenominator = 5;
    private const int MaxTerms = 24;
    private const int MaxGrowthHalves = 80;

    /// <summary>What a term costs beside the scan of its table, in table entries: its random words, sign and multiplication: 3.6 ns
    /// against 0.05 to 0.07 ns with vectors and 0.5 without (measured).</summary>
    private const int TermOverhead = 50;

    private Convolution(long[] coefficients, Rational sigmaSquared)
    {
        Coefficients = coefficients;
        BaseSigmaSquared = sigmaSquared / SumOfSquares(coefficients);
    }

    /// <summary>a_1 to a_m.</summary>
    public long[] Coefficients { get; }

    /// <summary>sigma_0^2.</summary>
    public Rational BaseSigmaSquared { get; }

    /// <summary>A bound on the distance that comes from adding, base samples being ideal.</summary>
    public Rational StatisticalDistance => new(Coefficients.Length - 1, BigInteger.One << 129);

    /// <summary>The cheapest combination that meets the condition; one term alone always does.</summary>
    public static Convolution For(Rational sigmaSquared)
    {
        var best = new Convolution([1], sigmaSquared);
        BigInteger bestCost = Cost(best);
        for (int growthHalves = 4; growthHalves <= MaxGrowthHalves; growthHalves++)
        {
            List<long> coefficients = [1];
            BigInteger sum = BigInteger.One;
            while (coefficients.Count < MaxTerms)
            {
                // The largest a with (A + a^2)/A at most the growth wanted.
                BigInteger next = ExponentialEnclosure.SquareRoot(sum * (growthHalves - 2) / 2);
                sum += next * next;
                // Every step needs sigma_0^2 above tau^2, and a wider sum only makes sigma_0 smaller.
                if (sigmaSquared.Numerator * TauSquaredDenominator <= sigmaSquared.Denominator * TauSquaredNumerator * sum) break;
                coefficients.Add((long)next);
                var candidate = new Convolution([.. coefficients], sigmaSquared);
                if (!candidate.MeetsCondition() || Cost(candidate) >= bestCost) continue;
                (best, bestCost) = (candidate, Cost(candidate));
            }
        }

        return best;
    }

    /// <summary>sigma_0^2 * A_j / A_(j+1) >= 23/5 for every j, in integers.</summary>
    internal bool MeetsCondition()
    {
        BigInteger sum = BigInteger.One;
        foreach (long a in Coefficients.AsSpan(1))
        {
            BigInteger next = sum + (BigInteger)a * a;
            if (BaseSigmaSquared.Numerator * sum * TauSquaredDenominator < BaseSigmaSquared.Denominator * next * TauSquaredNumerator) return false;
            sum = next;
        }

        return true;
    }

    private static Rational SumOfSquares(long[] coefficients)
    {
        BigInteger sum = BigInteger.Zero;
        foreach (long a in coefficients) sum += (BigInteger)a * a;
        return new Rational(sum, BigInteger.One);
    }

    /// <summary>A table has about 13.4 sigma_0 entries: the tail beyond them is 2^-126.</summary>
    private static BigInteger Cost(Convolution convolution)
    {
        BigInteger entries = ExponentialEnclosure.SquareRoot(convolution.BaseSigmaSquared.Numerator * 180 / convolution.BaseSigmaSquared.Denominator);
        return convolution.Coefficients.Length * (entries + TermOverhead);
    }
}
