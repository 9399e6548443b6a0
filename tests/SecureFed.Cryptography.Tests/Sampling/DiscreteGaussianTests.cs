using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sampling;

namespace SecureFed.Cryptography.Tests.Sampling;

/// <summary>What holds for every implementation of <see cref="IDiscreteGaussianSampler"/>.</summary>
public sealed class DiscreteGaussianTests
{
    private const int Samples = 1 << 20;

    public static TheoryData<string, string> All()
    {
        var data = new TheoryData<string, string>();
        foreach (string sigmaSquared in SamplerCases.SigmaSquared)
        {
            data.Add("exact", sigmaSquared);
            data.Add("constant-time", sigmaSquared);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Frequencies_are_those_of_the_exact_distribution(string kind, string sigmaSquared)
    {
        Rational parameter = SamplerCases.Parse(sigmaSquared);
        using KeyedRandomSource random = Seeded.Source("frequencies" + kind + sigmaSquared);
        long[] samples = SamplerCases.Create(kind, parameter).Draw(Samples, random);
        GoodnessOfFit.AssertFits(samples, ExactProbabilities.Gaussian(parameter), SamplerCases.Width(parameter));
    }

    [Fact]
    public void Rounded_floating_point_noise_does_not_pass()
    {
        // Pr[0] of a rounded normal number is 0.383, where N_Z(0, 1) has 0.399.
        using KeyedRandomSource random = Seeded.Source("rounded");
        var samples = new long[100_000];
        for (int i = 0; i < samples.Length; i++) samples[i] = (long)Math.Round(Math.Sqrt(-2 * Math.Log(Unit())) * Math.Cos(2 * Math.PI * Unit()));
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => GoodnessOfFit.AssertFits(samples, ExactProbabilities.Gaussian(1), 1));

        double Unit() => (BitConverter.ToUInt64(random.Bytes(8)) + 1.0) / Math.ScaleB(1, 64);
    }

    [Fact]
    public void A_sigma_one_percent_off_does_not_pass()
    {
        using KeyedRandomSource random = Seeded.Source("one percent");
        long[] samples = new ExactDiscreteGaussian(Rational.FromDecimal(1010m * 1010m)).Draw(Samples, random);
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => GoodnessOfFit.AssertFits(samples, ExactProbabilities.Gaussian(1_000_000), 1000));
    }

    [Theory]
    [InlineData("exact", 16)]
    [InlineData("constant-time", 16)]
    [InlineData("constant-time", 19)]
    [InlineData("constant-time", 93)]
    public void Residues_are_uniform_when_sigma_is_far_wider_than_the_modulus(string kind, int modulus)
    {
        // exp(-2 pi^2 (sigma/modulus)^2) bounds the deviation; at 1000/93 that is below 10^-900. A lattice left by the coefficients would show.
        using KeyedRandomSource random = Seeded.Source("residues" + kind + modulus);
        var counts = new long[modulus];
        foreach (long sample in SamplerCases.Create(kind, 1_000_000).Draw(Samples, random)) counts[(sample % modulus + modulus) % modulus]++;
        GoodnessOfFit.AssertUniform(counts);
    }

    [Theory]
    [InlineData("exact")]
    [InlineData("constant-time")]
    public void Neighbouring_samples_are_independent(string kind)
    {
        // Residues mod 4 of pairs one apart, one block apart and two blocks apart fall into 16 equal classes.
        using KeyedRandomSource random = Seeded.Source("pairs" + kind);
        long[] samples = SamplerCases.Create(kind, 10_000).Draw(Samples, random);
        foreach (int distance in (int[])[1, 32, 64])
        {
            var counts = new long[16];
            for (int i = distance; i < samples.Length; i++) counts[4 * Class(samples[i]) + Class(samples[i - distance])]++;
            GoodnessOfFit.AssertUniform(counts);
        }

        static int Class(long x) => (int)(x & 3);
    }

    [Theory]
    [InlineData("7/3")]
    [InlineData("441/4")]
    [InlineData("1000000")]
    public void Both_samplers_draw_from_one_distribution(string sigmaSquared)
    {
        // Two-sample chi-square over bins of about an eighth of sigma; the two samples are of equal size.
        Rational parameter = SamplerCases.Parse(sigmaSquared);
        int step = Math.Max(1, SamplerCases.Width(parameter) / 8);
        using KeyedRandomSource random = Seeded.Source("both" + sigmaSquared);
        long[] exact = new ExactDiscreteGaussian(parameter).Draw(Samples, random);
        long[] table = new ConstantTimeDiscreteGaussian(parameter).Draw(Samples, random);
        GoodnessOfFit.AssertSameDistribution(exact.Select(x => x / step), table.Select(x => x / step));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Same_bytes_give_the_same_samples_in_32_and_64_bits(string kind, string sigmaSquared)
    {
        IDiscreteGaussianSampler sampler = SamplerCases.Create(kind, SamplerCases.Parse(sigmaSquared));
        foreach (int count in (int[])[0, 1, 31, 32, 33, 1000])
        {
            using KeyedRandomSource first = Seeded.Source("same");
            using KeyedRandomSource second = Seeded.Source("same");
            var narrow = new int[count];
            sampler.Fill(narrow, second);
            Assert.Equal(sampler.Draw(count, first), narrow.Select(x => (long)x));
        }
    }

    [Theory]
    [InlineData("exact")]
    [InlineData("constant-time")]
    public void A_second_call_and_another_key_give_other_samples(string kind)
    {
        IDiscreteGaussianSampler sampler = SamplerCases.Create(kind, 10_000);
        using KeyedRandomSource random = Seeded.Source("first key");
        using KeyedRandomSource other = Seeded.Source("second key");
        long[] first = sampler.Draw(100, random);
        Assert.NotEqual(first, sampler.Draw(100, random));
        Assert.NotEqual(first, sampler.Draw(100, other));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1/18446744073709551617")]
    [InlineData("18446744073709551617")]
    [InlineData("36893488147419103233/2")]
    public void Sigma_squared_outside_its_range_is_refused_and_the_range_named(string sigmaSquared)
    {
        foreach (string kind in (string[])["exact", "constant-time"])
        {
            var refusal = Assert.Throws<ArgumentOutOfRangeException>(() => SamplerCases.Create(kind, SamplerCases.Parse(sigmaSquared)));
            Assert.Contains("from 2^-64 to 2^64", refusal.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("exact")]
    [InlineData("constant-time")]
    public void The_ends_of_the_range_are_accepted(string kind)
    {
        using KeyedRandomSource random = Seeded.Source("ends" + kind);
        Assert.All(SamplerCases.Create(kind, SamplerCases.Parse("1/18446744073709551616")).Draw(100, random), x => Assert.Equal(0, x));
        // Out of 100 samples at sigma = 2^32 the largest is between one and eight sigma, but for once in 10^14.
        long largest = SamplerCases.Create(kind, SamplerCases.Parse("18446744073709551616")).Draw(100, random).Max(Math.Abs);
        Assert.InRange(largest, 1L << 32, 1L << 35);
    }

    [Theory]
    [InlineData("exact")]
    [InlineData("constant-time")]
    public void Samples_that_might_not_fit_32_bits_are_refused(string kind)
    {
        IDiscreteGaussianSampler wide = SamplerCases.Create(kind, (1L << 50) + 1);
        Assert.Throws<InvalidOperationException>(() => wide.Fill(new int[1], new HashStream("wide")));
        SamplerCases.Create(kind, 1L << 50).Fill(new int[40], new HashStream("wide"));
    }
}
