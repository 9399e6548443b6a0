namespace SecureFed.Learning.Data;

/// <summary>Draws from a symmetric Dirichlet distribution.</summary>
/// <remarks>
/// Normalised gamma variables (Devroye 1986, chapter XI.4), these by Marsaglia and Tsang 2000 ("A simple method for generating gamma variables") for a shape of at least 1, and below by
/// G(a) = G(a + 1)·U^(1/a). Computed in logarithms: with a parameter of 0.001 all of U^(1/a) would be 0.
/// </remarks>
internal static class DirichletDraw
{
    /// <summary>Proportions that add up to 1.</summary>
    public static double[] Draw(DeterministicSequence random, int length, double concentration)
    {
        double[] draw = new double[length];
        for (int i = 0; i < length; i++)
        {
            draw[i] = LogGamma(random, concentration);
        }

        double largest = draw.Max();
        double sum = 0;
        foreach (ref double x in draw.AsSpan())
        {
            x = Math.Exp(x - largest);
            sum += x;
        }

        foreach (ref double x in draw.AsSpan())
        {
            x /= sum;
        }

        return draw;
    }

    /// <summary>The logarithm of a gamma variable with the given shape and scale 1.</summary>
    private static double LogGamma(DeterministicSequence random, double shape)
    {
        if (shape < 1)
        {
            return LogGamma(random, shape + 1) + (Math.Log(1 - random.NextDouble()) / shape);
        }

        double d = shape - (1.0 / 3);
        double c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double x = random.NextGaussian();
            double v = 1 + (c * x);
            if (v <= 0)
            {
                continue;
            }

            double logV = 3 * Math.Log(v);
            if (Math.Log(1 - random.NextDouble()) < (x * x / 2) + d - (d * v * v * v) + (d * logV))
            {
                return Math.Log(d) + logV;
            }
        }
    }
}
