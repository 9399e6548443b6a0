namespace SecureFed.Learning.Vectors;

/// <summary>Standard deviations of the noise in a decoded sum: one per segment, each for every coordinate of it, in the units of the values.</summary>
internal static class NoiseDeviations
{
    /// <exception cref="ArgumentException">Not one per segment, or one that is negative or not finite.</exception>
    public static void Require(VectorLayout layout, ReadOnlySpan<double> deviations)
    {
        if (deviations.Length != layout.Segments.Count)
        {
            throw new ArgumentException($"{deviations.Length} noise deviations do not fit {layout.Segments.Count} segments.", nameof(deviations));
        }

        foreach (double deviation in deviations)
        {
            if (!double.IsFinite(deviation) || deviation < 0)
            {
                throw new ArgumentException("A noise deviation is finite and not negative.", nameof(deviations));
            }
        }
    }

    /// <summary>Standard error of the ratio a/b of two noisy numbers, to first order.</summary>
    public static double OfRatio(double a, double noiseOfA, double b, double noiseOfB)
    {
        double ratio = a / b;
        return Math.Sqrt((noiseOfA * noiseOfA) + (ratio * ratio * noiseOfB * noiseOfB)) / Math.Abs(b);
    }
}
