using MathNet.Numerics.Integration;

namespace SecureFed.Privacy.Accounting.Loss;

/// <summary>Puts one step on a grid.</summary>
/// <remarks>
/// The real line is cut where the loss crosses a grid point, so that within a piece the share that goes up is smooth; wide pieces are cut again to half of
/// min(σ, σ²). Gauss–Legendre with 2 points (narrow) or 8 points (wide) then errs by less than 10⁻¹² of the piece.
/// </remarks>
internal static class LossDiscretizer
{
    /// <summary>Pieces below this fraction of min(σ, σ²) take two points.</summary>
    private const double Narrow = 0.002;

    private static readonly GaussLegendreRule Two = new(-1, 1, 2);
    private static readonly GaussLegendreRule Eight = new(-1, 1, 8);

    /// <param name="step">One step.</param>
    /// <param name="plan">Gives the interval. Single losses more than a window's width outside the window are raised, or counted as infinite.</param>
    public static LossGrid Discretize(ShiftedNoise step, LossPlan plan)
    {
        double width = plan.High - plan.Low;
        LossGrid grid = new(plan.Interval, Math.Max(step.LeastLoss, -width), Math.Min(step.GreatestLoss, plan.High + width));
        if (step.IsDiscrete)
            AddAtoms(grid, step);
        else
            AddPieces(grid, step);
        grid.Complete(step.Excluded);
        return grid;
    }

    private static void AddAtoms(LossGrid grid, ShiftedNoise step)
    {
        for (double x = step.Lowest; x <= step.Highest; x++)
        {
            double loss = step.LossAt(x);
            grid.Add(loss, Math.Exp(step.LogDensityAt(x, loss)));
        }
    }

    private static void AddPieces(LossGrid grid, ShiftedNoise step)
    {
        double atFloor = Math.Clamp(step.PointAt(grid.Floor), step.Lowest, step.Highest);
        double atCeiling = Math.Clamp(step.PointAt(grid.Ceiling), step.Lowest, step.Highest);
        double start = Math.Min(atFloor, atCeiling);
        double last = Math.Max(atFloor, atCeiling);
        AddPiece(grid, step, step.Lowest, start);
        while (start < last)
        {
            double cell = step.LossAt(start) / grid.Interval;
            long next = step.IsAdding ? (long)Math.Ceiling(cell) - 1 : (long)Math.Floor(cell) + 1;
            double end = step.PointAt(next * grid.Interval);

            // A crossing that rounding places at or before the start is passed already.
            while (end <= start)
                end = step.PointAt((step.IsAdding ? --next : ++next) * grid.Interval);
            end = Math.Min(end, last);
            AddPiece(grid, step, start, end);
            start = end;
        }

        AddPiece(grid, step, last, step.Highest);
    }

    private static void AddPiece(LossGrid grid, ShiftedNoise step, double start, double end)
    {
        if (end <= start)
            return;
        double unit = Math.Min(step.Sigma, step.Sigma * step.Sigma / step.Shift);
        GaussLegendreRule rule = end - start <= Narrow * unit ? Two : Eight;
        int panels = Math.Max(1, (int)Math.Ceiling((end - start) / (unit / 2)));
        double half = (end - start) / panels / 2;
        for (int panel = 0; panel < panels; panel++)
        {
            double centre = start + (2 * panel + 1) * half;
            for (int i = 0; i < rule.Order; i++)
            {
                double x = centre + half * rule.Abscissas[i];
                double loss = step.LossAt(x);
                grid.Add(loss, half * rule.Weights[i] * Math.Exp(step.LogDensityAt(x, loss)));
            }
        }
    }
}
