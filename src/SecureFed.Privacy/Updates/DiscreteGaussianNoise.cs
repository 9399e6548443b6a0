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
    /// <summary>The greatest variance of samples in 32 bits, see <see cref="IDiscreteGaussianSampler"/>: far beyond what a ring of 32 bits bears from h >= 64 on.</summary>
    private static readonly Rational GreatestInPlace = 1L << 50;

    private readonly ExactDiscreteGaussian sampler = new(shareVariance);

    public NoisedUpdate Add(QuantizedUpdate update)
    {
        ReadOnlySpan<int> values = update.Values;
        int[] noised = Draw(values.Length);
        for (int i = 0; i < noised.Length; i++)
            noised[i] = unchecked(noised[i] + values[i]); // Modulo 2^32: the ring is meant. Wrapping is post-processing, it harms the sum and never privacy.
        return new NoisedUpdate(update.Layout, noised, shareVariance);
    }

    /// <summary>The share modulo 2^32. It is drawn where the noised update will stand: no second vector holds it.</summary>
    private int[] Draw(int length)
    {
        int[] share = new int[length];
        if (shareVariance <= GreatestInPlace)
        {
            sampler.Fill(share.AsSpan(), random);
            return share;
        }

        long[] wide = new long[length];
        sampler.Fill(wide.AsSpan(), random);
        for (int i = 0; i < length; i++)
            share[i] = unchecked((int)wide[i]);
        Array.Clear(wide);
        return share;
    }
}
