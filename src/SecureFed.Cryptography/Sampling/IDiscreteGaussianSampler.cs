using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Sampling;

/// <summary>Draws from the discrete Gaussian N_Z(0, sigma^2): Pr[x] proportional to exp(-x^2 / (2 sigma^2)) for every integer x.</summary>
/// <remarks>
/// Definition: Canonne, Kamath, Steinke 2020 (arXiv 2004.00010), Definition 1. sigma^2 is the parameter of the distribution; its variance is never
/// more than that, and equals it to 30 digits from sigma = 2 on. An instance holds no secret and keeps no state: it may be shared between threads
/// as long as each brings its own source. The source must be cryptographically strong: who can predict it can take the noise off again.
/// </remarks>
public interface IDiscreteGaussianSampler
{
    /// <summary>The parameter sigma^2, exact.</summary>
    Rational SigmaSquared { get; }

    /// <summary>A bound on the statistical distance (total variation) of one sample from N_Z(0, sigma^2); zero if the sampler is exact.</summary>
    /// <remarks>n independent samples are within n times this bound. An (epsilon, delta) guarantee becomes
    /// (epsilon, delta + (1 + e^epsilon) * n * bound).</remarks>
    Rational StatisticalDistance { get; }

    /// <summary>Overwrites all of <paramref name="destination"/> with independent samples.</summary>
    /// <param name="destination">Any length.</param>
    /// <param name="random">Consumed; what is drawn beyond the last sample is thrown away and zeroed.</param>
    void Fill(Span<long> destination, IRandomSource random);

    /// <summary>Overwrites all of <paramref name="destination"/> with independent samples.</summary>
    /// <param name="destination">Any length.</param>
    /// <param name="random">Consumed as by the other overload: the same bytes give the same samples.</param>
    /// <exception cref="InvalidOperationException">sigma^2 is above 2^50, so that samples might not fit; use 64 bits.</exception>
    void Fill(Span<int> destination, IRandomSource random);
}
