namespace SecureFed.Privacy.Updates;

/// <summary>Scales every segment down to its clip norm. Mandatory: there is no path to a protected update around it.</summary>
/// <remarks>
/// x ← x · min(1, C/‖x‖₂), McMahan et al. 2018, section 2.3 (flat clipping per segment). The floating-point result is not trusted:
/// <see cref="Quantizer"/> checks the integer norm exactly.
/// </remarks>
public static class Clipper
{
    public static ClippedUpdate Clip(ModelUpdate update)
    {
        double[] clipped = update.Values.ToArray();
        int offset = 0;
        foreach (UpdateSegment segment in update.Layout.Segments)
        {
            Span<double> part = clipped.AsSpan(offset, segment.Length);
            double norm = Norm(part);
            if (norm > segment.ClipNorm)
            {
                double factor = segment.ClipNorm / norm;
                foreach (ref double value in part)
                    value *= factor;
            }

            offset += segment.Length;
        }

        return new ClippedUpdate(update.Layout, clipped);
    }

    /// <summary>L2 norm without overflow for any finite input (values are divided by the largest first).</summary>
    private static double Norm(ReadOnlySpan<double> values)
    {
        double largest = 0;
        foreach (double value in values)
            largest = Math.Max(largest, Math.Abs(value));
        if (largest == 0)
            return 0;
        double sum = 0;
        foreach (double value in values)
        {
            double ratio = value / largest;
            sum += ratio * ratio;
        }

        return largest * Math.Sqrt(sum);
    }
}
