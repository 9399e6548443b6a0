using System.Numerics;
using MathNet.Numerics.IntegralTransforms;
using SecureFed.Privacy.Accounting.Loss;

namespace SecureFed.Privacy.Tests.Accounting;

/// <summary>The same figure by another road: no tilt, a midpoint rule, a fixed window, and the sums over the tail written out.</summary>
public sealed class UntiltedCompositionTests
{
    private const int Cells = 1 << 20;
    private const int Points = 1_000_000;

    [Theory]
    [InlineData(1.0, 0.01, 1000, 1e-5, -4, 8)]
    [InlineData(1.0, 1e-4, 100_000, 1e-7, -0.5, 0.6)]
    [InlineData(0.8, 1e-5, 100_000, 1e-8, -0.1, 0.2)]
    public void Agrees_with_the_accountant_to_a_few_parts_in_ten_thousand(double z, double q, long steps, double delta, double low, double high)
    {
        double interval = (high - low) / Cells;
        double excluded = 1e-5 * delta / steps;
        Complex[] masses = Single(new ShiftedNoise(z, 1, q, isDiscrete: false, isAdding: false, excluded), interval, excluded);
        Fourier.Forward(masses, FourierOptions.NoScaling);
        for (int i = 0; i < Cells; i++)
            masses[i] = masses[i] == Complex.Zero ? Complex.Zero : Complex.Exp(steps * Complex.Log(masses[i]));
        Fourier.Inverse(masses, FourierOptions.NoScaling);
        double expected = Solve(masses, interval, low, high, delta * (1 - 1e-5));
        Assert.InRange(PrivacyLossAccountant.Epsilon(z, q, steps, delta).Epsilon / expected, 1 - 3e-4, 1 + 3e-4);
    }

    private static Complex[] Single(ShiftedNoise step, double interval, double excluded)
    {
        LossGrid grid = new(interval, step.LeastLoss, step.GreatestLoss);
        double width = (step.Highest - step.Lowest) / Points;
        for (int i = 0; i < Points; i++)
        {
            double x = step.Lowest + (i + 0.5) * width;
            double loss = step.LossAt(x);
            grid.Add(loss, width * Math.Exp(step.LogDensityAt(x, loss)));
        }

        grid.Complete(excluded);
        Complex[] masses = new Complex[Cells];
        for (int i = 0; i < grid.Masses.Length; i++)
            masses[(int)((grid.First + i) & (Cells - 1))] += grid.Masses[i];
        return masses;
    }

    private static double Solve(Complex[] totals, double interval, double low, double high, double delta)
    {
        double mass = 0;
        double discounted = 0;
        for (long j = (long)(high / interval); j > (long)(low / interval); j--)
        {
            double probability = totals[(int)(j & (Cells - 1))].Real / Cells;
            mass += probability;
            discounted += probability * Math.Exp(-j * interval);
            if (mass - Math.Exp((j - 1) * interval) * discounted >= delta)
                return (j - 1) * interval;
        }

        return double.NaN;
    }
}
