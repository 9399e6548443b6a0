using System.Numerics;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Sampling;

/// <summary>Draws from the discrete Gaussian exactly: integers only, statistical distance zero. The default for noise, and the oracle of every other
/// sampler.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Reference</term><description>Canonne, Kamath, Steinke 2020 (arXiv 2004.00010), Algorithm 3; a trial is accepted with
/// probability near 0.76 for large sigma.</description></item>
/// <item><term>Parameters</term><description>sigma^2 a fraction from 2^-64 to 2^64, numerator and denominator of any size.</description></item>
/// <item><term>Assumes</term><description>A cryptographically strong source.</description></item>
/// <item><term>Not provided</term><description>Constant time: the time tells something about the samples (Jin et al., arXiv 2112.05307). Draw the
/// whole vector in one call before anything is sent, and pad the time of that call; or use <see
/// cref="ConstantTimeDiscreteGaussian"/>.</description></item>
/// </list>
/// Proof. t = floor(sigma) + 1, Y ~ Lap_Z(t), kept with probability exp(-(|Y| - sigma^2/t)^2 / (2 sigma^2)). The product with exp(-|Y|/t) is
/// exp(-Y^2/(2 sigma^2)) times a factor without Y. The exponent is found by <see cref="AcceptanceExponent"/>, which encloses it in words and falls
/// back on big integers when an enclosure leaves a coin open; so no coin is ever decided by a rounded number.
/// </remarks>
public sealed class ExactDiscreteGaussian : IDiscreteGaussianSampler
{
    /// <summary>Words that one sample takes on average, rounded up; only the size of the first batch depends on it.</summary>
    private const int WordsPerSample = 12;

    private readonly ulong t;
    private readonly AcceptanceExponent exponent;

    /// <param name="sigmaSquared">sigma^2, from 2^-64 to 2^64.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sigmaSquared"/> is outside its range.</exception>
    public ExactDiscreteGaussian(Rational sigmaSquared)
        : this(sigmaSquared, inWords: true)
    {
    }

    /// <summary>With <paramref name="inWords"/> false everything is done in big integers; the samples are the same.</summary>
    internal ExactDiscreteGaussian(Rational sigmaSquared, bool inWords)
    {
        GaussianParameter.RequireInRange(sigmaSquared, nameof(sigmaSquared));
        SigmaSquared = sigmaSquared;
        t = (ulong)(GaussianParameter.FloorOfSigma(sigmaSquared) + 1);
        exponent = new AcceptanceExponent(sigmaSquared, t, inWords);
    }

    /// <inheritdoc/>
    public Rational SigmaSquared { get; }

    /// <inheritdoc/>
    public Rational StatisticalDistance => Rational.Zero;

    /// <inheritdoc/>
    public void Fill(Span<long> destination, IRandomSource random)
    {
        Span<ulong> buffer = stackalloc ulong[RandomWords.BatchFor(destination.Length, WordsPerSample)];
        var words = new RandomWords(random, buffer);
        try
        {
            for (int i = 0; i < destination.Length; i++) destination[i] = Sample(ref words);
        }
        finally
        {
            words.Clear();
        }
    }

    /// <inheritdoc/>
    public void Fill(Span<int> destination, IRandomSource random)
    {
        GaussianParameter.RequireFitsInt32(SigmaSquared);
        Span<ulong> buffer = stackalloc ulong[RandomWords.BatchFor(destination.Length, WordsPerSample)];
        var words = new RandomWords(random, buffer);
        try
        {
            for (int i = 0; i < destination.Length; i++) destination[i] = (int)Sample(ref words);
        }
        finally
        {
            words.Clear();
        }
    }

    private long Sample(ref RandomWords words)
    {
        while (true)
        {
            (ulong u, ulong v) = ExactDiscreteLaplace.Magnitude(ref words, t);
            bool negative = words.NextBit();
            if (negative && u == 0 && v == 0) continue;
            if (!exponent.Accept(ref words, u, v)) continue;
            // Overflow would need V above 2^30, of probability exp(-2^30); the build is checked and would throw.
            long y = (long)(u + t * v);
            return negative ? -y : y;
        }
    }
}
