using SecureFed.Privacy.Accounting;

namespace SecureFed.Privacy.Budget;

/// <summary>A clip norm that follows a quantile of the units' norms.</summary>
/// <remarks>
/// <para>Andrew, Thakkar, McMahan and Ramaswamy 2021 (arXiv 1905.03871), "Differentially private learning with adaptive clipping", Algorithm 1, geometric update:
/// C ← C·e^(−η(b − γ)), b the noised fraction of units whose norm is at most C.</para>
/// <para>Every unit contributes +½ or −½, so that its sensitivity is ½ and not 1. A round that releases this sum beside its update is charged for both at once
/// (the sum is a segment of the update, with its share of D₂; the authors' Theorem 1). Everything here is post-processing of the noised sum.</para>
/// <para>Server, clients and auditors must get the same C to the last bit: the exponential is a polynomial in additions and multiplications, which all platforms round alike, unlike
/// the library's; and C has 24 significant bits.</para>
/// </remarks>
public sealed record AdaptiveClip
{
    /// <summary>The L2 sensitivity of the count: one unit is worth +½ or −½.</summary>
    public const double Sensitivity = 0.5;

    /// <summary>One round changes C by a factor of e at most, however large the noise was.</summary>
    private const double GreatestStep = 1;

    /// <summary>Of the Taylor polynomial of the exponential on [−1, 1]: the rest is below 1/21!, 2·10⁻²⁰.</summary>
    private const int Degree = 20;

    /// <param name="lowest">The least C, positive.</param>
    /// <param name="greatest">The largest C; bounds the ring and the noise that a task must provide for.</param>
    /// <param name="quantile">γ in (0, 1): the wanted fraction of units that are not clipped; ½ is the authors' advice.</param>
    /// <param name="rate">η in (0, 1]; 0.2 is the authors' advice.</param>
    /// <exception cref="AccountingException">Out of range.</exception>
    public AdaptiveClip(double lowest, double greatest, double quantile, double rate)
    {
        AccountingRange.Closed("lowest clip norm", lowest, 1e-6, 1e6);
        AccountingRange.Closed("greatest clip norm", greatest, lowest, 1e6);
        AccountingRange.Closed("quantile", quantile, 0.01, 0.99);
        AccountingRange.Positive("rate", rate, 1);
        Lowest = lowest;
        Greatest = greatest;
        Quantile = quantile;
        Rate = rate;
    }

    public double Lowest { get; }

    public double Greatest { get; }

    public double Quantile { get; }

    public double Rate { get; }

    /// <summary>What a unit contributes to the count: +½ if it is not clipped, −½ if it is (or has no norm).</summary>
    public static double Contribution(double norm, double clipNorm) => norm <= clipNorm ? Sensitivity : -Sensitivity;

    /// <summary>b = ½ + sum/expected: unbiased, and outside [0, 1] where the noise takes it there.</summary>
    /// <param name="noisedSum">The released sum of contributions.</param>
    /// <param name="expectedUnits">The public expected number of units in the sum, positive; never the true one.</param>
    /// <exception cref="AccountingException">Out of range.</exception>
    public static double Fraction(double noisedSum, double expectedUnits)
    {
        AccountingRange.Positive("expected number of units", expectedUnits, 1e15);
        return 0.5 + noisedSum / expectedUnits;
    }

    /// <summary>The clip norm of the next round, in [lowest, greatest].</summary>
    /// <param name="clipNorm">C of this round, in [lowest, greatest].</param>
    /// <param name="fraction">b, see <see cref="Fraction"/>; a number.</param>
    /// <exception cref="AccountingException">Out of range.</exception>
    public double Next(double clipNorm, double fraction)
    {
        AccountingRange.Closed("clip norm", clipNorm, Lowest, Greatest);
        AccountingRange.Closed("noised fraction", fraction, double.MinValue, double.MaxValue);
        double step = Math.Clamp(Rate * (fraction - Quantile), -GreatestStep, GreatestStep);
        return Math.Clamp((float)(clipNorm * Exp(-step)), Lowest, Greatest);
    }

    /// <summary>e^x on [−1, 1], the same on every platform; within 10⁻¹⁵ of itself.</summary>
    internal static double Exp(double x)
    {
        double sum = 1;
        for (int k = Degree; k >= 1; k--)
            sum = 1 + x / k * sum;
        return sum;
    }
}
