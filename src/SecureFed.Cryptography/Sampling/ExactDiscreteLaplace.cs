using System.Runtime.CompilerServices;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Sampling;

/// <summary>Draws from the discrete Laplace distribution Lap_Z(scale): Pr[x] proportional to exp(-|x| / scale) for every integer x. Exact.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Reference</term><description>Canonne, Kamath, Steinke 2020 (arXiv 2004.00010), Algorithm 2; also called two-sided
/// geometric.</description></item>
/// <item><term>Parameters</term><description>scale = t/s, a fraction from 2^-50 to 2^50 with t and s below 2^62.</description></item>
/// <item><term>Assumes</term><description>A cryptographically strong source.</description></item>
/// <item><term>Not provided</term><description>Constant time: the time tells something about the samples (Jin et al., arXiv 2112.05307). Draw the
/// whole vector at once, before anything is sent.</description></item>
/// </list>
/// Proof. U uniform in [0, t), kept with probability exp(-U/t), and V geometric with ratio 1/e make X = U + t*V geometric: Pr[X] is proportional to
/// exp(-U/t) * exp(-V) = exp(-X/t). Y = floor(X/s) collects s neighbours, Pr[Y] proportional to exp(-Y*s/t). A random sign with (-, 0) rejected gives
/// every magnitude but 0 twice and 0 once. Every coin is exact (<see cref="Bernoulli"/>), and rejection only renormalises.
/// </remarks>
public sealed class ExactDiscreteLaplace
{
    private const int MaxScaleBits = 50;
    private const int MaxPartBits = 62;

    /// <summary>Words that one sample takes on average, rounded up; only the size of the first batch depends on it.</summary>
    private const int WordsPerSample = 8;

    private readonly ulong t;
    private readonly ulong s;

    /// <param name="scale">Greater is wider; for sensitivity Delta and pure epsilon it is Delta/epsilon.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="scale"/> is outside its range.</exception>
    public ExactDiscreteLaplace(Rational scale)
    {
        if (scale.Numerator.Sign <= 0
            || scale.Numerator > scale.Denominator << MaxScaleBits
            || scale.Numerator << MaxScaleBits < scale.Denominator
            || scale.Numerator.GetBitLength() > MaxPartBits
            || scale.Denominator.GetBitLength() > MaxPartBits)
        {
            throw new ArgumentOutOfRangeException(
                nameof(scale), $"The scale is from 2^-{MaxScaleBits} to 2^{MaxScaleBits}, as a fraction of integers below 2^{MaxPartBits}.");
        }

        Scale = scale;
        t = (ulong)scale.Numerator;
        s = (ulong)scale.Denominator;
    }

    public Rational Scale { get; }

    /// <summary>Overwrites all of <paramref name="destination"/> with independent samples.</summary>
    /// <param name="destination">Any length.</param>
    /// <param name="random">Consumed; what is drawn beyond the last sample is thrown away and zeroed.</param>
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

    /// <summary>The loop of Algorithm 2 up to X: the remainder U and the quotient V of X by t.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (ulong U, ulong V) Magnitude(ref RandomWords words, ulong t)
    {
        ulong u;
        do
        {
            u = Bernoulli.UniformBelow(ref words, t);
        }
        while (!Bernoulli.Exponential(ref words, u, t));

        return (u, Bernoulli.Geometric(ref words));
    }

    private long Sample(ref RandomWords words)
    {
        while (true)
        {
            (ulong u, ulong v) = Magnitude(ref words, t);
            // 128 bits hold any V below 2^66; a magnitude that leaves 63 bits has probability below exp(-2^13) and throws.
            UInt128 x = u + (UInt128)t * v;
            long y = s == 1 ? (long)x : (long)(x / s);
            bool negative = words.NextBit();
            if (negative && y == 0) continue;
            return negative ? -y : y;
        }
    }
}
