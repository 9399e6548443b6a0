using System.Numerics;
using SecureFed.Cryptography.Sampling;

namespace SecureFed.Cryptography.Tests.Sampling;

public sealed class ConvolutionTests
{
    [Theory]
    [InlineData("9/100", 1)]
    [InlineData("529/25", 1)]
    [InlineData("900", 2)]
    [InlineData("10000", 3)]
    [InlineData("10001/2", 3)]
    public void Distance_of_what_is_drawn_from_the_ideal_is_below_the_stated_bound(string sigmaSquared, int terms)
    {
        // The distribution that the tables and coefficients produce, computed in full, without sampling.
        Rational parameter = SamplerCases.Parse(sigmaSquared);
        var sampler = new ConstantTimeDiscreteGaussian(parameter);
        Convolution convolution = Convolution.For(parameter);
        Assert.Equal(terms, convolution.Coefficients.Length);

        BigInteger[] entries = CumulativeTableTests.Entries(new CumulativeTable(convolution.BaseSigmaSquared));
        Dictionary<long, BigInteger> drawn = new() { [0] = BigInteger.One << ExactProbabilities.Bits };
        foreach (long a in convolution.Coefficients) drawn = Add(drawn, a, entries);

        ExactProbabilities ideal = ExactProbabilities.Gaussian(parameter);
        BigInteger sum = BigInteger.Zero;
        for (long x = -2L * ideal.Largest; x <= 2L * ideal.Largest; x++) sum += BigInteger.Abs(ideal[x] - drawn.GetValueOrDefault(x));
        Rational distance = new(sum, BigInteger.One << (ExactProbabilities.Bits + 1));
        Assert.True(distance <= sampler.StatisticalDistance, $"{(double)sum / Math.ScaleB(1, 401)}");
        Assert.True(distance * (1 << 20) > sampler.StatisticalDistance, "The stated bound should not be empty.");
    }

    [Theory]
    [InlineData("1/18446744073709551616")]
    [InlineData("1")]
    [InlineData("115/5")]
    [InlineData("7777/13")]
    [InlineData("1000000")]
    [InlineData("1000000007/2994733059")]
    [InlineData("1152921504606846976")]
    [InlineData("18446744073709551616")]
    public void Variances_add_up_exactly_and_every_step_is_smooth(string sigmaSquared)
    {
        Rational parameter = SamplerCases.Parse(sigmaSquared);
        Convolution convolution = Convolution.For(parameter);
        Assert.Equal(1, convolution.Coefficients[0]);
        Rational sum = Rational.Zero;
        foreach (long a in convolution.Coefficients)
        {
            Rational next = sum + new Rational((BigInteger)a * a, 1);
            if (sum > 0) Assert.True(convolution.BaseSigmaSquared * sum / next >= new Rational(23, 5));
            sum = next;
        }

        Assert.Equal(parameter, convolution.BaseSigmaSquared * sum);
        Assert.True(new ConstantTimeDiscreteGaussian(parameter).StatisticalDistance < new Rational(1, BigInteger.One << 115));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(100)]
    [InlineData(4097)]
    public void A_shorter_vector_is_a_prefix_of_a_longer_one(int length)
    {
        foreach (Rational parameter in (Rational[])[1, 1_000_000])
        {
            var sampler = new ConstantTimeDiscreteGaussian(parameter);
            long[] longer = sampler.Draw(5000, new HashStream("prefix"));
            Assert.Equal(longer[..length], sampler.Draw(length, new HashStream("prefix")));
        }
    }

    private static Dictionary<long, BigInteger> Add(Dictionary<long, BigInteger> distribution, long a, BigInteger[] entries)
    {
        Dictionary<long, BigInteger> result = [];
        foreach ((long x, BigInteger probability) in distribution)
        {
            for (int magnitude = 0; magnitude <= entries.Length; magnitude++)
            {
                BigInteger upper = magnitude == entries.Length ? BigInteger.One << CumulativeTable.Bits : entries[magnitude];
                BigInteger weight = (upper - (magnitude == 0 ? 0 : entries[magnitude - 1])) * probability >> (CumulativeTable.Bits + 1);
                result[x + a * magnitude] = result.GetValueOrDefault(x + a * magnitude) + weight;
                result[x - a * magnitude] = result.GetValueOrDefault(x - a * magnitude) + weight;
            }
        }

        return result;
    }
}
