using System.Numerics;
using SecureFed.Cryptography.Sampling;

namespace SecureFed.Privacy.Updates;

/// <summary>How much noise one client adds, and the least that it may be.</summary>
public static class NoiseShare
{
    /// <summary>⌈z²·D₂²/h⌉: h such shares have at least the variance σ_c² = (z·D₂)². Exact, so that every client and auditor gets the same number.</summary>
    /// <param name="layout">The round's layout; D₂² is its <see cref="UpdateLayout.SquaredSensitivity"/>.</param>
    /// <param name="noiseMultiplier">z &gt; 0.</param>
    /// <param name="honest">h: honest survivors that the round guarantees, at least 2.</param>
    public static Rational VarianceOf(UpdateLayout layout, double noiseMultiplier, int honest)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(noiseMultiplier);
        ArgumentOutOfRangeException.ThrowIfLessThan(honest, 2);
        Rational z = Rational.FromDouble(noiseMultiplier);
        Rational share = z * z * new Rational(layout.SquaredSensitivity, honest);
        BigInteger floor = BigInteger.DivRem(share.Numerator, share.Denominator, out BigInteger rest);
        return new Rational(rest.IsZero ? floor : floor + 1, BigInteger.One);
    }

    /// <summary>The least σ of a share for which the sum of n shares is as good as one discrete Gaussian: 10·n·d·e^(−π²σ²) = 10⁻⁹.</summary>
    /// <remarks>DESIGN section 4, rule 2; then τ·d of Kairouz, Liu and Steinke 2021 is at most 10⁻⁹.</remarks>
    public static double LeastSigma(int clients, int dimension) => Math.Sqrt(Math.Log(1e10 * clients * dimension)) / Math.PI;
}
