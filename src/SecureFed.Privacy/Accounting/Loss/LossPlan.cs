using SecureFed.Privacy.Accounting.Numerics;

namespace SecureFed.Privacy.Accounting.Loss;

/// <summary>Where a composition has to look: the tilt, the window of total losses and the grid, chosen from the moments of one step.</summary>
/// <remarks>
/// Only speed and tightness depend on this choice; soundness does not, because <see cref="TiltedComposition"/> bounds again, from the masses on the grid,
/// what leaves the window. K(λ) = log E[e^(λL)] is the divergence of order λ + 1 times λ, so the tilt is the order of the best Rényi bound, and under the
/// tilted distribution the total loss lies around the wanted ε.
/// </remarks>
internal sealed class LossPlan
{
    private const int LeastNodes = 400;
    private const int GreatestNodes = 2500;
    private const int NodesPerFeature = 12;
    private const int LeastLogCells = 13;
    private const int GreatestLogCells = 20;

    /// <summary>What wraps around the window may add to δ, relative.</summary>
    private const double WrapShare = 1e-6;

    /// <summary>Size at which windows are compared.</summary>
    private const int UsualLogCells = 19;

    /// <summary>Share of ε that the grid may add; the step from one size to the next is a factor of four.</summary>
    private const double GridShare = 3e-5;

    /// <summary>Width of the window relative to ε where the total hardly varies.</summary>
    private const double LeastWidth = 1e-6;

    private readonly double[] logMasses;
    private readonly double[] losses;
    private readonly double[] scratch;
    private readonly long steps;
    private readonly double order;
    private readonly double leastHigh;
    private readonly double logDelta;
    private double leastEpsilon;

    public LossPlan(ShiftedNoise step, long steps, double delta)
    {
        this.steps = steps;
        (logMasses, losses) = Sample(step);
        scratch = new double[losses.Length];
        logDelta = Math.Log(delta);
        (order, EpsilonBound) = BestBound(delta, isTail: false);
        if (EpsilonBound <= 0)
            return;
        (HighTilt, leastHigh) = BestBound(delta * 1e-7, isTail: true);
        leastEpsilon = Math.Max(EpsilonBound * 0.3, EpsilonBound - 6 * Math.Sqrt(steps * Curvature()));
        ChooseWindow();
        LogCells = LeastLogCells;
        Refine(order, EpsilonBound);
    }

    /// <summary>λ of the tilt.</summary>
    public double Tilt { get; private set; }

    /// <summary>ε of the best Rényi bound; not positive if ε = 0 is certain.</summary>
    public double EpsilonBound { get; }

    /// <summary>λ at which the probability above the window is bounded.</summary>
    public double HighTilt { get; }

    public double Low { get; private set; }

    public double High { get; private set; }

    /// <summary>Logarithm to base 2 of the number of grid cells.</summary>
    public int LogCells { get; private set; }

    /// <summary>Width of a cell.</summary>
    public double Interval => (High - Low) / ((1L << LogCells) - 4);

    /// <summary>K(λ) of one step, approximately.</summary>
    public double LogMoment(double lambda)
    {
        for (int i = 0; i < losses.Length; i++)
            scratch[i] = logMasses[i] + lambda * losses[i];
        return LogSpace.LogSum(scratch);
    }

    /// <summary>K'' at the best order: the variance of one tilted loss. Large where rare jumps dominate.</summary>
    private double Curvature()
    {
        double move = order * 0.05;
        return Math.Max(0, LogMoment(order + move) - 2 * LogMoment(order) + LogMoment(order - move)) / (move * move);
    }

    /// <summary>Takes a wider window or a finer grid if this one may cost more than its share of ε; false if it is good enough already.</summary>
    /// <remarks>
    /// A split keeps E[1] and E[e^−L], so e^(λL) grows by the factor 1 + λ(λ + 1)v/2 with v = h²/6 on average: (slope + 1)·v/2 per step in ε.
    /// </remarks>
    public bool Refine(double slope, double epsilon)
    {
        int before = LogCells;
        bool isWider = epsilon < leastEpsilon;
        if (isWider)
        {
            leastEpsilon = epsilon / 2;
            ChooseWindow();
        }

        while (LogCells < GreatestLogCells && (slope + 1) / 12 * steps * Interval * Interval > GridShare * epsilon)
            LogCells++;
        return isWider || LogCells > before;
    }

    /// <summary>The tilt at which rounding and grid together cost least: more tilt, less rounding, but a wider window.</summary>
    private void ChooseWindow()
    {
        double least = double.PositiveInfinity;
        for (int tenths = 10; tenths >= 0; tenths--)
        {
            double tilt = order * tenths / 10;
            double noise = Math.Exp(Math.Min(100, Math.Log(steps * TiltedComposition.Rounding) + steps * LogMoment(tilt) - tilt * leastEpsilon - logDelta));
            double low = Math.Min(LowEnd(tilt), leastEpsilon);
            double high = Math.Max(leastHigh, low + Math.Max(Width(tilt), LeastWidth * EpsilonBound));
            double interval = Math.ScaleB(high - low, -UsualLogCells);
            double cost = noise / order + (order + 1) / 12 * steps * interval * interval;
            if (cost < least)
            {
                least = cost;
                (Tilt, Low, High) = (tilt, low, high);
            }
        }
    }

    /// <summary>
    /// Width at which what leaves above and comes back by the tilt's weight e^(λW) too large is negligible: P[S &gt; ε + W]·e^(λW), by Chernoff.
    /// </summary>
    private double Width(double tilt)
    {
        double best = double.PositiveInfinity;
        for (double more = order * 0.05; more < order * 200; more *= 1.4)
        {
            double theta = tilt + more;
            best = Math.Min(best, (steps * LogMoment(theta) - theta * leastEpsilon - logDelta - Math.Log(WrapShare)) / more);
        }

        return best;
    }

    private static (double[] LogMasses, double[] Losses) Sample(ShiftedNoise step)
    {
        double width = step.Highest - step.Lowest;
        bool isEveryInteger = step.IsDiscrete && width < GreatestNodes;
        double feature = Math.Min(step.Sigma, step.Sigma * step.Sigma / step.Shift);
        int count = isEveryInteger ? (int)width + 1 : (int)Math.Clamp(NodesPerFeature * width / feature, LeastNodes, GreatestNodes);
        double spacing = isEveryInteger ? 1 : width / (count - 1);
        double[] weights = new double[count];
        double[] values = new double[count];
        for (int i = 0; i < count; i++)
        {
            double x = step.Lowest + i * spacing;
            values[i] = step.LossAt(x);
            weights[i] = step.LogDensityAt(x, values[i]) + Math.Log(spacing);
        }

        double total = LogSpace.LogSum(weights);
        for (int i = 0; i < count; i++)
            weights[i] -= total;
        return (weights, values);
    }

    /// <summary>The λ for which the conversion of <see cref="Renyi.RenyiCurve"/> is least, and its ε; for a tail the same with Chernoff's bound of P[S &gt; ε].</summary>
    private (double Tilt, double Epsilon) BestBound(double delta, bool isTail)
    {
        double Bound(double logLambda)
        {
            double lambda = Math.Exp(logLambda);
            double chernoff = (steps * LogMoment(lambda) - Math.Log(delta)) / lambda;
            return isTail ? chernoff : chernoff - LogSpace.Log1p(lambda) / lambda - LogSpace.Log1p(1 / lambda);
        }

        double best = Math.Log(1e-8);
        double least = Bound(best);
        for (double candidate = best; candidate < Math.Log(1e9); candidate += 0.5)
        {
            double bound = Bound(candidate);
            if (bound < least)
                (best, least) = (candidate, bound);
        }

        double low = best - 0.5;
        double high = best + 0.5;
        while (high - low > 1e-3)
        {
            double third = (high - low) / 3;
            if (Bound(low + third) < Bound(high - third))
                high -= third;
            else
                low += third;
        }

        best = (low + high) / 2;
        return (Math.Exp(best), Math.Min(least, Bound(best)));
    }

    /// <summary>Below this total loss the tilted distribution has a probability of at most 10⁻¹¹ (Chernoff's bound).</summary>
    private double LowEnd(double tilt)
    {
        double centre = LogMoment(tilt);
        double best = double.NegativeInfinity;
        for (double back = order * 0.01; back < order * 100; back *= 1.4)
            best = Math.Max(best, (Math.Log(1e-11) + steps * (centre - LogMoment(tilt - back))) / back);
        return best;
    }
}
