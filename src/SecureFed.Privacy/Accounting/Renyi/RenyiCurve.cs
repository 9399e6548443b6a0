using SecureFed.Privacy.Accounting.Numerics;

namespace SecureFed.Privacy.Accounting.Renyi;

/// <summary>Bounds on the Rényi divergence of a mechanism at a list of orders (Mironov 2017, Definition 4).</summary>
/// <remarks>
/// Composition adds divergences order by order, also when later mechanisms are chosen after seeing earlier results, as long as the curve of each
/// is fixed (Mironov 2017, Proposition 1). The minimum over orders is for a schedule fixed in advance; an adaptive filter fixes one order.
/// </remarks>
public sealed class RenyiCurve
{
    /// <param name="orders">α &gt; 1.</param>
    /// <param name="divergence">Upper bound at one order; +∞ where there is none.</param>
    public RenyiCurve(IReadOnlyList<double> orders, Func<double, double> divergence)
        : this(orders, [.. orders.Select(divergence)])
    {
    }

    private RenyiCurve(IReadOnlyList<double> orders, double[] divergences)
    {
        foreach (double order in orders)
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(order, 1);
        if (divergences.Any(d => !(d >= 0)))
            throw new ArgumentException("A Rényi divergence is at least zero and a number.", nameof(divergences));
        Orders = orders;
        Divergences = divergences;
    }

    public IReadOnlyList<double> Orders { get; }

    public IReadOnlyList<double> Divergences { get; }

    /// <summary>The same mechanism <paramref name="steps"/> times.</summary>
    public RenyiCurve Compose(long steps)
    {
        AccountingRange.Steps(steps);
        return new RenyiCurve(Orders, [.. Divergences.Select(d => d * steps)]);
    }

    /// <summary>This mechanism and another one, on the same data.</summary>
    public RenyiCurve Plus(RenyiCurve other)
    {
        if (!Orders.SequenceEqual(other.Orders))
            throw new ArgumentException("Curves add order by order: both need the same orders.", nameof(other));
        return new RenyiCurve(Orders, [.. Divergences.Zip(other.Divergences, (a, b) => a + b)]);
    }

    /// <summary>The least ε over the orders for which (ε, δ) holds.</summary>
    /// <remarks>
    /// Canonne, Kamath and Steinke 2020, Proposition 12: ε = D + log(1 − 1/α) − log(δ·α)/(α − 1). Zero where already the total variation is at most δ:
    /// δ(0) = TV &lt;= √(1 − e^−D) (Bretagnolle–Huber, with D at least the divergence of order 1).
    /// </remarks>
    public PrivacyBound Epsilon(double delta)
    {
        AccountingRange.Delta(delta);
        PrivacyBound best = new(double.PositiveInfinity, null);
        for (int i = 0; i < Orders.Count; i++)
        {
            double epsilon = Epsilon(Orders[i], Divergences[i], delta);
            if (epsilon < best.Epsilon)
                best = new PrivacyBound(epsilon, Orders[i]);
        }

        return best;
    }

    /// <summary>The conversion at one order.</summary>
    internal static double Epsilon(double order, double divergence, double delta)
    {
        if (delta * delta + LogSpace.Expm1(-divergence) > 0)
            return 0;
        double epsilon = divergence + LogSpace.Log1p(-1 / order) - Math.Log(delta * order) / (order - 1);
        return Math.Max(0, LogSpace.RoundUp(epsilon));
    }
}
