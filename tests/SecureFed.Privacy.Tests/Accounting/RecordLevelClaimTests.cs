using SecureFed.Privacy.Accounting.Claims;
using SecureFed.Privacy.Accounting.Mechanisms;
using SecureFed.Privacy.Accounting.Renyi;

namespace SecureFed.Privacy.Tests.Accounting;

/// <summary>Each step of the argument beside <see cref="RecordLevelClaim"/>, by direct summation.</summary>
public sealed class RecordLevelClaimTests
{
    [Theory]
    [InlineData(0.7, 1, 0.1)]
    [InlineData(2.0, 1, 0.01)]
    [InlineData(3.3, 5, 0.5)]
    [InlineData(10.0, 7, 0.001)]
    public void At_integer_orders_an_integer_shift_of_the_discrete_Gaussian_costs_exactly_what_the_continuous_one_costs(double sigma, int shift, double q)
    {
        double[] noise = Pmf(sigma, 3000);
        foreach (int order in (int[])[2, 3, 5, 8])
        {
            (double removing, double adding) = Divergences(noise, shift, q, order);
            double continuous = SampledGaussian.Divergence(sigma / shift, q, order);
            Assert.Equal(continuous, removing, Math.Max(1e-13, continuous * 1e-9));
            Assert.True(adding <= removing + 1e-13);
        }
    }

    [Fact]
    public void At_fractional_orders_it_can_cost_more()
    {
        (double removing, _) = Divergences(Pmf(0.3, 200), 1, 0.1, 1.5);
        Assert.NotEqual(SampledGaussian.Divergence(0.3, 0.1, 1.5), removing, 1e-3);
    }

    [Fact]
    public void The_inequality_of_the_reflection_holds_at_every_ratio()
    {
        for (double q = 0; q <= 1; q += 0.01)
        {
            for (double log = 0; log < 20; log += 0.05)
            {
                double r = Math.Exp(log);
                foreach (double order in (double[])[1.1, 2, 3, 10, 64])
                {
                    double left = Difference(1 - q + q * r, order);
                    double right = r * Difference(1 - q + q / r, order);
                    Assert.True(left + right >= -1e-9 * Math.Abs(left), $"q={q} r={r} order={order}");
                }
            }
        }

        static double Difference(double m, double order) => Math.Pow(m, order) - Math.Pow(m, 1 - order);
    }

    [Theory]
    [InlineData(0.5, 2)]
    [InlineData(0.5, 8)]
    [InlineData(0.7, 3)]
    [InlineData(0.7, 20)]
    [InlineData(1.0, 5)]
    public void The_sum_of_shares_lies_within_half_tau_of_one_discrete_Gaussian(double sigma, int clients)
    {
        double[] share = Pmf(sigma, 40);
        double[] sum = share;
        for (int i = 1; i < clients; i++)
            sum = Convolve(sum, share);
        double[] ideal = Pmf(sigma * Math.Sqrt(clients), sum.Length / 2);
        double half = DistributedDiscreteGaussian.SumTau(clients, sigma) / 2;
        for (int i = 0; i < sum.Length; i++)
        {
            if (ideal[i] > 1e-200 && sum[i] > 1e-200 && Math.Abs(i - sum.Length / 2) < 20)
                Assert.InRange(Math.Log(sum[i] / ideal[i]), -half - 1e-12, half + 1e-12);
        }
    }

    [Theory]
    [InlineData(0.6, 4, 2, 0.2)]
    [InlineData(0.8, 3, 1, 0.05)]
    public void The_claim_bounds_the_true_divergence_of_the_sum_of_shares_in_both_directions(double sigma, int clients, int shift, double q)
    {
        double[] share = Pmf(sigma, 60);
        double[] sum = share;
        for (int i = 1; i < clients; i++)
            sum = Convolve(sum, share);
        RenyiCurve claim = RecordLevelClaim.Curve(new RecordSchedule(sigma * Math.Sqrt(clients) / shift, q, 1, clients, 1, sigma));
        foreach (int order in (int[])[2, 3, 6])
        {
            (double removing, double adding) = Divergences(sum, shift, q, order);
            Assert.True(Math.Max(removing, adding) <= claim.Divergences[order - 2]);
        }
    }

    [Fact]
    public void The_claim_is_the_integer_orders_when_tau_is_negligible_and_says_what_the_references_say()
    {
        RecordSchedule schedule = new(1.2, 0.05, 300, 70, 5000, 40);
        PrivacyComparison comparison = RecordLevelClaim.Compare(schedule, 1e-5);
        Assert.Equal(SampledGaussian.Curve(1.2, 0.05, RenyiOrders.Integers).Compose(300).Epsilon(1e-5), comparison.Claim);
        Assert.True(comparison.Claim.Epsilon >= comparison.FractionalReference.Epsilon && comparison.FractionalReference.Epsilon > comparison.LossReference.Epsilon);
        Assert.Empty(comparison.Findings);
    }

    [Fact]
    public void Accountants_that_lie_apart_are_named()
    {
        PrivacyComparison comparison = RecordLevelClaim.Compare(new RecordSchedule(1, 1e-4, 1000, 70, 5000, 40), 1e-7);
        string finding = Assert.Single(comparison.Findings);
        Assert.Contains("25 %", finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_little_local_noise_shows_in_the_claim()
    {
        double enough = RecordLevelClaim.Epsilon(new RecordSchedule(1.2, 0.05, 300, 70, 100_000, 2.5), 1e-5).Epsilon;
        double tooLittle = RecordLevelClaim.Epsilon(new RecordSchedule(1.2, 0.05, 300, 70, 100_000, 0.8), 1e-5).Epsilon;
        Assert.True(tooLittle > 100 * enough);
    }

    private static double[] Pmf(double sigma, int reach)
    {
        double[] weights = [.. Enumerable.Range(-reach, 2 * reach + 1).Select(x => Math.Exp(-x * (double)x / (2 * sigma * sigma)))];
        double total = weights.Sum();
        return [.. weights.Select(w => w / total)];
    }

    private static double[] Convolve(double[] first, double[] second)
    {
        double[] result = new double[first.Length + second.Length - 1];
        for (int i = 0; i < first.Length; i++)
        {
            for (int j = 0; j < second.Length; j++)
                result[i + j] += first[i] * second[j];
        }

        return result;
    }

    /// <summary>Divergences of the mixture from the noise and back, summed where both are representable.</summary>
    private static (double Removing, double Adding) Divergences(double[] noise, int shift, double q, double order)
    {
        double removing = 0;
        double adding = 0;
        for (int i = shift; i < noise.Length; i++)
        {
            double plain = noise[i];
            double mixed = (1 - q) * plain + q * noise[i - shift];
            if (plain < 1e-290 || mixed < 1e-290)
                continue;
            removing += plain * Math.Pow(mixed / plain, order);
            adding += plain * Math.Pow(mixed / plain, 1 - order);
        }

        return (Math.Log(removing) / (order - 1), Math.Log(adding) / (order - 1));
    }
}
