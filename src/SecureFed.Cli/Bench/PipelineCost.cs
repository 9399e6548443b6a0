using System.Diagnostics;
using SecureFed.Client;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Updates;

namespace SecureFed.Cli.Bench;

/// <summary>Clip, round and noise one update, as a client does before it masks it.</summary>
/// <param name="Dimension">d.</param>
/// <param name="QuantizeSeconds">Clip, scale, round, check.</param>
/// <param name="NoiseSeconds">One share of noise.</param>
/// <param name="IsRight">The integers keep the norm bound and the noise has its variance.</param>
internal sealed record PipelineCost(int Dimension, double QuantizeSeconds, double NoiseSeconds, bool IsRight)
{
    private const double NoiseMultiplier = 1;
    private const int Clients = 100;

    public double Seconds => QuantizeSeconds + NoiseSeconds;

    public static PipelineCost Measure(int dimension)
    {
        UpdateLayout layout = NoiseScale.Choose([new UpdateSegment("delta", dimension, 1, 0)], 32, NoiseMultiplier, Clients);
        Rational share = NoiseShare.VarianceOf(layout, NoiseMultiplier, Clients);
        UpdatePipeline pipeline = new(OperatingSystemRandomSource.Instance);
        double[] update = [.. Enumerable.Range(0, dimension).Select(i => Math.Sin(i))];
        pipeline.AddNoise(pipeline.Quantize(layout, update), share);

        Stopwatch watch = Stopwatch.StartNew();
        QuantizedUpdate quantized = pipeline.Quantize(layout, update);
        double quantizeSeconds = watch.Elapsed.TotalSeconds;
        NoisedUpdate noised = pipeline.AddNoise(quantized, share);
        double seconds = watch.Elapsed.TotalSeconds;

        uint[] ring = new uint[dimension];
        noised.CopyTo(ring);
        int[] released = SumDecoder.ToIntegers(layout, ring);
        UInt128 norm = 0;
        double squares = 0;
        for (int i = 0; i < dimension; i++)
        {
            norm += (ulong)((long)quantized.Values[i] * quantized.Values[i]);
            squares += ((double)released[i] - quantized.Values[i]) * ((double)released[i] - quantized.Values[i]);
        }

        SamplerCost noise = new("share", 0, dimension, 1, squares / dimension / (double)share.Numerator);
        return new PipelineCost(dimension, quantizeSeconds, seconds - quantizeSeconds, norm <= layout.SquaredSensitivity && noise.IsRight);
    }
}
