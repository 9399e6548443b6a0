using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Claims;
using SecureFed.Privacy.Accounting.Mechanisms;
using SecureFed.Privacy.Budget;

namespace SecureFed.Privacy.Tests.Budget;

public sealed class ReleaseCostTests
{
    /// <summary>The least σ that tasks may have, at every size of cohort and vector, against what the allowance must cover.</summary>
    [Fact]
    public void The_allowance_covers_the_shares_of_every_task_that_can_be_created()
    {
        double worst = 0;
        foreach (int clients in (int[])[1, 2, 3, 10, 70, 1000, 30_000, 1_000_000])
        {
            foreach (int dimension in (int[])[1, 2, 30, 5000, 1 << 20, 1 << 26])
            {
                double sigma = Math.Sqrt(Math.Log(1e10 * clients * dimension)) / Math.PI;
                double tau = DistributedDiscreteGaussian.SumTau(clients, sigma);
                for (int order = 2; order <= 256; order++)
                    worst = Math.Max(worst, DistributedDiscreteGaussian.RatioCost(tau, dimension, order));
                worst = Math.Max(worst, tau * dimension);
            }
        }

        Assert.InRange(worst, 1e-10, 1.5e-9);
        Assert.Equal(2e-9, ReleaseCost.ShareAllowance / BudgetCap.UnitsPerDivergence);
    }

    [Theory]
    [InlineData(1.2, 0.05, 2)]
    [InlineData(1.2, 0.05, 40)]
    [InlineData(0.8, 1.0, 7)]
    [InlineData(40.0, 0.001, 256)]
    [InlineData(1e6, 1.0, 2)]
    public void A_release_is_charged_no_less_than_the_claim_says_and_hardly_more(double z, double q, int order)
    {
        RecordSchedule schedule = new(z, q, 1, 70, 5000, Math.Sqrt(Math.Log(1e10 * 70 * 5000)) / Math.PI);
        double claimed = RecordLevelClaim.Curve(schedule).Divergences[order - 2];
        double charged = ReleaseCost.Units(z, q, order) / BudgetCap.UnitsPerDivergence;
        Assert.InRange(charged, claimed, claimed * (1 + 1e-11) + 2.001e-9);
    }

    /// <summary>The binomial sum with 80 decimal digits, by Python's decimal module, in units.</summary>
    [Theory]
    [InlineData(1.2, 0.05, 40, 10816342967328.7513)]
    [InlineData(0.8, 0.25, 7, 3851704268374.8508)]
    [InlineData(5.5, 1e-6, 256, 4.3022)]
    [InlineData(40.0, 0.001, 2, 625.1954)]
    [InlineData(0.3, 0.5, 3, 15626945896161.8013)]
    [InlineData(1000.0, 0.999, 256, 127744160.5395)]
    public void A_charge_is_never_below_the_exact_cost_and_above_it_by_the_allowance_and_rounding_alone(double z, double q, int order, double exact)
    {
        long beyond = ReleaseCost.Units(z, q, order) - ReleaseCost.ShareAllowance;
        Assert.InRange(beyond, exact, exact * (1 + 2e-12) + 1);
    }

    [Fact]
    public void Without_sampling_the_cost_is_the_order_over_twice_z_squared()
    {
        Assert.Equal(10_000_000_000_000 + ReleaseCost.ShareAllowance + 10, ReleaseCost.Units(0.5, 1, 5));
        Assert.Equal(ReleaseCost.ShareAllowance, ReleaseCost.Units(0.5, 0, 5));
    }

    [Theory]
    [InlineData(0, 1, 5)]
    [InlineData(double.NaN, 1, 5)]
    [InlineData(1, 1.5, 5)]
    [InlineData(1, double.NaN, 5)]
    [InlineData(1, -0.1, 5)]
    [InlineData(1, 1, 1)]
    [InlineData(1, 1, 257)]
    public void Costs_out_of_range_are_refused(double z, double q, int order) =>
        Assert.Equal(AccountingException.OutOfRange, Assert.Throws<AccountingException>(() => ReleaseCost.Units(z, q, order)).Code);

    [Fact]
    public void Arithmetic_saturates_and_never_wraps()
    {
        Assert.Equal(1_280_000_000_001_282_000, ReleaseCost.Units(0.01, 1, 256), 1e6);
        Assert.Equal(long.MaxValue, ReleaseCost.FromDivergence(1e10));
        Assert.Equal(long.MaxValue, ReleaseCost.FromDivergence(double.PositiveInfinity));
        Assert.Equal(long.MaxValue, ReleaseCost.FromDivergence(double.NaN));
        Assert.Equal(long.MaxValue, ReleaseCost.Sum(long.MaxValue - 1, 2));
        Assert.Equal(long.MaxValue, ReleaseCost.Sum(long.MaxValue, long.MaxValue));
        Assert.Equal(long.MaxValue, ReleaseCost.Product(long.MaxValue / 2, 3));
        Assert.Equal(6, ReleaseCost.Product(2, 3));
        Assert.Equal(1, ReleaseCost.FromDivergence(1e-15));
    }
}
