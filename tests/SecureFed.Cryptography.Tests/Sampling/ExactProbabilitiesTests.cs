using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace SecureFed.Cryptography.Tests.Sampling;

public sealed class ExactProbabilitiesTests
{
    [Fact]
    public void Probabilities_of_the_oracle_equal_those_of_mpmath()
    {
        foreach (JsonElement vector in Vector.Cases("discrete-gaussian.json", "gaussian")) AssertPoints(vector, ExactProbabilities.Gaussian(vector.Fraction()));
        foreach (JsonElement vector in Vector.Cases("discrete-gaussian.json", "laplace")) AssertPoints(vector, ExactProbabilities.Laplace(vector.Fraction()));
    }

    private static void AssertPoints(JsonElement vector, ExactProbabilities exact)
    {
        foreach (JsonElement point in vector.GetProperty("points").EnumerateArray())
        {
            BigInteger expected = FixedPoint(point.Text("probability"));
            // 38 of the 40 digits.
            Assert.True(BigInteger.Abs(exact[point.GetProperty("x").GetInt64()] - expected) <= expected / BigInteger.Pow(10, 38) + 1);
        }
    }

    /// <summary>2^400 times a decimal fraction such as 1.23e-45.</summary>
    private static BigInteger FixedPoint(string text)
    {
        string[] parts = text.Split('e');
        int exponent = parts.Length == 2 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0;
        int point = parts[0].IndexOf('.', StringComparison.Ordinal);
        BigInteger digits = BigInteger.Parse(parts[0].Remove(point, 1), CultureInfo.InvariantCulture);
        int power = exponent - (parts[0].Length - point - 1);
        return (digits << ExactProbabilities.Bits) / BigInteger.Pow(10, -power);
    }
}
