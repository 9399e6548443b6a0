using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Renyi;
using SecureFed.Privacy.Budget;

namespace SecureFed.Privacy.Tests.Budget;

public sealed class BudgetCapTests
{
    [Theory]
    [InlineData(1.0, 1e-5, 20)]
    [InlineData(0.1, 1e-9, 256)]
    [InlineData(8.0, 1e-6, 5)]
    [InlineData(50.0, 1e-12, 2)]
    [InlineData(1e6, 1e-100, 256)]
    [InlineData(0.5, 0.9, 2)]
    public void The_cap_is_the_greatest_number_of_units_whose_epsilon_fits(double epsilon, double delta, int order)
    {
        BudgetCap cap = new(epsilon, delta, order);
        Assert.InRange(cap.EpsilonOf(cap.Units), epsilon * (1 - 1e-11), epsilon);
        Assert.Equal(new RenyiCurve([order], _ => cap.Units / 1e12).Epsilon(delta).Epsilon, cap.EpsilonOf(cap.Units));
        long next = cap.Units + Math.Max(1, cap.Units / 1_000_000_000_000);
        Assert.True(cap.EpsilonOf(next) > epsilon);
        Assert.Equal(0, cap.EpsilonOf(0));
    }

    /// <summary>Proposition 12 solved for the divergence with 80 decimal digits, by Python's decimal module, in units.</summary>
    [Theory]
    [InlineData(1.0, 1e-5, 20, 603019968523.5380)]
    [InlineData(2.0, 1e-6, 12, 1056956476246.3321)]
    [InlineData(8.0, 1e-9, 5, 3444686570186.1321)]
    [InlineData(0.1, 1e-9, 256, 44391984056.5605)]
    [InlineData(50.0, 1e-12, 2, 23755273245191.3424)]
    public void The_cap_is_never_above_the_exact_one_and_below_it_by_rounding_alone(double epsilon, double delta, int order, double exact) =>
        Assert.InRange(new BudgetCap(epsilon, delta, order).Units, exact - 2 - 1.1 * epsilon, exact);

    [Fact]
    public void Epsilon_never_falls_as_units_are_added()
    {
        BudgetCap cap = new(2, 1e-5, 12);
        double last = 0;
        for (long units = 1; units < cap.Units; units += 1 + units / 7)
        {
            double epsilon = cap.EpsilonOf(units);
            Assert.True(epsilon >= last);
            last = epsilon;
        }
    }

    [Theory]
    [InlineData(0, 1e-5, 10, "(0, 1e6]")]
    [InlineData(-1, 1e-5, 10, "(0, 1e6]")]
    [InlineData(double.NaN, 1e-5, 10, "(0, 1e6]")]
    [InlineData(1e7, 1e-5, 10, "(0, 1e6]")]
    [InlineData(1, 0, 10, "[1e-100, 1)")]
    [InlineData(1, -0.5, 10, "[1e-100, 1)")]
    [InlineData(1, 1, 10, "[1e-100, 1)")]
    [InlineData(1, double.NaN, 10, "[1e-100, 1)")]
    [InlineData(1, 1e-5, 1, "[2, 256]")]
    [InlineData(1, 1e-5, 257, "[2, 256]")]
    [InlineData(1, 1e-5, -3, "[2, 256]")]
    public void A_cap_out_of_range_is_refused_with_the_range(double epsilon, double delta, int order, string range)
    {
        AccountingException refused = Assert.Throws<AccountingException>(() => new BudgetCap(epsilon, delta, order));
        Assert.Equal(AccountingException.OutOfRange, refused.Code);
        Assert.Contains(range, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_order_whose_conversion_costs_more_than_epsilon_is_refused_and_the_least_order_named()
    {
        AccountingException refused = Assert.Throws<AccountingException>(() => new BudgetCap(1, 1e-5, 4));
        Assert.Equal(AccountingException.OutOfReach, refused.Code);
        Assert.Contains("Take an order of 10 or more, or an epsilon above 3.088.", refused.Message, StringComparison.Ordinal);
        Assert.True(new BudgetCap(1, 1e-5, 10).Units > 0);
        Assert.Throws<AccountingException>(() => new BudgetCap(1, 1e-5, 9));
        Assert.True(new BudgetCap(3.0885, 1e-5, 4).Units > 0);
    }

    [Fact]
    public void An_epsilon_that_no_order_serves_is_refused_with_one_that_does()
    {
        AccountingException refused = Assert.Throws<AccountingException>(() => new BudgetCap(0.001, 1e-9, 256));
        Assert.Contains("No order does: ask for an epsilon above 0.0556", refused.Message, StringComparison.Ordinal);
        Assert.True(new BudgetCap(0.0557, 1e-9, 256).Units > 0);
    }
}
