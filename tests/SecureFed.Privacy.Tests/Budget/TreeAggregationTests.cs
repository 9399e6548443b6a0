using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Mechanisms;
using SecureFed.Privacy.Budget;

namespace SecureFed.Privacy.Tests.Budget;

public sealed class TreeAggregationTests
{
    private const long Node = 1_000_003;

    [Fact]
    public void The_running_charge_is_the_most_that_was_released_about_any_record()
    {
        const int leaves = 300;
        long[] released = new long[leaves + 1];
        long charged = 0;
        for (int t = 1; t <= leaves; t++)
        {
            for (int leaf = FenwickTree.FirstRoundOf(t); leaf <= t; leaf++)
                released[leaf] += Node;
            charged += TreeAggregationAccountant.UnitsOfRound(t, released: false, Node);
            Assert.Equal(released.Max(), charged);
        }

        Assert.Equal(9 * Node, charged);
    }

    /// <summary>Rounds fail after their commitment and are repeated, epochs end early: 300 random histories.</summary>
    [Fact]
    public void No_record_has_more_released_about_it_than_was_charged_also_when_rounds_are_repeated()
    {
        var random = Seeded.Source("repeated rounds");
        for (int history = 0; history < 300; history++)
        {
            int leaves = 1 + random.Below(70);
            long[] released = new long[leaves + 1];
            long charged = 0;
            for (int epoch = 0; epoch < 3; epoch++)
            {
                int last = epoch == 2 ? 1 + random.Below(leaves) : leaves;
                for (int t = 1; t <= last; t++)
                {
                    bool again = false;
                    do
                    {
                        charged += TreeAggregationAccountant.UnitsOfRound(t, again, Node);
                        for (int leaf = FenwickTree.FirstRoundOf(t); leaf <= t; leaf++)
                            released[leaf] += Node;
                        Assert.True(released.Max() <= charged);
                        again = true;
                    }
                    while (random.Below(6) == 0);
                }
            }
        }
    }

    [Fact]
    public void A_void_round_that_is_opened_again_is_charged_again_because_nothing_was_charged()
    {
        BudgetLedger ledger = new(new BudgetCap(2, 1e-5, 12));
        ledger.Reserve(1, TreeAggregationAccountant.UnitsOfRound(1, released: false, Node));
        ledger.Void(1);
        ledger.Reserve(2, TreeAggregationAccountant.UnitsOfRound(1, released: false, Node));
        Assert.Equal(Node, ledger.Reserved);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 1, 2)]
    [InlineData(3, 4, 8)]
    [InlineData(1600, 1, 11)]
    [InlineData(1600, 3, 33)]
    [InlineData(1000000000, 1000000000, 1000000000)]
    public void Epochs_add_paths(int leaves, int epochs, int releases)
    {
        Assert.Equal(releases, TreeAggregationAccountant.ReleasesPerRecord(leaves, epochs));
        Assert.Equal(releases, TreeAggregationAccountant.Plan("model", leaves, epochs, 1).Count);
    }

    [Fact]
    public void The_total_is_the_path_times_the_node_and_saturates()
    {
        Assert.Equal(33 * ReleaseCost.Units(1.5, 1, 7), TreeAggregationAccountant.TotalUnits(1.5, 1600, 3, 7));
        Assert.InRange(TreeAggregationAccountant.TotalUnits(1.5, 1600, 3, 7) / 1e12, 33 * 7 / (2 * 1.5 * 1.5), 33 * 7 / (2 * 1.5 * 1.5) + 33 * 2.1e-9);
        Assert.Equal(long.MaxValue, TreeAggregationAccountant.TotalUnits(0.01, 1_000_000_000, 1_000_000_000, 256));
    }

    /// <summary>For a central tree Google's dp_accounting (commit b5b0286) takes ⌈log₂(L + 1)⌉ nodes per record.</summary>
    [Fact]
    public void The_path_is_as_long_as_in_the_central_accountant()
    {
        for (int leaves = 1; leaves <= 5000; leaves++)
            Assert.Equal((int)Math.Ceiling(Math.Log2(leaves + 1)), TreeAggregationAccountant.ReleasesPerRecord(leaves, 1));
    }

    /// <summary>StackOverflow setting of Kairouz et al. 2021, as in dp_accounting's own test: 1600 rounds, δ = 10⁻⁶, their ε with the older, looser conversion.</summary>
    [Theory]
    [InlineData(1.13, 19.74)]
    [InlineData(8.83, 2.04)]
    public void Published_figures_are_met_with_the_tighter_conversion(double z, double published)
    {
        double epsilon = TreeAggregationAccountant.Epsilon(z, 1600, 1, 1e-6).Epsilon;
        double exact = ConcentratedPrivacy.Epsilon(11 / (2 * z * z), 1e-6).Epsilon;
        Assert.InRange(epsilon, exact, Math.Min(exact * 1.01, published));
        Assert.True(epsilon > 0.85 * published);
    }

    [Fact]
    public void A_planned_tree_keeps_to_its_budget_and_half_the_noise_does_not()
    {
        NoisePlan plan = NoisePlan.For([TreeAggregationAccountant.Plan("model", 100, 3, 1)], 2, 1e-5);
        PlannedNoise noise = plan.Releases[0];
        BudgetLedger ledger = new(plan.Cap);
        int round = 0;
        for (int epoch = 0; epoch < 3; epoch++)
        {
            for (int t = 1; t <= 100; t++)
            {
                ledger.Reserve(++round, TreeAggregationAccountant.UnitsOfRound(t, released: false, noise.Units));
                ledger.Commit(round);
            }
        }

        Assert.Equal(TreeAggregationAccountant.TotalUnits(noise.NoiseMultiplier, 100, 3, plan.Cap.Order), ledger.Spent);
        Assert.InRange(ledger.EpsilonSpent, 2 * (1 - 1e-4), 2);
        Assert.NotNull(ledger.FindRefusal(noise.Units));
        Assert.True(TreeAggregationAccountant.Epsilon(noise.NoiseMultiplier, 100, 3, 1e-5).Epsilon <= 2);
        Assert.True(TreeAggregationAccountant.Epsilon(noise.NoiseMultiplier / 2, 100, 3, 1e-5).Epsilon > 3);
    }

    [Fact]
    public void Trees_out_of_range_are_refused()
    {
        Assert.Throws<AccountingException>(() => TreeAggregationAccountant.ReleasesPerRecord(0, 1));
        Assert.Throws<AccountingException>(() => TreeAggregationAccountant.ReleasesPerRecord(1, 0));
        Assert.Throws<AccountingException>(() => TreeAggregationAccountant.TotalUnits(0, 1, 1, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => TreeAggregationAccountant.UnitsOfRound(0, released: false, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => TreeAggregationAccountant.UnitsOfRound(1, released: false, -1));
    }
}
