using SecureFed.Privacy.Accounting.Mechanisms;
using SecureFed.Privacy.Accounting.Numerics;

namespace SecureFed.Privacy.Accounting.Loss;

/// <summary>One step of the (sampled) Gaussian, continuous or discrete, in one of the two directions of add-or-remove-one.</summary>
/// <remarks>
/// Noise N of standard deviation σ, mixture M = (1 − q)·N + q·N shifted by Δ. Removing compares M with N: loss L(x) = log(1 − q + q·e^z),
/// z = (2xΔ − Δ²)/2σ², x ~ M. Adding compares N with M: loss −L(x), x ~ N. Both are monotone in x. Values of probability below
/// <see cref="Excluded"/> on either side are cut off: high losses count as certain disclosure, low ones are raised to the cut.
/// </remarks>
internal sealed class ShiftedNoise
{
    private readonly double variance;
    private readonly double logNormaliser;

    /// <param name="sigma">σ.</param>
    /// <param name="shift">Δ.</param>
    /// <param name="samplingRate">q in (0, 1].</param>
    /// <param name="isDiscrete">On the integers.</param>
    /// <param name="isAdding">The direction that compares N with M.</param>
    /// <param name="excluded">Probability that may be cut off on each side.</param>
    public ShiftedNoise(double sigma, double shift, double samplingRate, bool isDiscrete, bool isAdding, double excluded)
    {
        Sigma = sigma;
        Shift = shift;
        SamplingRate = samplingRate;
        IsDiscrete = isDiscrete;
        IsAdding = isAdding;
        Excluded = excluded;
        variance = sigma * sigma;
        logNormaliser = isDiscrete ? DiscreteGaussian.LogNormaliser(sigma) : Math.Log(sigma) + NormalTail.LogSqrtTwoPi;

        // P[|Y| >= rσ] <= 2e^(−r²/2) for the Gaussian and the discrete Gaussian (CKS 2020, Corollary 17 with Chernoff's bound).
        double reach = sigma * Math.Sqrt(2 * Math.Log(2 / excluded));
        Lowest = isDiscrete ? Math.Ceiling(-reach) : -reach;
        Highest = isAdding
            ? -Lowest
            : isDiscrete ? HighestAtom(Math.Floor(shift + reach)) : Bisection.Least(sigma, shift + reach, 1e-6, x => Beyond(x) <= excluded);
    }

    public double Sigma { get; }

    public double Shift { get; }

    public double SamplingRate { get; }

    public bool IsDiscrete { get; }

    public bool IsAdding { get; }

    /// <summary>Bound on the probability cut off on each side.</summary>
    public double Excluded { get; }

    /// <summary>Least x that is not cut off.</summary>
    public double Lowest { get; }

    /// <summary>Greatest x that is not cut off.</summary>
    public double Highest { get; }

    public double LeastLoss => Math.Min(LossAt(Lowest), LossAt(Highest));

    public double GreatestLoss => Math.Max(LossAt(Lowest), LossAt(Highest));

    public double LossAt(double x)
    {
        double log = LogRatio(x);
        return IsAdding ? -log : log;
    }

    /// <summary>Logarithm of the density (or probability) of x under the first distribution of the pair.</summary>
    public double LogDensityAt(double x, double loss)
    {
        double noise = -x * x / (2 * variance) - logNormaliser;
        return IsAdding ? noise : noise + loss;
    }

    /// <summary>The x with that loss; infinite outside the range of losses.</summary>
    public double PointAt(double loss)
    {
        double log = IsAdding ? -loss : loss;
        double ratio = SamplingRate == 1
            ? log
            : log > 600
                ? log - Math.Log(SamplingRate)
                : Math.Log(Math.Max(0, (LogSpace.Expm1(log) + SamplingRate) / SamplingRate));
        return (ratio * variance / Shift) + Shift / 2;
    }

    /// <summary>Probability above x when removing. Rare samples make rare high losses: the tightest cut matters for small q.</summary>
    private double Beyond(double x) =>
        SamplingRate * NormalTail.Survival((x - Shift) / Sigma) + (1 - SamplingRate) * NormalTail.Survival(x / Sigma);

    private double HighestAtom(double far)
    {
        CompensatedSum beyond = default;
        beyond.Add(Excluded * 1e-3);
        for (double x = far; ; x--)
        {
            beyond.Add(Math.Exp(LogDensityAt(x, LossAt(x))));
            if (beyond.Value > Excluded)
                return x;
        }
    }

    private double LogRatio(double x) => LogSpace.LogMixture(SamplingRate, (2 * x - Shift) * Shift / (2 * variance));
}
