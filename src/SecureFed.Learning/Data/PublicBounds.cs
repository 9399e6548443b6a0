namespace SecureFed.Learning.Data;

/// <summary>Round bounds for a task that is made from one file, by the party that owns the whole file.</summary>
/// <remarks>
/// In production the task's schema states bounds from domain knowledge (an age lies in 0 to 120); bounds read off the rows say something
/// about the rows. Widening outward to round numbers keeps a trial simple and hides the exact extremes; it is no privacy mechanism.
/// </remarks>
public static class PublicBounds
{
    /// <summary>The nearest multiples of a power of ten that enclose the values; the power is that of their range.</summary>
    /// <returns>Lower bound at most <paramref name="minimum"/>, upper at least <paramref name="maximum"/>; equal for a constant column.</returns>
    public static (double Lower, double Upper) Enclose(double minimum, double maximum)
    {
        if (maximum <= minimum)
        {
            return (minimum, minimum);
        }

        double step = Math.Pow(10, Math.Floor(Math.Log10(maximum - minimum)));
        double lower = Math.Floor(minimum / step) * step;
        double upper = Math.Ceiling(maximum / step) * step;

        // A step such as 0.001 is not exact in binary, so the product may fall inside the values by one unit in the last place.
        return (Math.Min(lower, minimum), Math.Max(upper, maximum));
    }

    /// <summary>The next of 1, 2, 5, 10, 20, 50, ... that is at least <paramref name="rows"/>: a public maximum of rows per client.</summary>
    public static int RowMaximum(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, 1_000_000_000);
        long power = 1;
        while (10 * power < rows)
        {
            power *= 10;
        }

        foreach (int factor in (ReadOnlySpan<int>)[1, 2, 5])
        {
            if (factor * power >= rows)
            {
                return (int)(factor * power);
            }
        }

        return (int)(10 * power);
    }
}
