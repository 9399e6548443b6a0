using SecureFed.Privacy.Budget;

namespace SecureFed.Privacy.Updates;

/// <summary>Scales every segment down to its clip norm, then flattens the first one if the layout says so. Mandatory: there is no path to a protected update around it.</summary>
/// <remarks>
/// x ← x · min(1, C/‖x‖₂), McMahan et al. 2018, section 2.3 (flat clipping per segment). The floating-point result is not trusted:
/// <see cref="Quantizer"/> checks the integer norm exactly.
/// </remarks>
public static class Clipper
{
    public static ClippedUpdate Clip(ModelUpdate update)
    {
        double[] clipped = update.Values.ToArray();
        Clip(update.Layout, clipped);
        return new ClippedUpdate(update.Layout, clipped);
    }

    /// <summary>The same in place. Overwrites the count of a layout that has one, whatever stood there.</summary>
    internal static void Clip(UpdateLayout layout, Span<double> values)
    {
        int offset = 0;
        if (layout.CountsBelow)
        {
            (double largestOfFirst, double ratioOfFirst) = Norm(values[..layout.Segments[0].Length]);
            values[^1] = AdaptiveClip.Contribution(largestOfFirst * ratioOfFirst, layout.Segments[0].ClipNorm);
        }

        foreach (UpdateSegment segment in layout.Segments)
        {
            Span<double> part = values.Slice(offset, segment.Length);
            (double largest, double ratio) = Norm(part);
            double bound = segment.ClipNorm / ratio;
            if (largest > bound)
            {
                foreach (ref double value in part)
                    value = value / largest * bound;
            }

            offset += segment.Length;
        }

        layout.Flattening?.Apply(values[..layout.Segments[0].Length]);
    }

    /// <summary>The L2 norm as largest · ratio with ratio in [1, √d]: the product of the two may overflow, they do not.</summary>
    private static (double Largest, double Ratio) Norm(ReadOnlySpan<double> values)
    {
        double largest = 0;
        foreach (double value in values)
            largest = Math.Max(largest, Math.Abs(value));
        if (largest == 0)
            return (0, 1);
        double sum = 0;
        foreach (double value in values)
        {
            double ratio = value / largest;
            sum += ratio * ratio;
        }

        return (largest, Math.Sqrt(sum));
    }
}
