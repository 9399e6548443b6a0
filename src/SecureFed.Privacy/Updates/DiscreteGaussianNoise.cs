using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sampling;

namespace SecureFed.Privacy.Updates;

/// <summary>Adds an independent discrete Gaussian share to every coordinate: one of h that together make the claimed noise.</summary>
/// <remarks>
/// <para>Kairouz, Liu and Steinke 2021 (arXiv 2102.06387), Algorithm 1 (client's part): y + N_Z(0, σ²)ᵈ, integers throughout. The share's variance is
/// <see cref="NoiseShare.VarianceOf"/>: the shares of the honest survivors alone give σ_c = z·D₂, whatever the others add.</para>
/// <para>Assumes: a fresh CSPRNG for every call. Does not protect: a client that leaves its share out weakens the noise for itself and is among the c colluders.
/// The exact sampler's time depends on the noise; the whole vector is drawn in one call (threat-model.md, residual risks).</para>
/// </remarks>
/// <param name="shareVariance">σ², positive, at most 2^64.</param>
/// <param name="random">CSPRNG.</param>
public sealed class DiscreteGaussianNoise(Rational shareVariance, IRandomSource random) : INoiseMechanism
{
    private readonly ExactDiscreteGaussian sampler = new(shareVariance);

    public NoisedUpdate Add(QuantizedUpdate update)
    {
        long[] share = new long[update.Values.Length];
        sampler.Fill(share.AsSpan(), random);
        ReadOnlySpan<int> values = update.Values;
        int[] noised = new int[share.Length];
        for (int i = 0; i < noised.Length; i++)
            noised[i] = unchecked((int)share[i] + values[i]); // Modulo 2^32: the ring is meant. Wrapping is post-processing, it harms the sum and never privacy.
        Array.Clear(share);
        return new NoisedUpdate(update.Layout, noised, shareVariance);
    }
}
