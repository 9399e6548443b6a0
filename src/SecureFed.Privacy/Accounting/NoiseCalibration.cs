using System.Globalization;
using SecureFed.Privacy.Accounting.Loss;
using SecureFed.Privacy.Accounting.Mechanisms;
using SecureFed.Privacy.Accounting.Numerics;
using SecureFed.Privacy.Accounting.Renyi;

namespace SecureFed.Privacy.Accounting;

/// <summary>The least noise that meets a target; never below it, at most 10⁻⁷ above it.</summary>
public static class NoiseCalibration
{
    private const double Precision = 5e-8;

    /// <summary>Finer than what the grid of the loss distribution resolves would be for show.</summary>
    private const double LossPrecision = 1e-4;

    /// <summary>The least noise multiplier of T Poisson-sampled Gaussian steps for (ε, δ), by Rényi accounting.</summary>
    /// <param name="epsilon">ε in (0, 10⁶].</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="samplingRate">q in [0, 1].</param>
    /// <param name="steps">T.</param>
    /// <param name="orders">The orders of the claim that is to be met; the default list if null.</param>
    /// <exception cref="AccountingException">A parameter is out of range, or no noise reaches the target with these orders.</exception>
    public static double NoiseMultiplier(double epsilon, double delta, double samplingRate, long steps, IReadOnlyList<double>? orders = null)
    {
        AccountingRange.Epsilon(epsilon);
        IReadOnlyList<double> list = orders ?? RenyiOrders.Default;
        return Least(
            epsilon,
            AccountingRange.LeastNoiseMultiplier,
            AccountingRange.GreatestNoiseMultiplier,
            z => SampledGaussian.Curve(z, samplingRate, list).Compose(steps).Epsilon(delta).Epsilon);
    }

    /// <summary>What the noise multiplier of a schedule fixed in advance could be by its loss distribution: a figure to print beside a plan, never one to plan with.</summary>
    /// <remarks>
    /// A ledger accounts at one order, which stays sound when results decide what follows; the loss distribution does not. At most 10⁻⁴ above the least, and never above
    /// <see cref="NoiseMultiplier"/> over the default orders, where the search begins. About fifteen runs of the accountant.
    /// </remarks>
    /// <param name="epsilon">ε in (0, 10⁶].</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="samplingRate">q in [0, 1].</param>
    /// <param name="steps">T.</param>
    /// <exception cref="AccountingException">A parameter is out of range, or no noise reaches the target by Rényi accounting.</exception>
    public static double LossReference(double epsilon, double delta, double samplingRate, long steps)
    {
        double high = NoiseMultiplier(epsilon, delta, samplingRate, steps);
        double low = high;
        while (low > AccountingRange.LeastNoiseMultiplier && Meets(low))
            (low, high) = (Math.Max(AccountingRange.LeastNoiseMultiplier, low / 1.25), low);
        return low == high || Meets(low) ? low : Bisection.Least(low, high, LossPrecision, Meets);

        bool Meets(double noise) => PrivacyLossAccountant.Epsilon(noise, samplingRate, steps, delta).Epsilon <= epsilon;
    }

    /// <summary>The least σ of one share for (ε, δ) of T sums of n shares.</summary>
    /// <param name="clients">n: shares that are surely in the sum.</param>
    /// <param name="dimension">d.</param>
    /// <param name="l2">L2 sensitivity in integer units.</param>
    /// <param name="l1">L1 sensitivity in integer units.</param>
    /// <param name="epsilon">ε in (0, 10⁶].</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="samplingRate">q in [0, 1].</param>
    /// <param name="steps">T.</param>
    public static double LocalSigma(int clients, int dimension, double l2, double l1, double epsilon, double delta, double samplingRate, long steps)
    {
        AccountingRange.Epsilon(epsilon);
        double unit = l2 / Math.Sqrt(clients);
        return Least(
            epsilon,
            Math.Min(unit * AccountingRange.LeastNoiseMultiplier, 0.1),
            Math.Min(unit * AccountingRange.GreatestNoiseMultiplier, AccountingRange.GreatestSigma),
            sigma => new DistributedDiscreteGaussian(clients, dimension, sigma, l2, l1).Epsilon(samplingRate, steps, delta).Epsilon);
    }

    private static double Least(double target, double low, double high, Func<double, double> epsilon)
    {
        double reachable = epsilon(high);
        if (reachable > target)
        {
            throw new AccountingException(
                AccountingException.OutOfReach,
                string.Create(CultureInfo.InvariantCulture, $"With these orders no noise gives less than epsilon {reachable:G4} at this delta. Ask for epsilon {reachable:G4} or more, or for a larger delta."));
        }

        return epsilon(low) <= target ? low : Bisection.Least(low, high, Precision, noise => epsilon(noise) <= target);
    }
}
