using SecureFed.Privacy.Accounting.Numerics;

namespace SecureFed.Privacy.Accounting.Mechanisms;

/// <summary>Zero-concentrated differential privacy: divergence at most αρ at every order α.</summary>
/// <remarks>
/// Bun and Steinke 2016; conversion of Canonne, Kamath and Steinke 2020, Corollary 13: δ(ε) = inf over α &gt; 1 of
/// exp((α − 1)(αρ − ε)) / (α − 1) · (1 − 1/α)^α. The exponent is convex in α; its derivative (2α − 1)ρ − ε + log(1 − 1/α) has one root.
/// </remarks>
public static class ConcentratedPrivacy
{
    private const double GreatestRho = 1e9;
    private const double GreatestOrder = 1e12;

    /// <summary>ε at δ, rounded up; a ρ of zero gives zero.</summary>
    /// <param name="rho">ρ in [0, 10⁹]; sums of independent or adaptive releases add.</param>
    /// <param name="delta">δ in (0, 1).</param>
    public static PrivacyBound Epsilon(double rho, double delta)
    {
        AccountingRange.Closed("rho", rho, 0, GreatestRho);
        AccountingRange.Delta(delta);
        double logDelta = Math.Log(delta);
        if (rho == 0 || LogDelta(rho, 0).Value <= logDelta)
            return new PrivacyBound(0, null);
        double simple = rho + 2 * Math.Sqrt(-rho * logDelta);
        double epsilon = LogSpace.RoundUp(Bisection.Least(0, simple, 1e-14, e => LogDelta(rho, e).Value <= logDelta));
        return new PrivacyBound(epsilon, LogDelta(rho, epsilon).Order);
    }

    /// <summary>δ at ε, rounded up.</summary>
    public static double Delta(double rho, double epsilon)
    {
        AccountingRange.Closed("rho", rho, 0, GreatestRho);
        AccountingRange.Closed("epsilon", epsilon, 0, AccountingRange.GreatestEpsilon);
        return rho == 0 ? 0 : LogSpace.RoundUp(Math.Exp(Math.Min(0, LogDelta(rho, epsilon).Value)));
    }

    /// <summary>The greatest ρ that (ε, δ) allows, rounded down: the budget of a filter.</summary>
    public static double Rho(double epsilon, double delta)
    {
        AccountingRange.Epsilon(epsilon);
        AccountingRange.Delta(delta);
        double logDelta = Math.Log(delta);

        // ρ = ε + 1 gives δ(ε) above any δ < 1 only in the limit; the bound from δ(ε) <= 1 needs no more than this.
        double high = epsilon + 1;
        while (LogDelta(high, epsilon).Value <= logDelta)
            high *= 2;
        double rho = Bisection.Greatest(high * 1e-18, high, 1e-14, r => LogDelta(r, epsilon).Value <= logDelta);
        return rho * (1 - LogSpace.Slack);
    }

    private static (double Value, double Order) LogDelta(double rho, double epsilon)
    {
        double order = BestOrder(rho, epsilon);
        return ((order - 1) * (order * rho - epsilon) + order * LogSpace.Log1p(-1 / order) - Math.Log(order - 1), order);
    }

    private static double BestOrder(double rho, double epsilon)
    {
        double low = 1 + 1e-12;
        double high = Math.Clamp((epsilon + 1) / (2 * rho) + 2, 2, GreatestOrder);
        for (int i = 0; i < 200 && high - low > 1e-15 * high; i++)
        {
            double middle = (low + high) / 2;
            if ((2 * middle - 1) * rho - epsilon + LogSpace.Log1p(-1 / middle) < 0)
                low = middle;
            else
                high = middle;
        }

        return (low + high) / 2;
    }
}
