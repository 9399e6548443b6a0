using SecureFed.Privacy.Accounting.Numerics;

namespace SecureFed.Privacy.Accounting.Renyi;

/// <summary>The Gaussian mechanism on a Poisson sample of the records, add-or-remove-one.</summary>
/// <remarks>
/// <para>Mironov, Talwar and Zhang 2019 (arXiv 1908.10530): with noise N(0, z²), sensitivity 1 and sampling rate q the divergence of order α is
/// log A(α)/(α − 1), A(α) = E[(1 − q + q·e^((2x − 1)/2z²))^α] for x ~ N(0, z²); the reverse direction is never larger (Theorem 5; a proof that also
/// covers discrete noise stands beside <see cref="Claims.RecordLevelClaim"/>).</para>
/// <para>Both branches compute A − 1, which for small q is 10⁻¹⁰ and less, as a sum of positive terms in logarithms. Integer orders: the binomial sum from
/// k = 2, with e^(k(k−1)/2z²) − 1 in place of e^(k(k−1)/2z²), as the weights of all k sum to one. Other orders: with u = q(e^z − 1), E[u] = 0, so that
/// A − 1 = E[(1 + u)^α − 1 − αu] and the integrand is never negative (Bernoulli). The published alternating series is not used: it drops orders.</para>
/// </remarks>
public static class SampledGaussian
{
    /// <summary>Below this noise multiplier a fractional order takes the value of the next integer: divergences do not decrease in the order.</summary>
    private const double LeastQuadratureNoise = 0.05;

    /// <summary>Standard deviations beyond which the integrand is below 10⁻³⁶ of its sum.</summary>
    private const double Reach = 13;

    /// <param name="noiseMultiplier">z: noise standard deviation over sensitivity, 0.01 to 10⁶.</param>
    /// <param name="samplingRate">q in [0, 1]; 1 is the plain Gaussian mechanism.</param>
    /// <param name="orders">α &gt; 1; integers up to 1024.</param>
    public static RenyiCurve Curve(double noiseMultiplier, double samplingRate, IReadOnlyList<double> orders)
    {
        AccountingRange.NoiseMultiplier(noiseMultiplier);
        AccountingRange.SamplingRate(samplingRate);
        return new RenyiCurve(orders, order => Divergence(noiseMultiplier, samplingRate, order));
    }

    internal static double Divergence(double noiseMultiplier, double samplingRate, double order)
    {
        if (samplingRate == 0)
            return 0;
        if (samplingRate == 1)
            return order / (2 * noiseMultiplier * noiseMultiplier);
        if (noiseMultiplier < LeastQuadratureNoise)
            order = Math.Ceiling(order);
        double logExcess = double.IsInteger(order) && order <= Binomials.Greatest
            ? LogExcessOfInteger(noiseMultiplier, samplingRate, (int)order)
            : LogExcess(noiseMultiplier, samplingRate, order);
        return LogSpace.Log1pExp(logExcess) / (order - 1);
    }

    /// <summary>log(A − 1) = log Σ_{k=2}^α C(α, k)(1 − q)^(α−k) q^k (e^(k(k−1)/2z²) − 1).</summary>
    private static double LogExcessOfInteger(double z, double q, int order)
    {
        double logSampled = Math.Log(q);
        double logSkipped = LogSpace.Log1p(-q);
        double[] terms = new double[order - 1];
        for (int k = 2; k <= order; k++)
        {
            double exponent = k * (k - 1.0) / (2 * z * z);
            terms[k - 2] = Binomials.Log(order, k) + (order - k) * logSkipped + k * logSampled + LogSpace.LogExpm1(exponent);
        }

        return LogSpace.LogSum(terms);
    }

    /// <summary>log(A − 1) by the trapezoidal rule.</summary>
    /// <remarks>
    /// The integrand is analytic for |Im x| &lt; πz² and there at most e^((Im x)²/2z²) times its value on the real line, so the rule with step
    /// min(z, z²)/4 errs by less than 10⁻²⁵ relative to A (Trefethen and Weideman 2014, Theorem 5.1).
    /// </remarks>
    private static double LogExcess(double z, double q, double order)
    {
        double step = Math.Min(z, z * z) / 4;
        double start = -Reach * z;
        double end = Math.Max(order, 2) + Reach * z;
        double[] terms = new double[(int)Math.Ceiling((end - start) / step) + 1];
        for (int i = 0; i < terms.Length; i++)
        {
            double x = start + i * step;
            terms[i] = LogBernoulliExcess(q, (2 * x - 1) / (2 * z * z), order) - x * x / (2 * z * z);
        }

        return LogSpace.LogSum(terms) + Math.Log(step / z) - NormalTail.LogSqrtTwoPi;
    }

    /// <summary>log((1 + u)^α − 1 − αu) for u = q(e^x − 1).</summary>
    private static double LogBernoulliExcess(double q, double x, double order)
    {
        double log = LogSpace.LogMixture(q, x);
        double power = order * log;
        if (power > 40)
        {
            double subtracted = (1 - order) * Math.Exp(-power) + order * Math.Exp(log - power);
            return power + LogSpace.Log1p(-subtracted);
        }

        double u = q * LogSpace.Expm1(x);
        if (Math.Abs(order * u) >= 0.02)
            return Math.Log(LogSpace.Expm1(power) - order * u);
        double term = order * (order - 1) / 2 * u * u;
        double sum = term;
        for (int k = 3; k <= 10; k++)
        {
            term *= (order - k + 1) / k * u;
            sum += term;
        }

        return Math.Log(sum);
    }
}
