using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Claims;
using SecureFed.Privacy.Accounting.Loss;
using SecureFed.Privacy.Accounting.Mechanisms;
using SecureFed.Privacy.Accounting.Renyi;

namespace SecureFed.Privacy.Tests.Accounting;

public sealed class AccountingRangeTests
{
    [Theory]
    [InlineData(double.NaN, 0.1, 10, 1e-5, "[0.01, 1E+06]")]
    [InlineData(double.PositiveInfinity, 0.1, 10, 1e-5, "[0.01, 1E+06]")]
    [InlineData(-1, 0.1, 10, 1e-5, "[0.01, 1E+06]")]
    [InlineData(0, 0.1, 10, 1e-5, "[0.01, 1E+06]")]
    [InlineData(1e-200, 0.1, 10, 1e-5, "[0.01, 1E+06]")]
    [InlineData(1, -0.1, 10, 1e-5, "[0, 1]")]
    [InlineData(1, 1.0001, 10, 1e-5, "[0, 1]")]
    [InlineData(1, double.NaN, 10, 1e-5, "[0, 1]")]
    [InlineData(1, 0.1, 0, 1e-5, "1 to 1,000,000,000")]
    [InlineData(1, 0.1, -1, 1e-5, "1 to 1,000,000,000")]
    [InlineData(1, 0.1, long.MaxValue, 1e-5, "1 to 1,000,000,000")]
    [InlineData(1, 0.1, 10, 0, "[1e-100, 1)")]
    [InlineData(1, 0.1, 10, 1, "[1e-100, 1)")]
    [InlineData(1, 0.1, 10, -1e-5, "[1e-100, 1)")]
    [InlineData(1, 0.1, 10, double.NaN, "[1e-100, 1)")]
    public void Schedules_out_of_range_are_refused_with_the_range(double z, double q, long t, double delta, string range)
    {
        AssertRefused(() => SampledGaussian.Curve(z, q, RenyiOrders.Default).Compose(t).Epsilon(delta), range);
        AssertRefused(() => PrivacyLossAccountant.Epsilon(z, q, t, delta), range);
        AssertRefused(() => RecordLevelClaim.Epsilon(new RecordSchedule(z, q, t, 10, 100, 5), delta), range);
        if (double.IsFinite(z) && z is >= 0.01)
            AssertRefused(() => NoiseCalibration.NoiseMultiplier(1, delta, q, t), range);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(-1.0)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Targets_that_are_no_epsilon_are_refused(double epsilon)
    {
        AssertRefused(() => NoiseCalibration.NoiseMultiplier(epsilon, 1e-5, 0.1, 10), "(0, 1e6]");
        AssertRefused(() => NoiseCalibration.LocalSigma(10, 10, 5, 5, epsilon, 1e-5, 1, 10), "(0, 1e6]");
        AssertRefused(() => AnalyticGaussian.Sigma(epsilon, 1e-5, 1), "(0, 1e6]");
        AssertRefused(() => ConcentratedPrivacy.Rho(epsilon, 1e-5), "(0, 1e6]");
    }

    [Fact]
    public void Mechanisms_out_of_range_are_refused()
    {
        AssertRefused(() => DiscreteGaussian.Delta(0, 1, 1), "(0, 1E+07]");
        AssertRefused(() => DiscreteGaussian.Delta(double.NaN, 1, 1), "(0, 1E+07]");
        AssertRefused(() => DiscreteGaussian.Delta(1, 0, 1), "[1, ");
        AssertRefused(() => DiscreteGaussian.Delta(1, 1, -1), "[0, ");
        AssertRefused(() => ConcentratedPrivacy.Epsilon(-1, 1e-5), "[0, 1E+09]");
        AssertRefused(() => ConcentratedPrivacy.Epsilon(1, 1), "[1e-100, 1)");
        AssertRefused(() => AnalyticGaussian.Sigma(1, 1e-5, 0), "(0, 1E+100]");
        AssertRefused(() => _ = new DistributedDiscreteGaussian(0, 10, 1, 1, 1), "1 to 10,000,000");
        AssertRefused(() => _ = new DistributedDiscreteGaussian(10, 0, 1, 1, 1), "[1, ");
        AssertRefused(() => _ = new DistributedDiscreteGaussian(10, 10, -1, 1, 1), "(0, 1E+07]");
        AssertRefused(() => _ = new DistributedDiscreteGaussian(10, 10, 1, double.PositiveInfinity, 1), "(0, 1E+15]");
        AssertRefused(() => _ = new DistributedDiscreteGaussian(10, 10, 1, 1, double.NaN), "(0, 1E+20]");
        AssertRefused(() => GroupPrivacy.Of(1, 1e-5, 0), "[1, 1000]");
        AssertRefused(() => DeltaChoice.For(0), "[1, 1E+15]");
    }

    [Fact]
    public void A_target_below_what_the_orders_can_say_is_out_of_reach_and_the_message_says_what_is_not()
    {
        AccountingException refused = Assert.Throws<AccountingException>(() => NoiseCalibration.NoiseMultiplier(1e-4, 1e-9, 1, 1));
        Assert.Equal(AccountingException.OutOfReach, refused.Code);
        Assert.Contains("Ask for epsilon 0.0125 or more", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.01, 1.0, 1L, 1e-5)]
    [InlineData(0.01, 0.01, 1000L, 1e-5)]
    [InlineData(0.01, 0.5, 1_000_000_000L, 1e-100)]
    [InlineData(1e6, 1.0, 1L, 1e-9)]
    [InlineData(1e6, 1e-300, 1_000_000_000L, 1e-100)]
    [InlineData(1.0, 1e-9, 1_000_000_000L, 1e-9)]
    [InlineData(1.0, 0.999999999999, 1000L, 0.999999)]
    public void The_corners_of_the_ranges_give_finite_figures(double z, double q, long t, double delta)
    {
        double renyi = SampledGaussian.Curve(z, q, RenyiOrders.Default).Compose(t).Epsilon(delta).Epsilon;
        double loss = PrivacyLossAccountant.Epsilon(z, q, t, delta).Epsilon;
        Assert.True(double.IsFinite(renyi) && renyi >= 0, $"{renyi}");
        Assert.InRange(loss, 0, renyi);
    }

    [Theory]
    [InlineData(0.001, int.MaxValue, 0.0, 1.0)]
    [InlineData(3.0, int.MaxValue, 1e6, 1.0)]
    [InlineData(0.01, 1, 1e6, 0.0)]
    [InlineData(1e5, 1, 1e6, 0.0)]
    public void One_discrete_release_has_a_delta_at_the_corners_too(double sigma, int sensitivity, double epsilon, double expected) =>
        Assert.Equal(expected, DiscreteGaussian.Delta(sigma, sensitivity, epsilon), 1e-12);

    [Theory]
    [InlineData(1, 1e-5)]
    [InlineData(30_000, 1e-5)]
    [InlineData(40_000, 8e-6)]
    [InlineData(1_000_000, 2e-7)]
    public void Delta_is_one_digit_rounded_down(long units, double expected) => Assert.Equal(expected, DeltaChoice.For(units), expected * 1e-12);

    [Fact]
    public void Two_records_of_one_person_cost_twice_epsilon_and_more_delta()
    {
        (double epsilon, double delta) = GroupPrivacy.Of(1.5, 1e-6, 2);
        Assert.Equal(3, epsilon, 1e-9);
        Assert.Equal(2 * Math.Exp(1.5) * 1e-6, delta, 1e-15);
        Assert.Equal((1.5, 1e-6), GroupPrivacy.Of(1.5, 1e-6, 1));
        Assert.Equal(1, GroupPrivacy.Of(1000, 1e-6, 2).Delta, 1e-9);
    }

    private static void AssertRefused(Action action, string range)
    {
        AccountingException refused = Assert.Throws<AccountingException>(action);
        Assert.Equal(AccountingException.OutOfRange, refused.Code);
        Assert.Contains(range, refused.Message, StringComparison.Ordinal);
    }
}
