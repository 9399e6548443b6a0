using System.Globalization;
using System.Numerics;
using System.Text.Json;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sampling;

namespace SecureFed.Cryptography.Tests.Sampling;

/// <summary>The parameters that every Gaussian sampler is tested with, and how a test draws.</summary>
internal static class SamplerCases
{
    /// <summary>sigma = 0.3, 1, sqrt(7/3), 3.25, 4.6, 10.5, 1000.</summary>
    public static readonly string[] SigmaSquared = ["9/100", "1", "7/3", "169/16", "529/25", "441/4", "1000000"];

    public static Rational Parse(string text)
    {
        string[] parts = text.Split('/');
        return new Rational(Integer(parts[0]), parts.Length == 1 ? 1 : Integer(parts[1]));
    }

    public static Rational Fraction(this JsonElement element) =>
        new(Integer(element.Text("numerator")), Integer(element.Text("denominator")));

    public static long[] Draw(this IDiscreteGaussianSampler sampler, int count, IRandomSource random)
    {
        var samples = new long[count];
        sampler.Fill(samples, random);
        return samples;
    }

    public static IDiscreteGaussianSampler Create(string kind, Rational sigmaSquared) => kind switch
    {
        "exact" => new ExactDiscreteGaussian(sigmaSquared),
        "constant-time" => new ConstantTimeDiscreteGaussian(sigmaSquared),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>Whole sigma, for the width of bins.</summary>
    public static int Width(Rational sigmaSquared) => (int)Math.Sqrt((double)sigmaSquared.Numerator / (double)sigmaSquared.Denominator);

    private static BigInteger Integer(string digits) => BigInteger.Parse(digits, CultureInfo.InvariantCulture);
}
