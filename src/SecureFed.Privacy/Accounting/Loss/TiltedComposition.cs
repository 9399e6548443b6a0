using System.Numerics;
using MathNet.Numerics.IntegralTransforms;
using SecureFed.Privacy.Accounting.Numerics;

namespace SecureFed.Privacy.Accounting.Loss;

/// <summary>T-fold convolution of a loss distribution by one Fourier transform.</summary>
/// <remarks>
/// <para>Self-composition by FFT: Koskela, Jälkö and Honkela 2020. The rounding of a transform is absolute, about T·10⁻¹⁶ of the largest value, which
/// would swamp a δ of 10⁻⁹. So the masses are tilted first, m → m·e^(λl − K(λ)) (as in Grübel and Hermesmeier 1999): the tilted total is centred near
/// the wanted ε, and tilting back leaves a relative error.</para>
/// <para>The transform is cyclic. Totals above the window would come back as small losses: their probability, at most e^(T·K(θ) − θ·high) by Chernoff with
/// K of the masses on the grid, is added to δ. Totals below the window come back as large losses, which can only raise δ.</para>
/// </remarks>
internal sealed class TiltedComposition
{
    /// <summary>Relative allowance for the rounding of masses and sums.</summary>
    private const double Margin = 1e-6;

    /// <summary>Rounding of the T-th power of the transform, per step and relative to the tilted total: ten times what is expected.</summary>
    public const double Rounding = 1e-15;

    private readonly LossPlan plan;
    private readonly LossGrid grid;
    private readonly long steps;
    private readonly double logMoment;

    public TiltedComposition(LossPlan plan, LossGrid grid, long steps)
    {
        this.plan = plan;
        this.grid = grid;
        this.steps = steps;
        logMoment = LogMoment(plan.Tilt, plan.LogMoment(plan.Tilt));
    }

    /// <summary>The least ε, rounded up on the safe side, at which the composition has at most <paramref name="delta"/>.</summary>
    /// <param name="delta">δ: what was cut off is taken from it here.</param>
    /// <returns>Infinity where the window or the range of a double does not hold the distribution.</returns>
    public double Epsilon(double delta)
    {
        long first = (long)Math.Ceiling(plan.Low / grid.Interval);
        int cells = 1 << plan.LogCells;
        double overflow = Overflow((first + cells) * grid.Interval, delta);

        double target = delta * (1 - Margin) - overflow - steps * grid.Infinite;
        if (!(target > 0) || !double.IsFinite(logMoment))
            return double.PositiveInfinity;
        double[] totals = Compose(cells, first);
        return Scan(totals, first, target);
    }

    /// <summary>−d log δ/dε at the answer: the tilt that the tail really has.</summary>
    public double Slope { get; private set; }

    /// <summary>Bound on the probability of a total at or above <paramref name="beyond"/>.</summary>
    private double Overflow(double beyond, double delta)
    {
        if (steps * (double)(grid.First + grid.Masses.Length) * grid.Interval < beyond)
            return 0;
        double least = 1;
        for (double theta = plan.HighTilt; theta > plan.HighTilt / 20 && least > delta * 1e-6; theta *= 0.6)
            least = Math.Min(least, Math.Exp(Math.Min(0, steps * LogMoment(theta, plan.LogMoment(theta)) - theta * beyond)));
        return least;
    }

    /// <summary>K(λ) of the masses on the grid; <paramref name="near"/> keeps the terms within the range of a double.</summary>
    private double LogMoment(double lambda, double near)
    {
        CompensatedSum sum = default;
        ReadOnlySpan<double> masses = grid.Masses;
        for (int i = 0; i < masses.Length; i++)
        {
            if (masses[i] > 0)
                sum.Add(masses[i] * Math.Exp(lambda * ((grid.First + i) * grid.Interval) - near));
        }

        return near + Math.Log(sum.Value);
    }

    /// <summary>Tilted probabilities of the totals first, first + 1, … in grid units.</summary>
    private double[] Compose(int cells, long first)
    {
        Complex[] spectrum = new Complex[cells];
        ReadOnlySpan<double> masses = grid.Masses;
        for (int i = 0; i < masses.Length; i++)
        {
            long index = grid.First + i;
            if (masses[i] > 0)
                spectrum[Modulo(index, cells)] += masses[i] * Math.Exp(plan.Tilt * (index * grid.Interval) - logMoment);
        }

        Fourier.Forward(spectrum, FourierOptions.NoScaling);
        for (int i = 0; i <= cells / 2; i++)
        {
            spectrum[i] = Power(spectrum[i]);
            if (i > 0)
                spectrum[cells - i] = Complex.Conjugate(spectrum[i]);
        }

        Fourier.Inverse(spectrum, FourierOptions.NoScaling);
        double[] totals = new double[cells];
        for (int i = 0; i < cells; i++)
            totals[i] = Math.Max(0, spectrum[Modulo(first + i, cells)].Real / cells);
        return totals;
    }

    private Complex Power(Complex value)
    {
        double logMagnitude = 0.5 * Math.Log(value.Real * value.Real + value.Imaginary * value.Imaginary) * steps;
        if (!(logMagnitude > -80))
            return Complex.Zero;
        double phase = Math.IEEERemainder(Math.Atan2(value.Imaginary, value.Real) * steps, 2 * Math.PI);
        return Complex.FromPolarCoordinates(Math.Exp(logMagnitude), phase);
    }

    /// <summary>Goes down from the top of the window until δ(ε) reaches the target.</summary>
    /// <remarks>
    /// With E(j) = Σ_{i&gt;j} e^(l_j − l_i)·p_i the recurrences δ_{j−1} = δ_j + (1 − e^−h)(E_j + p_j) and E_{j−1} = e^−h·(E_j + p_j) add positive numbers only.
    /// Between grid points δ is linear in e^ε.
    /// </remarks>
    private double Scan(double[] totals, long first, double target)
    {
        double shrink = Math.Exp(-grid.Interval);
        double share = -LogSpace.Expm1(-grid.Interval);
        double logTarget = Math.Log(target);
        double above = 0;
        double delta = 0;
        for (int i = totals.Length - 1; i >= 1; i--)
        {
            double loss = (first + i) * grid.Interval;

            // In units of the target: the exponent is bounded, as tilted probabilities are at most one.
            double reached = above + totals[i] * Math.Exp(steps * logMoment - plan.Tilt * loss - logTarget);
            double next = delta + share * reached;
            double allowed = 1 - steps * Rounding * Math.Exp(steps * logMoment - plan.Tilt * loss - logTarget);
            if (!double.IsFinite(next) || double.IsNaN(allowed))
                return double.PositiveInfinity;
            if (next >= allowed)
            {
                double part = Math.Min(1, (next - allowed) / (next - delta));
                Slope = reached / next;
                return Math.Max(0, loss - grid.Interval + LogSpace.Log1p(part * LogSpace.Expm1(grid.Interval)));
            }

            if (loss - grid.Interval <= 0)
                return 0;
            delta = next;
            above = shrink * reached;
        }

        // δ stays below the target down to the low end of the window: that end is a sound answer, if not the tightest.
        return Math.Max(0, first * grid.Interval);
    }

    private static int Modulo(long index, int cells) => (int)(index & (cells - 1));
}
