using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sampling;

namespace SecureFed.Cryptography.Tests.Sampling;

public sealed class DiscreteLaplaceTests
{
    [Theory]
    [InlineData("1/3")]
    [InlineData("1")]
    [InlineData("22/7")]
    [InlineData("7/22")]
    [InlineData("21/2")]
    [InlineData("1000")]
    public void Frequencies_are_those_of_the_exact_distribution(string scale)
    {
        Rational parameter = SamplerCases.Parse(scale);
        using KeyedRandomSource random = Seeded.Source("laplace" + scale);
        var samples = new long[1 << 20];
        new ExactDiscreteLaplace(parameter).Fill(samples, random);
        GoodnessOfFit.AssertFits(samples, ExactProbabilities.Laplace(parameter), (int)((double)parameter.Numerator / (double)parameter.Denominator));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1125899906842625")]
    [InlineData("1/1125899906842625")]
    [InlineData("4611686018427387905/4611686018427387904")]
    public void A_scale_outside_its_range_is_refused_and_the_range_named(string scale)
    {
        var refusal = Assert.Throws<ArgumentOutOfRangeException>(() => new ExactDiscreteLaplace(SamplerCases.Parse(scale)));
        Assert.Contains("from 2^-50 to 2^50", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1125899906842624")]
    [InlineData("1/1125899906842624")]
    [InlineData("4611686018427387903/4611686018427387902")]
    public void The_ends_of_the_range_are_accepted(string scale)
    {
        var samples = new long[1000];
        new ExactDiscreteLaplace(SamplerCases.Parse(scale)).Fill(samples, new HashStream("ends"));
        double mean = samples.Average(x => Math.Abs((double)x));
        // E|X| = 1/sinh(1/scale), near the scale when it is large; 1000 samples are within a third of it.
        if (scale == "1125899906842624") Assert.InRange(mean, Math.ScaleB(1, 49), Math.ScaleB(1.5, 50));
        if (scale == "1/1125899906842624") Assert.Equal(0, mean);
    }
}
