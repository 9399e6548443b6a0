using System.Diagnostics;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sampling;

namespace SecureFed.Cli.Bench;

/// <summary>What noise costs one core, with the mean square of what was drawn checked against the exact variance.</summary>
/// <param name="Sampler">Name.</param>
/// <param name="Sigma">σ in integer units.</param>
/// <param name="Samples">Draws.</param>
/// <param name="Seconds">Time.</param>
/// <param name="VarianceRatio">Mean square over σ².</param>
internal sealed record SamplerCost(string Sampler, double Sigma, int Samples, double Seconds, double VarianceRatio)
{
    private const double LogOfOdds = 21;

    public double SamplesPerSecond => Samples / Seconds;

    /// <summary>Strays farther once in 10⁹ runs: draws of a discrete Gaussian are subgaussian, so Laurent and Massart 2000, Lemma 1, holds up to a constant that 8 covers.</summary>
    public bool IsRight => Math.Abs(VarianceRatio - 1) < 8 * Math.Sqrt(2 * LogOfOdds / Samples);

    public static SamplerCost Measure(string name, IDiscreteGaussianSampler sampler, int samples)
    {
        double variance = (double)sampler.SigmaSquared.Numerator / (double)sampler.SigmaSquared.Denominator;
        int[] drawn = new int[samples];
        sampler.Fill(drawn.AsSpan(0, Math.Min(samples, 100_000)), OperatingSystemRandomSource.Instance);
        Stopwatch watch = Stopwatch.StartNew();
        sampler.Fill(drawn.AsSpan(), OperatingSystemRandomSource.Instance);
        double seconds = watch.Elapsed.TotalSeconds;
        double squares = 0;
        foreach (int value in drawn)
            squares += (double)value * value;
        return new SamplerCost(name, Math.Sqrt(variance), samples, seconds, squares / samples / variance);
    }
}
