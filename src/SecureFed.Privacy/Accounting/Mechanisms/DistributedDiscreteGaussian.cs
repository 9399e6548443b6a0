using SecureFed.Privacy.Accounting.Numerics;
using SecureFed.Privacy.Accounting.Renyi;

namespace SecureFed.Privacy.Accounting.Mechanisms;

/// <summary>The sum of n independent discrete Gaussian shares, one per client.</summary>
/// <remarks>
/// <para>Kairouz, Liu and Steinke 2021 (arXiv 2102.06387), Theorem 1 and Proposition 14: the sum is not a discrete Gaussian, but each coordinate's
/// log-probabilities differ from one by at most τ/2, τ = 10·Σ_{k=1}^{n−1} e^(−2π²σ²k/(k+1)). With Δ₂ and Δ₁ over σ√n, the divergence of order α is at most
/// the least of α/2·Δ₂² + τd, α/2·(Δ₂² + 2Δ₁τ + τ²d), α/2·(Δ₂ + √d·τ)².</para>
/// <para>Needs the noise of all n: count honest survivors only. All sizes in integer units.</para>
/// </remarks>
public sealed class DistributedDiscreteGaussian
{
    /// <param name="clients">n: shares that are surely in the sum.</param>
    /// <param name="dimension">d: coordinates.</param>
    /// <param name="localSigma">σ of one share.</param>
    /// <param name="l2">L2 sensitivity.</param>
    /// <param name="l1">L1 sensitivity.</param>
    public DistributedDiscreteGaussian(int clients, int dimension, double localSigma, double l2, double l1)
    {
        AccountingRange.Clients(clients);
        AccountingRange.Closed("dimension", dimension, 1, 1 << 26);
        AccountingRange.Positive("local sigma", localSigma, AccountingRange.GreatestSigma);
        AccountingRange.Positive("L2 sensitivity", l2, 1e15);
        AccountingRange.Positive("L1 sensitivity", l1, 1e20);
        Clients = clients;
        Dimension = dimension;
        LocalSigma = localSigma;
        L2 = l2;
        L1 = l1;
        Tau = SumTau(clients, localSigma);
        AccountingRange.Positive("L2 sensitivity over the sigma of the sum", l2 / (localSigma * Math.Sqrt(clients)), 1e6);
    }

    public int Clients { get; }

    public int Dimension { get; }

    public double LocalSigma { get; }

    public double L2 { get; }

    public double L1 { get; }

    /// <summary>τ; below 10⁻³⁰⁸ it is zero.</summary>
    public double Tau { get; }

    /// <summary>Noise multiplier of the sum: σ√n over the L2 sensitivity.</summary>
    public double NoiseMultiplier => LocalSigma * Math.Sqrt(Clients) / L2;

    /// <summary>The least of the three ε² for which the sum is ½ε²-concentrated.</summary>
    public double EpsilonCdpSquared => Terms().Min();

    /// <summary>ε of T releases, each on a Poisson sample with rate q of the participants, and the order that gave it.</summary>
    public PrivacyBound Epsilon(double samplingRate, long steps, double delta) =>
        Curve(samplingRate, RenyiOrders.Distributed).Compose(steps).Epsilon(delta);

    /// <summary>The curve of one release; with q &lt; 1 the least of three sound bounds at every order.</summary>
    /// <remarks>
    /// With q &lt; 1: no amplification at all; Zhu and Wang 2019, Theorem 5, from the unsampled curve; and the sampled Gaussian with what τ can change
    /// (<see cref="Claims.RecordLevelClaim"/>), which is by far the least where τ is negligible.
    /// </remarks>
    public RenyiCurve Curve(double samplingRate, IReadOnlyList<double> orders)
    {
        AccountingRange.SamplingRate(samplingRate);
        if (orders.Any(order => !double.IsInteger(order)))
            throw new ArgumentException("Discrete noise is accounted at integer orders.", nameof(orders));
        return samplingRate switch
        {
            0 => new RenyiCurve(orders, _ => 0),
            1 => new RenyiCurve(orders, Divergence),
            _ => new RenyiCurve(orders, order => Sampled(samplingRate, (int)order)),
        };
    }

    /// <summary>What the pointwise ratios of the d coordinates can add to a divergence of order α of any mechanism with this noise.</summary>
    internal static double RatioCost(double tau, int dimension, double order) => (2 * order - 1) / (order - 1) * tau / 2 * dimension;

    internal static double SumTau(int clients, double localSigma)
    {
        double exponent = -2 * Math.PI * Math.PI * localSigma * localSigma;
        CompensatedSum sum = default;
        for (int k = 1; k < clients; k++)
            sum.Add(Math.Exp(exponent * k / (k + 1)));
        return 10 * sum.Value;
    }

    internal double[] Terms()
    {
        double sigma = LocalSigma * Math.Sqrt(Clients);
        double l2 = L2 / sigma;
        double l1 = L1 / sigma;
        double shifted = l2 + Math.Sqrt(Dimension) * Tau;
        return [l2 * l2 + 2 * Tau * Dimension, l2 * l2 + 2 * l1 * Tau + Tau * Tau * Dimension, shifted * shifted];
    }

    internal double Divergence(double order)
    {
        double[] terms = Terms();
        double ratio = L2 / (LocalSigma * Math.Sqrt(Clients));
        return Math.Min(order / 2 * ratio * ratio + Tau * Dimension, order / 2 * Math.Min(terms[1], terms[2]));
    }

    private double Sampled(double q, int order)
    {
        double noise = NoiseMultiplier;
        double shifted = noise >= AccountingRange.LeastNoiseMultiplier
            ? SampledGaussian.Divergence(noise, q, order) + RatioCost(Tau, Dimension, order)
            : double.PositiveInfinity;
        return Math.Min(Divergence(order), Math.Min(shifted, PoissonAmplification.Divergence(q, order, Divergence)));
    }
}
