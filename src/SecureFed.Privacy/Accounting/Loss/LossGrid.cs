using SecureFed.Privacy.Accounting.Numerics;

namespace SecureFed.Privacy.Accounting.Loss;

/// <summary>A privacy-loss distribution on multiples of an interval that dominates the one put into it.</summary>
/// <remarks>
/// "Connect the dots" (Doroshenko, Ghazi, Kamath, Kumar and Manurangsi 2022, arXiv 2207.04380): the probability p at a loss l between two grid points a
/// and b = a + h is split so that both the probability and its e^(−l) multiple are kept: the share (1 − e^(a−l))/(1 − e^(−h)) goes up. Since
/// (1 − e^(ε−l))₊ is convex in e^(−l), every δ(ε) can only grow, and at the grid points of a single step it does not change at all.
/// </remarks>
internal sealed class LossGrid
{
    private readonly double[] masses;
    private readonly double wholeShare;

    /// <param name="interval">Width of a cell.</param>
    /// <param name="floor">Lower losses are raised to it.</param>
    /// <param name="ceiling">Higher losses count as infinite.</param>
    public LossGrid(double interval, double floor, double ceiling)
    {
        Interval = interval;
        Floor = floor;
        Ceiling = ceiling;
        First = (long)Math.Floor(floor / interval) - 1;
        long last = (long)Math.Ceiling(ceiling / interval) + 2;
        masses = new double[last - First + 1];
        wholeShare = -LogSpace.Expm1(-interval);
    }

    public double Interval { get; }

    public double Floor { get; }

    public double Ceiling { get; }

    /// <summary>Index of the first cell: its loss is First · interval.</summary>
    public long First { get; }

    public ReadOnlySpan<double> Masses => masses;

    /// <summary>Probability of an infinite loss in one step.</summary>
    public double Infinite { get; private set; }

    public void Add(double loss, double mass)
    {
        if (loss > Ceiling)
        {
            Infinite += mass;
            return;
        }

        loss = Math.Max(loss, Floor);
        long cell = (long)Math.Floor(loss / Interval);
        double rest = Math.Clamp(loss - cell * Interval, 0, Interval);
        double up = mass * (-LogSpace.Expm1(-rest) / wholeShare);
        masses[cell + 1 - First] += up;
        masses[cell - First] += Math.Max(0, mass - up);
    }

    /// <summary>Counts <paramref name="excluded"/> as infinite and makes the total exactly one: the rest belongs to the cut below and to rounding.</summary>
    public void Complete(double excluded)
    {
        Infinite += excluded;
        CompensatedSum sum = default;
        int largest = 0;
        for (int i = 0; i < masses.Length; i++)
        {
            sum.Add(masses[i]);
            if (masses[i] > masses[largest])
                largest = i;
        }

        masses[largest] += 1 - Infinite - sum.Value;
    }
}
