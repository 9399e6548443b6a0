using System.Text.Json;
using SecureFed.Cryptography.Sampling;

namespace SecureFed.Cryptography.Tests.Sampling;

/// <summary>Sample by sample what an independent program in fractions and mpmath makes of the same bytes.</summary>
public sealed class KnownSamplesTests
{
    private const string File = "discrete-gaussian-samples.json";

    [Fact]
    public void Exact_Gaussian_samples_equal_those_of_the_reference_in_Python()
    {
        foreach (JsonElement vector in Vector.Cases(File, "gaussian"))
        {
            long[] expected = Longs(vector);
            Assert.Equal(expected, new ExactDiscreteGaussian(vector.Fraction()).Draw(expected.Length, new HashStream(vector.Text("name"))));
            Assert.Equal(expected, new ExactDiscreteGaussian(vector.Fraction(), inWords: false).Draw(expected.Length, new HashStream(vector.Text("name"))));
        }
    }

    [Fact]
    public void Laplace_samples_equal_those_of_the_reference_in_Python()
    {
        foreach (JsonElement vector in Vector.Cases(File, "laplace"))
        {
            var samples = new long[Longs(vector).Length];
            new ExactDiscreteLaplace(vector.Fraction()).Fill(samples, new HashStream(vector.Text("name")));
            Assert.Equal(Longs(vector), samples);
        }
    }

    [Fact]
    public void Constant_time_samples_equal_those_of_the_reference_in_Python()
    {
        foreach (JsonElement vector in Vector.Cases(File, "constant_time"))
        {
            long[] expected = Longs(vector);
            Assert.Equal(vector.Integers("coefficients").Select(a => (long)a), Convolution.For(vector.Fraction()).Coefficients);
            foreach (ScanWidth width in Enum.GetValues<ScanWidth>())
            {
                var sampler = new ConstantTimeDiscreteGaussian(vector.Fraction(), width);
                Assert.Equal(expected, sampler.Draw(expected.Length, new HashStream(vector.Text("name"))));
            }
        }
    }

    private static long[] Longs(JsonElement vector) => [.. vector.GetProperty("samples").EnumerateArray().Select(e => e.GetInt64())];
}
