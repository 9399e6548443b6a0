using SecureFed.Privacy.Accounting.Numerics;

namespace SecureFed.Privacy.Accounting.Mechanisms;

/// <summary>The exact (ε, δ) of one Gaussian release.</summary>
/// <remarks>
/// Balle and Wang 2018 (arXiv 1805.06530), Theorem 8: δ = Φ(a) − e^ε·Φ(b), a = Δ/2σ − εσ/Δ, b = −Δ/2σ − εσ/Δ. As φ(a) = e^ε·φ(b), with Mills' ratio m
/// this is φ(a)·(m(−a) − m(−b)), which keeps its digits at any δ. The authors' own code compares δ to an absolute 10⁻¹² and so takes 4 % too little
/// noise at ε = 20, δ = 10⁻⁹; here the comparison is in log δ and σ is rounded up.
/// </remarks>
public static class AnalyticGaussian
{
    private const double LeastRatio = 1e-4;
    private const double GreatestRatio = 1e9;
    private const double Margin = 1e-7;

    /// <summary>The least σ for (ε, δ), rounded up by at most 10⁻⁶ of itself.</summary>
    /// <param name="epsilon">ε in (0, 10⁶].</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="sensitivity">Δ: L2 sensitivity, positive.</param>
    /// <exception cref="AccountingException">A parameter is out of range, or σ would be above 10⁹ Δ.</exception>
    public static double Sigma(double epsilon, double delta, double sensitivity)
    {
        AccountingRange.Epsilon(epsilon);
        AccountingRange.Delta(delta);
        AccountingRange.Positive("sensitivity", sensitivity, 1e100);
        double logDelta = Math.Log(delta);
        if (LogDelta(GreatestRatio, epsilon) > logDelta)
            throw new AccountingException(AccountingException.OutOfReach, "The noise would be more than 1e9 times the sensitivity. Raise epsilon or delta.");
        double ratio = Bisection.Least(LeastRatio, GreatestRatio, Margin / 2, r => LogDelta(r, epsilon) <= logDelta);
        return ratio * (1 + Margin) * sensitivity;
    }

    /// <summary>δ of σ at ε.</summary>
    public static double Delta(double sigma, double sensitivity, double epsilon)
    {
        AccountingRange.Positive("sensitivity", sensitivity, 1e100);
        AccountingRange.Closed("epsilon", epsilon, 0, AccountingRange.GreatestEpsilon);
        AccountingRange.Positive("sigma over sensitivity", sigma / sensitivity, GreatestRatio);
        return Math.Min(1, Math.Exp(LogDelta(sigma / sensitivity, epsilon)) * (1 + 1e-10));
    }

    /// <summary>The ε of T Gaussian releases with noise multiplier z: one release with z/√T.</summary>
    public static double Epsilon(double noiseMultiplier, long steps, double delta)
    {
        AccountingRange.NoiseMultiplier(noiseMultiplier);
        AccountingRange.Steps(steps);
        AccountingRange.Delta(delta);
        double ratio = noiseMultiplier / Math.Sqrt(steps);
        double logDelta = Math.Log(delta);
        if (LogDelta(ratio, 0) <= logDelta)
            return 0;
        double high = 1;
        while (LogDelta(ratio, high) > logDelta)
            high *= 2;
        return Bisection.Least(0, high, 1e-13, e => LogDelta(ratio, e) <= logDelta) * (1 + 1e-11);
    }

    private static double LogDelta(double ratio, double epsilon)
    {
        double centre = epsilon * ratio;
        double half = 1 / (2 * ratio);
        double near = centre - half;
        double logDensity = -near * near / 2 - NormalTail.LogSqrtTwoPi;
        return near >= 0
            ? logDensity + Math.Log(NormalTail.MillsRatio(near) - NormalTail.MillsRatio(centre + half))
            : Math.Log(NormalTail.Cdf(-near) - Math.Exp(logDensity) * NormalTail.MillsRatio(centre + half));
    }
}
