using System.Numerics;

namespace SecureFed.Cryptography.Sampling;

/// <summary>The sigma^2 that both samplers accept.</summary>
internal static class GaussianParameter
{
    /// <summary>sigma at most 2^32: a sample that left the 64-bit range would lie 2^31 standard deviations out.</summary>
    private const int MaxBits = 64;

    /// <summary>sigma at least 2^-32; below sigma = 0.07 every sample is 0 but for one in 2^145.</summary>
    private const int MinBits = -64;

    /// <summary>sigma at most 2^25 for 32-bit samples: the range ends 64 standard deviations out, an event below exp(-2047).</summary>
    private const int MaxBitsForInt32 = 50;

    public static void RequireInRange(Rational sigmaSquared, string name)
    {
        if (sigmaSquared.Numerator.Sign > 0
            && sigmaSquared.Numerator <= sigmaSquared.Denominator << MaxBits
            && sigmaSquared.Numerator << -MinBits >= sigmaSquared.Denominator)
        {
            return;
        }

        throw new ArgumentOutOfRangeException(name, $"sigma^2 is from 2^{MinBits} to 2^{MaxBits}.");
    }

    public static void RequireFitsInt32(Rational sigmaSquared)
    {
        if (sigmaSquared.Numerator > sigmaSquared.Denominator << MaxBitsForInt32)
            throw new InvalidOperationException($"32-bit samples are for sigma^2 up to 2^{MaxBitsForInt32}; ask for 64-bit ones.");
    }

    /// <summary>floor(sigma).</summary>
    public static BigInteger FloorOfSigma(Rational sigmaSquared) => ExponentialEnclosure.SquareRoot(sigmaSquared.Numerator / sigmaSquared.Denominator);
}
