using SecureFed.Privacy.Accounting.Numerics;
using SecureFed.Privacy.Accounting.Renyi;

namespace SecureFed.Privacy.Accounting.Loss;

/// <summary>ε from the whole distribution of the privacy loss: the tightest figure, for a schedule that is fixed in advance.</summary>
/// <remarks>
/// <para>Not valid when noise or sampling are chosen after seeing earlier results (arXiv 2602.15815 on "natural" filters): stopping early is fine.
/// The figure is an upper bound: see <see cref="LossGrid"/> for the grid, <see cref="TiltedComposition"/> for the transform.</para>
/// <para>Add-or-remove-one: the greater of the two directions (Zhu, Dong and Wang 2022, dominating pairs of Poisson sampling).</para>
/// </remarks>
public static class PrivacyLossAccountant
{
    /// <summary>Share of δ that is cut off from the steps together, on each side; costs about that share over ln(1/δ) in ε.</summary>
    private const double LeastCut = 1e-6;

    private const double GreatestCut = 1e-4;

    /// <summary>T steps of the Poisson-sampled Gaussian.</summary>
    /// <param name="noiseMultiplier">z, 0.01 to 10⁶.</param>
    /// <param name="samplingRate">q in [0, 1].</param>
    /// <param name="steps">T, 1 to 10⁹.</param>
    /// <param name="delta">δ in (0, 1).</param>
    public static PrivacyBound Epsilon(double noiseMultiplier, double samplingRate, long steps, double delta)
    {
        AccountingRange.NoiseMultiplier(noiseMultiplier);
        PrivacyBound bound = Epsilon(noiseMultiplier, 1, samplingRate, steps, delta, isDiscrete: false);

        // Losses of thousands leave the widest window; both figures are upper bounds.
        double renyi = SampledGaussian.Curve(noiseMultiplier, samplingRate, RenyiOrders.Default).Compose(steps).Epsilon(delta).Epsilon;
        return bound.Epsilon <= renyi ? bound : new PrivacyBound(renyi, null);
    }

    /// <summary>T steps of the Poisson-sampled discrete Gaussian with integer sensitivity, in one dimension.</summary>
    public static PrivacyBound EpsilonOfDiscrete(double sigma, int sensitivity, double samplingRate, long steps, double delta)
    {
        AccountingRange.Closed("sigma", sigma, AccountingRange.LeastNoiseMultiplier, 1e5);
        AccountingRange.Closed("sensitivity", sensitivity, 1, 1_000_000);
        AccountingRange.Closed("sensitivity over sigma", sensitivity / sigma, 1e-6, 100);
        PrivacyBound bound = Epsilon(sigma, sensitivity, samplingRate, steps, delta, isDiscrete: true);
        return double.IsFinite(bound.Epsilon)
            ? bound
            : throw new AccountingException(AccountingException.OutOfReach, "The losses leave the widest grid. Raise sigma or delta, or take fewer steps.");
    }

    private static PrivacyBound Epsilon(double sigma, double shift, double samplingRate, long steps, double delta, bool isDiscrete)
    {
        AccountingRange.SamplingRate(samplingRate);
        AccountingRange.Steps(steps);
        AccountingRange.Delta(delta);
        if (samplingRate == 0)
            return new PrivacyBound(0, null);

        // At q = 1 the two directions mirror each other.
        double epsilon = Direction(sigma, shift, samplingRate, steps, delta, isDiscrete, isAdding: false);

        // When adding no loss exceeds −log(1 − q), so that the direction can matter only above T of them.
        if (samplingRate < 1 && epsilon < -LogSpace.Log1p(-samplingRate) * steps)
            epsilon = Math.Max(epsilon, Direction(sigma, shift, samplingRate, steps, delta, isDiscrete, isAdding: true));
        return new PrivacyBound(epsilon, null);
    }

    private static double Direction(double sigma, double shift, double samplingRate, long steps, double delta, bool isDiscrete, bool isAdding)
    {
        (ShiftedNoise step, LossPlan plan) = Plan(LeastCut);
        if (plan.EpsilonBound <= 0)
            return 0;

        // For small q one rare jump of a single step dominates every moment: calling it infinite can cost less than carrying it along.
        (ShiftedNoise Step, LossPlan Plan) shorter = Plan(GreatestCut);
        if (shorter.Plan.EpsilonBound < 0.98 * plan.EpsilonBound)
            (step, plan) = shorter;
        if (plan.EpsilonBound <= 0)
            return 0;
        while (true)
        {
            TiltedComposition composition = new(plan, LossDiscretizer.Discretize(step, plan), steps);
            double epsilon = composition.Epsilon(delta);
            if (epsilon == 0 || !plan.Refine(composition.Slope, epsilon))
                return epsilon;
        }

        (ShiftedNoise Step, LossPlan Plan) Plan(double cut)
        {
            ShiftedNoise noise = new(sigma, shift, samplingRate, isDiscrete, isAdding, cut * delta / steps);
            return (noise, new LossPlan(noise, steps, delta * (1 - 2 * cut)));
        }
    }
}
