using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Claims;
using SecureFed.Privacy.Budget;

namespace SecureFed.Privacy.Tests.Accounting;

public sealed class RecordPlanTests
{
    [Theory]
    [InlineData(30_000, 8, 6, 30, 1.0, 0.05, 300, 4.0)]
    [InlineData(100_000, 100, 70, 5000, 0.5, 0.02, 500, 2.0)]
    [InlineData(500, 5, 3, 12, 10.0, 1.0, 20, 8.0)]
    [InlineData(1_000_000, 1000, 700, 100_000, 1.0, 0.001, 2000, 1.0)]
    public void A_plan_meets_its_target_by_a_little_and_follows_the_rules_of_the_pipeline(
        long rows, int clients, int honest, int dimension, double clipNorm, double q, long steps, double epsilon)
    {
        double delta = DeltaChoice.For(rows);
        RecordPlan plan = RecordPlan.For(rows, clients, honest, dimension, clipNorm, q, steps, epsilon, delta);
        double scale = Math.ScaleB(1, plan.ScaleExponent);
        Assert.InRange(plan.Claim.Epsilon, epsilon * 0.95, epsilon);
        NoisePlan noise = NoisePlan.For([new PlannedRelease("train", (int)steps, q, 1)], epsilon, delta);
        Assert.Equal((noise.Releases[0].NoiseMultiplier, noise.Cap.EpsilonOf(noise.Units), (double?)noise.Cap.Order), (plan.Schedule.NoiseMultiplier, plan.Claim.Epsilon, plan.Claim.Order));
        Assert.InRange(RecordLevelClaim.Epsilon(plan.Schedule, delta).Epsilon, plan.Claim.Epsilon * 0.95, plan.Claim.Epsilon * (1 + 1e-9));
        Assert.True(scale >= 8 * Math.Sqrt(dimension) / clipNorm);
        Assert.True(plan.Schedule.LocalSigma >= Math.Sqrt(Math.Log(1e10 * clients * dimension)) / Math.PI);
        Assert.InRange(plan.Sensitivity, scale * clipNorm, scale * clipNorm * 1.02);
        double target = plan.Schedule.NoiseMultiplier * plan.Sensitivity;
        Assert.InRange(plan.Schedule.LocalSigma * plan.Schedule.LocalSigma * honest, target * target * (1 - 1e-12), (target * target * (1 + 1e-12)) + honest);
        Assert.InRange(plan.RowCap, 1.1 * q * rows, (1.1 * q * rows) + (11 * Math.Sqrt(q * rows)) + 11);
        double largest = (plan.RowCap * plan.Sensitivity)
            + (Math.Sqrt(2 * Math.Log(2.0 * dimension * Math.Pow(2, 40))) * plan.Schedule.LocalSigma * Math.Sqrt(clients));
        Assert.InRange(largest, Math.Pow(2, plan.RingBits - 2), Math.Pow(2, plan.RingBits - 1));
    }

    [Fact]
    public void What_does_not_fit_the_ring_is_out_of_reach_and_the_message_says_what_would_fit()
    {
        AccountingException refused = Assert.Throws<AccountingException>(() => RecordPlan.For(30_000_000, 100, 80, 1_000_000, 1, 0.5, 300, 4, 1e-9));
        Assert.Equal(AccountingException.OutOfReach, refused.Code);
        Assert.Contains("Lower the sampling rate", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_needs_two_honest_survivors() =>
        Assert.Throws<AccountingException>(() => RecordPlan.For(1000, 5, 1, 10, 1, 0.1, 10, 4, 1e-5));

    [Fact]
    public void The_page_says_the_odds()
    {
        PrivacyStatement statement = new("record", Math.Log(3), 1e-5);
        Assert.Equal(3, statement.OddsFactor, 1e-12);
        Assert.Equal(0.75, statement.BeliefFromEven, 1e-12);
        Assert.Contains(statement.Page(), p => p.Text.Contains("from 50 % to at most 75.0 %", StringComparison.Ordinal));
        Assert.Contains(statement.Page(), p => p.Text.Contains("one row", StringComparison.Ordinal));
    }
}
