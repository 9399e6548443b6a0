using System.Globalization;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Numerics;
using SecureFed.Privacy.Accounting.Renyi;

namespace SecureFed.Privacy.Budget;

/// <summary>What a task may spend: (ε, δ), as Rényi divergence of one order that is fixed when the task is created.</summary>
/// <remarks>
/// <para>Unit of account: 10⁻¹² of divergence of order α, as an integer. Charges are rounded up, the cap is rounded down, sums are exact, so whoever folds the
/// same log gets the same ledger.</para>
/// <para>Why one order: what a round costs may depend on what earlier rounds released (they fail, they are repeated, the task is stopped). Sums of divergences
/// stay valid then as long as the order does not depend on the results (Feldman and Zrnic 2021, "Individual privacy accounting via a Rényi filter", Theorem 3.1 of arXiv 2008.11193v4;
/// Lécuyer 2021, "Practical privacy filters and odometers with Rényi differential privacy"). The least ε over many orders may be taken only for a schedule
/// that was fixed in advance.</para>
/// </remarks>
public sealed record BudgetCap
{
    public const int LeastOrder = 2;
    public const int GreatestOrder = 256;

    /// <summary>Units in a divergence of one.</summary>
    public const double UnitsPerDivergence = 1e12;

    /// <param name="epsilon">ε in (0, 10⁶].</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="order">α, 2 to 256.</param>
    /// <exception cref="AccountingException">Out of range, or at this order already the conversion costs more than ε; the message says which order or ε would do.</exception>
    public BudgetCap(double epsilon, double delta, int order)
    {
        AccountingRange.Epsilon(epsilon);
        AccountingRange.Delta(delta);
        CheckOrder(order);
        Epsilon = epsilon;
        Delta = delta;
        Order = order;
        Units = GreatestUnits(epsilon, delta, order);
        if (Units < 1)
            throw Hopeless();
    }

    public double Epsilon { get; }

    public double Delta { get; }

    public int Order { get; }

    /// <summary>The most units whose ε is not above <see cref="Epsilon"/>; at least 1.</summary>
    public long Units { get; }

    /// <summary>The ε of this many units at the cap's order and δ, rounded up; 0 for 0 units.</summary>
    /// <remarks>Canonne, Kamath and Steinke 2020, Proposition 12, as in <see cref="RenyiCurve.Epsilon(double)"/>. One order has a fixed cost of conversion: the first unit costs more than the second.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">units is negative.</exception>
    public double EpsilonOf(long units) => EpsilonOf(units, Delta, Order);

    internal static void CheckOrder(int order) => AccountingRange.Closed("order", order, LeastOrder, GreatestOrder);

    internal static double EpsilonOf(long units, double delta, int order)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(units);
        return RenyiCurve.Epsilon(order, units / UnitsPerDivergence, delta);
    }

    /// <summary>The cap in units; 0 where the order is too low for ε and δ.</summary>
    internal static long GreatestUnits(double epsilon, double delta, int order)
    {
        if (Conversion(delta, order) >= epsilon)
            return 0;
        long low = 0;
        long high = (long)((epsilon - Conversion(delta, order)) * UnitsPerDivergence) + 2;
        while (high - low > 1)
        {
            long middle = low + (high - low) / 2;
            if (EpsilonOf(middle, delta, order) <= epsilon)
                low = middle;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>log(1 − 1/α) − log(δα)/(α − 1): what the conversion adds to a divergence.</summary>
    private static double Conversion(double delta, int order) => LogSpace.Log1p(-1.0 / order) - Math.Log(delta * order) / (order - 1);

    private AccountingException Hopeless()
    {
        double cost = Conversion(Delta, Order);
        int[] orders = [.. Enumerable.Range(LeastOrder, GreatestOrder - LeastOrder + 1)];
        int enough = Array.Find(orders, order => GreatestUnits(Epsilon, Delta, order) > 0);
        double least = orders.Min(order => Conversion(Delta, order));
        string advice = enough > 0
            ? string.Create(CultureInfo.InvariantCulture, $"Take an order of {enough} or more, or an epsilon above {cost:G4}.")
            : string.Create(CultureInfo.InvariantCulture, $"No order does: ask for an epsilon above {least:G4}, or for a larger delta.");
        return new AccountingException(
            AccountingException.OutOfReach,
            string.Create(CultureInfo.InvariantCulture, $"At order {Order} and delta {Delta:G4} nothing can be released with epsilon {Epsilon:G4}: the conversion alone costs {cost:G4}. {advice}"));
    }
}
