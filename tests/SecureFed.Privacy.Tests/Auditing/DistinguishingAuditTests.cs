using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Accounting.Mechanisms;
using SecureFed.Privacy.Auditing.Statistics;

namespace SecureFed.Privacy.Tests.Auditing;

public sealed class DistinguishingAuditTests
{
    /// <summary>Perfect separation: ln of the two closed-form bounds, (α/2)^(1/n) and 1 − (α/2)^(1/n).</summary>
    [Fact]
    public void Perfect_separation_is_worth_the_logarithm_of_the_runs()
    {
        Assert.Equal(Expected(1000, 0.005), DistinguishingAudit.EpsilonLower(new GuessCounts(1000, 1000, 0, 1000), 1e-5, 0.99), 1e-4);
        // Of 2,000 runs the first 400 choose two thresholds, as there are two different scores.
        double[] with = Enumerable.Repeat(256.0, 2000).ToArray();
        Assert.Equal(Expected(1600, 0.0025), DistinguishingAudit.EpsilonLower(with, new double[2000], 1e-5, 0.99), 1e-4);

        static double Expected(int runs, double error)
        {
            double root = Math.Pow(error, 1.0 / runs);
            return Math.Log((root - 1e-5) / (1 - root));
        }
    }

    /// <summary>Counts are turned into the bound by the definition, with tails computed exactly.</summary>
    [Theory]
    [InlineData(80, 20, 0.01)]
    [InlineData(195, 100, 0.01)]
    [InlineData(50, 50, 0.2)]
    public void The_bound_is_the_larger_of_the_two_directions(int hits, int alarms, double delta)
    {
        double low = ExactBound(p => ExactBinomial.AtLeast(hits, 200, p) <= 0.005, rising: true);
        double high = ExactBound(p => ExactBinomial.AtMost(alarms, 200, p) <= 0.005, rising: false);
        double forward = low > delta ? Math.Log((low - delta) / high) : 0;
        double mirrored = 1 - high > delta ? Math.Log((1 - high - delta) / (1 - low)) : 0;
        double expected = Math.Max(0, Math.Max(forward, mirrored));
        Assert.Equal(expected, DistinguishingAudit.EpsilonLower(new GuessCounts(hits, 200, alarms, 200), delta, 0.99), 1e-6);
    }

    [Fact]
    public void Exchanging_the_worlds_does_not_change_the_bound()
    {
        double bound = DistinguishingAudit.EpsilonLower(new GuessCounts(395, 400, 300, 400), 0.01, 0.99);
        Assert.Equal(bound, DistinguishingAudit.EpsilonLower(new GuessCounts(100, 400, 5, 400), 0.01, 0.99), 1e-9);
        Assert.True(bound > 1);
    }

    /// <summary>The error of the procedure is at most 1 %; 300 audits of a mechanism at its exact ε then fail more than 9 times with probability below 0.0012.</summary>
    [Fact]
    public void Audits_of_a_mechanism_at_its_exact_epsilon_rarely_exceed_it()
    {
        const int sigma = 3;
        double delta = DiscreteGaussian.Delta(sigma, 3, 1);
        using KeyedRandomSource random = Seeded.Source("distinguishing audit, coverage");
        ExactDiscreteGaussian sampler = new(sigma * sigma);
        long[] noise = new long[1000];
        int exceeded = 0;
        double greatest = 0;
        for (int audit = 0; audit < 300; audit++)
        {
            sampler.Fill(noise, random);
            double[] with = noise[..500].Select(x => (double)(x + 3)).ToArray();
            double[] without = noise[500..].Select(x => (double)x).ToArray();
            double bound = DistinguishingAudit.EpsilonLower(with, without, delta, 0.99);
            exceeded += bound > 1 ? 1 : 0;
            greatest = Math.Max(greatest, bound);
        }

        Assert.InRange(exceeded, 0, 9);
        Assert.InRange(greatest, 0.3, 1.5); // It is no bound that holds because it is always zero.
    }

    /// <summary>Randomised response with ε = ln 9 is what the inequality is tight for: with 20,000 runs the bound comes within 15 %.</summary>
    [Fact]
    public void Randomised_response_is_measured_closely()
    {
        GuessCounts expected = new(9000, 10000, 1000, 10000);
        double bound = DistinguishingAudit.EpsilonLower(expected, 0, 0.99);
        Assert.InRange(bound, 0.85 * Math.Log(9), Math.Log(9));
    }

    private static double ExactBound(Func<Rational, bool> holds, bool rising)
    {
        (double low, double high) = (0, 1);
        for (int i = 0; i < 32; i++)
        {
            double middle = (low + high) / 2;
            if (holds(Rational.FromDouble(middle)) == rising)
                low = middle;
            else
                high = middle;
        }

        return rising ? low : high;
    }
}
