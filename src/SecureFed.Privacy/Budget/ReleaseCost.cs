using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Numerics;
using SecureFed.Privacy.Accounting.Renyi;

namespace SecureFed.Privacy.Budget;

/// <summary>What one release of a noised sum costs, in units of <see cref="BudgetCap"/>.</summary>
/// <remarks>
/// <para>A release is all that a round reveals about its sample: several segments over the same units are one release, of which z·D₂ with the D₂ of all
/// segments together is the noise. Charging them one by one would be too little where units are sampled, for they share their coins.</para>
/// <para>The divergence of the Poisson-sampled Gaussian at the integer order α (<see cref="SampledGaussian"/>; α/2z² at q = 1) bounds the ideal discrete
/// Gaussian exactly at integer orders (<see cref="Accounting.Claims.RecordLevelClaim"/>). Rounded up by 10⁻¹² of itself, then to a whole unit.</para>
/// <para><b>The shares are not one Gaussian.</b> A sum of n shares costs up to (2α − 1)/(α − 1)·τd/2 more, τ = 10·Σ_{k=1}^{n−1} e^(−2π²σ²k/(k+1)), σ that of
/// one share (Kairouz, Liu and Steinke 2021, Theorem 1; <see cref="Accounting.Claims.RecordLevelClaim"/>). As k/(k + 1) &gt;= ½, τ &lt;= 10(n − 1)e^(−π²σ²). No task is created
/// unless 10·n·d·e^(−π²σ²) &lt;= 10⁻⁹, hence τd &lt; 10⁻⁹. (2α − 1)/(α − 1) falls in α and is 3 at α = 2, so the cost is below 1.5·10⁻⁹ at every order from 2 on, and at
/// q = 1, where the constant is τd, below 10⁻⁹. Every release is charged 2·10⁻⁹ for it, whatever its n, d and σ: a ledger needs no geometry. Fewer shares in
/// the sum than n lower τ, but also the noise: z is that of the shares that are surely there.</para>
/// </remarks>
public static class ReleaseCost
{
    /// <summary>Units charged for the difference between a sum of shares and one discrete Gaussian: 2·10⁻⁹.</summary>
    public const long ShareAllowance = 2000;

    /// <param name="noiseMultiplier">z: σ of the sum over the L2 sensitivity of one protected unit, 0.01 to 10⁶.</param>
    /// <param name="samplingRate">q in [0, 1]: the rate of secret Poisson sampling of records; 1 for clients and for whole data sets.</param>
    /// <param name="order">α, 2 to 256: the order of the task's cap.</param>
    /// <returns>Rounded up; <see cref="long.MaxValue"/> where it does not fit, which no cap admits.</returns>
    /// <exception cref="AccountingException">A parameter is out of range.</exception>
    public static long Units(double noiseMultiplier, double samplingRate, int order)
    {
        AccountingRange.NoiseMultiplier(noiseMultiplier);
        AccountingRange.SamplingRate(samplingRate);
        BudgetCap.CheckOrder(order);
        return Sum(FromDivergence(SampledGaussian.Divergence(noiseMultiplier, samplingRate, order)), ShareAllowance);
    }

    internal static long FromDivergence(double divergence)
    {
        double units = Math.Ceiling(LogSpace.RoundUp(divergence) * BudgetCap.UnitsPerDivergence);

        // long.MaxValue as a double is 2^63, one too many; NaN must not become a small charge either.
        return units < long.MaxValue ? (long)units : long.MaxValue;
    }

    /// <summary>a + b for a, b &gt;= 0; what does not fit becomes <see cref="long.MaxValue"/>.</summary>
    internal static long Sum(long a, long b) => a > long.MaxValue - b ? long.MaxValue : a + b;

    /// <summary>a·b for a, b &gt;= 0; what does not fit becomes <see cref="long.MaxValue"/>.</summary>
    internal static long Product(long a, long b) => (long)Int128.Min((Int128)a * b, long.MaxValue);
}
