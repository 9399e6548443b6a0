using SecureFed.Privacy.Accounting.Renyi;

namespace SecureFed.Privacy.Accounting.Mechanisms;

/// <summary>The multidimensional Skellam mechanism: closed under sums, so that no τ is needed.</summary>
/// <remarks>
/// Agarwal, Kairouz and Liu 2021 (arXiv 2110.04995), Theorem 3.5: with variance μ of the summed noise the divergence of an integer order α is at most
/// αΔ₂²/2μ + min(((2α − 1)Δ₂² + 6Δ₁)/4μ², 3Δ₁/2μ). Accounting only: no sampler is shipped.
/// </remarks>
public static class SkellamMechanism
{
    /// <param name="variance">μ of the sum, integer units squared.</param>
    /// <param name="l2">Δ₂ in integer units.</param>
    /// <param name="l1">Δ₁ in integer units.</param>
    /// <param name="orders">Integers &gt;= 2.</param>
    public static RenyiCurve Curve(double variance, double l2, double l1, IReadOnlyList<double> orders)
    {
        Check(variance, l2, l1, orders);
        return new RenyiCurve(orders, order => Divergence(variance, l2, l1, order));
    }

    /// <summary>The curve on a Poisson sample with rate q, by Zhu and Wang 2019.</summary>
    public static RenyiCurve SampledCurve(double variance, double l2, double l1, double samplingRate, IReadOnlyList<double> orders)
    {
        Check(variance, l2, l1, orders);
        AccountingRange.SamplingRate(samplingRate);
        return samplingRate switch
        {
            0 => new RenyiCurve(orders, _ => 0),
            1 => Curve(variance, l2, l1, orders),
            _ => new RenyiCurve(
                orders,
                order => Math.Min(
                    Divergence(variance, l2, l1, order),
                    PoissonAmplification.Divergence(samplingRate, (int)order, l => Divergence(variance, l2, l1, l)))),
        };
    }

    private static double Divergence(double variance, double l2, double l1, double order)
    {
        double squared = l2 * l2;
        double gaussian = order * squared / (2 * variance);
        return gaussian + Math.Min(((2 * order - 1) * squared + 6 * l1) / (4 * variance * variance), 3 * l1 / (2 * variance));
    }

    private static void Check(double variance, double l2, double l1, IReadOnlyList<double> orders)
    {
        AccountingRange.Positive("variance", variance, 1e30);
        AccountingRange.Positive("L2 sensitivity", l2, 1e15);
        AccountingRange.Positive("L1 sensitivity", l1, 1e20);
        if (orders.Any(order => !double.IsInteger(order)))
            throw new ArgumentException("The Skellam bound holds at integer orders.", nameof(orders));
    }
}
