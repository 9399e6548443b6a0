using SecureFed.Privacy.Accounting.Numerics;

namespace SecureFed.Privacy.Accounting.Mechanisms;

/// <summary>One release of an integer with discrete Gaussian noise.</summary>
public static class DiscreteGaussian
{
    /// <summary>Terms below this fraction of the sum are left out.</summary>
    private const double Negligible = 1e-22;

    /// <summary>The exact δ at ε of N_Z(0, σ²) and integer sensitivity Δ.</summary>
    /// <remarks>
    /// Canonne, Kamath and Steinke 2020, Theorem 7: δ = P[Y &gt; εσ²/Δ − Δ/2] − e^ε·P[Y &gt; εσ²/Δ + Δ/2]. Shifting the second sum by Δ makes it
    /// Σ P[Y = y]·(1 − e^(ε − L(y))) over L(y) = (2yΔ + Δ²)/2σ² &gt; ε: positive terms only, nothing cancels.
    /// </remarks>
    /// <param name="sigma">σ in integer units, up to 10⁷.</param>
    /// <param name="sensitivity">Δ in integer units.</param>
    /// <param name="epsilon">ε &gt;= 0.</param>
    public static double Delta(double sigma, int sensitivity, double epsilon)
    {
        AccountingRange.Positive("sigma", sigma, AccountingRange.GreatestSigma);
        AccountingRange.Closed("sensitivity", sensitivity, 1, int.MaxValue);
        AccountingRange.Closed("epsilon", epsilon, 0, AccountingRange.GreatestEpsilon);
        double variance = sigma * sigma;
        double threshold = epsilon * variance / sensitivity - sensitivity / 2.0;

        // Beyond 40σ on either side lies a probability of less than e^−800.
        if (threshold > 40 * sigma + 1)
            return 0;
        double start = Math.Max(Math.Floor(threshold) + 1, Math.Floor(-40 * sigma) - 1);
        double logNormaliser = LogNormaliser(sigma);
        CompensatedSum sum = default;
        for (double y = start; ; y++)
        {
            double excess = (y - threshold) * sensitivity / variance;
            double term = Math.Exp(-y * y / (2 * variance) - logNormaliser) * -LogSpace.Expm1(-excess);
            sum.Add(term);

            // Beyond the mode the terms fall at least as fast as the density; a denormal rest is zero.
            if (y >= 0 && y > start + sigma && term <= Negligible * sum.Value)
                break;
        }

        return Math.Min(1, sum.Value * (1 + 1e-13));
    }

    /// <summary>log Σ e^(−y²/2σ²) over all integers: the series, or its Poisson sum where that converges faster.</summary>
    internal static double LogNormaliser(double sigma)
    {
        double variance = sigma * sigma;
        CompensatedSum sum = default;
        sum.Add(1);
        double rate = sigma < 1 ? 1 / (2 * variance) : 2 * Math.PI * Math.PI * variance;
        for (int k = 1; k * (double)k * rate < 745; k++)
            sum.Add(2 * Math.Exp(-k * (double)k * rate));
        return Math.Log(sum.Value) + (sigma < 1 ? 0 : Math.Log(sigma) + NormalTail.LogSqrtTwoPi);
    }
}
