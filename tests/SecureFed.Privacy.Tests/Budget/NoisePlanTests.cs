using System.Diagnostics;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Renyi;
using SecureFed.Privacy.Budget;

namespace SecureFed.Privacy.Tests.Budget;

public sealed class NoisePlanTests
{
    /// <summary>The allowance for shares is the only difference: 2·10⁻⁹ of divergence per release.</summary>
    [Theory]
    [InlineData(1.0, 1e-5, 1.0, 1)]
    [InlineData(1.0, 1e-5, 1.0, 100)]
    [InlineData(3.0, 1e-6, 0.01, 1000)]
    [InlineData(0.5, 1e-9, 0.1, 300)]
    [InlineData(8.0, 1e-5, 0.5, 50)]
    [InlineData(100.0, 1e-5, 1.0, 10)]
    public void One_kind_needs_the_noise_that_calibration_finds_over_the_integer_orders(double epsilon, double delta, double q, int steps)
    {
        double calibrated = NoiseCalibration.NoiseMultiplier(epsilon, delta, q, steps, RenyiOrders.Integers);
        PlannedNoise noise = Assert.Single(NoisePlan.For([new PlannedRelease("model", steps, q, 1)], epsilon, delta).Releases);
        Assert.InRange(noise.NoiseMultiplier, calibrated * (1 - 1e-7), calibrated * (1 + 3e-5));
    }

    [Theory]
    [InlineData(1.0, 1e-5)]
    [InlineData(4.0, 1e-8)]
    public void Every_kind_gets_its_share_and_the_whole_schedule_fits_as_tightly_as_six_digits_allow(double epsilon, double delta)
    {
        PlannedRelease[] releases = [new("model", 11, 1, 0.8), new("clip", 200, 0.05, 0.15), new("scaling", 1, 1, 0.05)];
        NoisePlan plan = NoisePlan.For(releases, epsilon, delta);
        Assert.Equal(releases, plan.Releases.Select(noise => noise.Release));
        Assert.InRange(plan.Units, plan.Cap.Units * (1 - 1e-4), plan.Cap.Units);
        foreach (PlannedNoise noise in plan.Releases)
        {
            Assert.InRange(noise.Units * (double)noise.Release.Count / plan.Cap.Units, noise.Release.Share * (1 - 1e-4), noise.Release.Share);
            Assert.Equal(ReleaseCost.Units(noise.NoiseMultiplier, noise.Release.SamplingRate, plan.Cap.Order), noise.Units);
        }
    }

    [Fact]
    public void No_other_order_needs_less_noise_for_the_main_kind()
    {
        PlannedRelease[] releases = [new("model", 300, 0.02, 0.9), new("clip", 300, 0.02, 0.1)];
        NoisePlan plan = NoisePlan.For(releases, 2, 1e-6);
        double less = plan.Releases[0].NoiseMultiplier * (1 - 1e-5);
        for (int order = 2; order <= 256; order++)
        {
            long cap = BudgetCap.GreatestUnits(2, 1e-6, order);
            Assert.True(ReleaseCost.Product(ReleaseCost.Units(less, 0.02, order), 300) > cap * 0.9, $"order {order}");
        }
    }

    [Fact]
    public void The_multiplier_is_a_decimal_with_six_digits()
    {
        foreach (double epsilon in (double[])[0.3, 1, 7, 1000])
        {
            double z = NoisePlan.For([new PlannedRelease("model", 30, 1, 1)], epsilon, 1e-5).Releases[0].NoiseMultiplier;
            Assert.Equal(z, double.Parse(z.ToString("G6", System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public void Short_decimals_ascend_from_a_hundredth_to_a_million()
    {
        Assert.Equal(0.01, ShortDecimal.At(0));
        Assert.Equal(0.0100001, ShortDecimal.At(1));
        Assert.Equal(1e6, ShortDecimal.At(ShortDecimal.Count - 1));
        Assert.Equal(999999, ShortDecimal.At(ShortDecimal.Count - 2));
        for (int i = 899_990; i < ShortDecimal.Count - 1; i += i % 900_000 == 10 ? 899_980 : 1)
            Assert.True(ShortDecimal.At(i) < ShortDecimal.At(i + 1), $"{i}");
    }

    [Fact]
    public void A_target_out_of_reach_is_refused_with_an_epsilon_that_is_not()
    {
        PlannedRelease[] releases = [new("model", 1_000_000, 1, 0.5), new("clip", 1, 1, 0.5)];
        AccountingException refused = Assert.Throws<AccountingException>(() => NoisePlan.For(releases, 0.01, 1e-9));
        Assert.Equal(AccountingException.OutOfReach, refused.Code);
        string advised = refused.Message.Split("Ask for epsilon ")[1].Split(' ')[0];
        double epsilon = double.Parse(advised, System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(NoisePlan.For(releases, epsilon, 1e-9).Units > 0);
        Assert.Throws<AccountingException>(() => NoisePlan.For(releases, epsilon * 0.998, 1e-9));
    }

    [Fact]
    public void Plans_out_of_range_are_refused()
    {
        Refused([], "[1, 16]");
        Refused([new("model", 0, 1, 1)], "1 to 1,000,000,000");
        Refused([new("model", 1, 0, 1)], "(0, 1]");
        Refused([new("model", 1, 1.1, 1)], "(0, 1]");
        Refused([new("model", 1, 1, double.NaN)], "(0, 1]");
        Refused([new("model", 1, 1, 0.5)], "sum of the shares");
        Refused([new("model", 1, 1, 0.7), new("clip", 1, 1, 0.4)], "sum of the shares");
        Refused([new("model", 1, 1, 1), new("clip", 1, 1, 0)], "share of 'clip'");
    }

    /// <summary>The fastest of five: a busy machine must not fail it.</summary>
    [Fact]
    public void A_plan_of_a_million_rounds_is_made_in_a_tenth_of_a_second()
    {
        double best = Enumerable.Range(0, 5).Min(_ =>
        {
            long start = Stopwatch.GetTimestamp();
            NoisePlan.For([new PlannedRelease("model", 1_000_000, 1e-3, 0.9), new PlannedRelease("clip", 1_000_000, 1e-3, 0.1)], 2, 1e-6);
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        });
        Assert.InRange(best, 0, 100);
    }

    private static void Refused(PlannedRelease[] releases, string part)
    {
        AccountingException refused = Assert.Throws<AccountingException>(() => NoisePlan.For(releases, 1, 1e-5));
        Assert.Equal(AccountingException.OutOfRange, refused.Code);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }
}
