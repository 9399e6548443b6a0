using FsCheck;
using FsCheck.Fluent;
using SecureFed.Protocol.Masking.Graph;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Rounds;

public sealed class CohortThresholdsTests
{
    [Theory]
    [InlineData(0.1, 5)]
    [InlineData(0, 3)]
    [InlineData(0.2, 5)]
    public void With_one_corrupt_client_the_least_feasible_cohort_is_the_one_that_the_design_names(double deltaDrop, int least)
    {
        CohortBounds bounds = Bounds(0, (decimal)deltaDrop);
        Assert.Equal(least, Enumerable.Range(2, 50).First(n => CohortThresholds.TryDerive(bounds, n, out _) is not null));
    }

    [Fact]
    public void Three_tenths_of_dropouts_need_a_larger_cohort_or_a_curious_server()
    {
        CohortBounds malicious = Bounds(0, 0.3m);
        for (int n = 2; n <= 6; n++)
        {
            Assert.Null(CohortThresholds.TryDerive(malicious, n, out string reason));
            Assert.Contains("delta_drop", reason, StringComparison.Ordinal);
        }

        Assert.Equal(9, Enumerable.Range(2, 50).First(n => CohortThresholds.TryDerive(malicious, n, out _) is not null));
        Assert.Equal(6, Enumerable.Range(2, 50).First(n => CohortThresholds.TryDerive(malicious with { ServerClass = ServerClass.Curious }, n, out _) is not null));
    }

    [Theory]
    [InlineData(3, 0, 0, ServerClass.Malicious, 1, 2, 2, 3, 3)]
    [InlineData(5, 0, 0.1, ServerClass.Malicious, 1, 4, 3, 4, 4)]
    [InlineData(8, 0, 0.1, ServerClass.Malicious, 1, 7, 5, 5, 7)]
    [InlineData(100, 0.1, 0.1, ServerClass.Malicious, 10, 99, 55, 56, 90)]
    [InlineData(6, 0, 0.1, ServerClass.Curious, 1, 5, 3, 0, 5)]
    [InlineData(200, 0.1, 0.1, ServerClass.Malicious, 20, 56, 39, 111, 180)] // The table of DESIGN section 3.
    [InlineData(1000, 0.05, 0.3, ServerClass.Malicious, 50, 336, 194, 526, 700)]
    [InlineData(200, 0.1, 0.22, ServerClass.Malicious, 20, 96, 59, 111, 156)]
    [InlineData(1000, 0.1, 0.15, ServerClass.Curious, 100, 86, 52, 0, 850)]
    public void The_numbers_of_a_cohort_follow_from_its_bounds(
        int n, double gamma, double deltaDrop, ServerClass serverClass, int corrupt, int neighbours, int threshold, int quorum, int leastSurvivors)
    {
        CohortBounds bounds = Bounds((decimal)gamma, (decimal)deltaDrop, serverClass);
        Assert.Equal(
            new CohortThresholds(n, corrupt, neighbours, threshold, quorum, leastSurvivors, leastSurvivors - corrupt),
            CohortThresholds.TryDerive(bounds, n, out string reason));
        Assert.Equal("", reason);
    }

    [Fact]
    public void A_round_whose_larger_leaves_have_no_thresholds_has_none()
    {
        // Leaves of five and six: five do, six do not. A client that trusted the first leaf would fail while it cuts the others.
        CohortBounds bounds = Bounds(0.01m, 0.2m) with { Leaves = 2 };
        Assert.NotNull(CohortThresholds.TryDerive(bounds, 11, 5, out _));
        Assert.Null(CohortThresholds.TryDerive(bounds, 11, 6, out string larger));
        Assert.Null(CohortThresholds.TryDerive(bounds, 11, out string reason));
        Assert.Equal(larger, reason);
        Assert.NotNull(CohortThresholds.TryDerive(bounds, 10, out reason));
        Assert.Equal("", reason);
    }

    [Fact]
    public void Corrupt_clients_are_counted_by_organisation_and_cap()
    {
        // 10 organisations, a tenth of them corrupt, each with at most 3 clients: 3 corrupt clients in any cohort.
        CohortBounds bounds = Bounds(0.1m, 0) with { Organisations = 10, OrganisationCap = 3 };
        Assert.Equal(3, CohortThresholds.TryDerive(bounds, 20, out _)!.Corrupt);
        Assert.Equal(4, CohortThresholds.TryDerive(bounds with { Organisations = 2 }, 40, out _)!.Corrupt);
        Assert.Null(CohortThresholds.TryDerive(bounds with { OrganisationCap = 100 }, 20, out _));
    }

    [Fact]
    public void One_organisation_at_least_counts_as_corrupt_with_all_the_clients_it_may_send()
    {
        // With c = 1 the ring of 500 would take k = 32, t = 17, and ten clients of one organisation would open it in every permutation.
        CohortBounds bounds = Bounds(0, 0.1m) with { Organisations = 50, OrganisationCap = 10 };
        CohortThresholds thresholds = CohortThresholds.TryDerive(bounds, 500, out _)!;
        Assert.Equal(10, thresholds.Corrupt);
        Assert.True(2 * thresholds.Threshold > thresholds.Neighbours + 10);
    }

    [Theory]
    [InlineData(8, 2, 5, 0.1, 5, 6)]
    [InlineData(12, 3, 4, 0.5, 8, 9)]
    public void In_class_curious_too_the_corrupt_hold_fewer_shares_than_the_threshold(int n, int organisations, int cap, double gamma, int corrupt, int threshold)
    {
        CohortBounds bounds = Bounds((decimal)gamma, 0, ServerClass.Curious) with { Organisations = organisations, OrganisationCap = cap };
        CohortThresholds thresholds = CohortThresholds.TryDerive(bounds, n, out _)!;
        Assert.Equal((corrupt, threshold), (thresholds.Corrupt, thresholds.Threshold));
    }

    [Fact]
    public void Only_who_creates_a_task_tries_every_cohort_size()
    {
        CohortBounds wide = Bounds(0.1m, 0.444m) with { Least = 9, Greatest = 1 << 20 };
        Assert.Null(wide.FindFault());
        Assert.NotNull(wide.FindInfeasible());
        Assert.NotNull((wide with { Least = 0 }).FindFault());
    }

    [Fact]
    public void Every_derived_cohort_keeps_the_inequalities_that_the_proofs_need()
    {
        int feasible = 0;
        Prop.ForAll(Arb.From(AnyBounds), Arb.From(Gen.Choose(2, 300)), (bounds, n) =>
        {
            CohortThresholds? t = CohortThresholds.TryDerive(bounds, n, out string reason);
            Assert.Equal(t is null, reason.Length > 0);
            if (t is null)
                return;
            feasible++;
            Assert.Equal(n, t.Clients);
            Assert.True(n <= 100 ? t.Neighbours == n - 1 : t.Neighbours < n - 1 && t.Neighbours % 2 == 0);
            Assert.True(t.Corrupt >= 1 && (long)t.Corrupt * ExactDecimal.One >= (long)bounds.Gamma.Millionths * n);
            Assert.True(t.LeastSurvivors >= Math.Max(t.Quorum, Math.Max(t.Corrupt + 2, n <= 100 ? t.Threshold + 1 : 0)));
            Assert.True(t.LeastSurvivors <= n && (long)t.LeastSurvivors * ExactDecimal.One <= (long)(ExactDecimal.One - bounds.DeltaDrop.Millionths) * n);
            Assert.Equal(t.LeastSurvivors - t.Corrupt, t.HonestSurvivors);
            Assert.True(t.HonestSurvivors >= 2);
            Assert.True(t.Threshold > (n <= 100 ? t.Corrupt : 1));
            if (bounds.ServerClass != ServerClass.Malicious)
                return;
            Assert.True(2 * t.Quorum > n + t.Corrupt);
            int corruptNeighbours = n <= 100 ? t.Corrupt : NeighbourGraphFinder.GreatestCorruptInGaps(n, t.Corrupt, t.Neighbours);
            Assert.True(2 * t.Threshold > t.Neighbours + corruptNeighbours);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
        Assert.InRange(feasible, 200, 2000);
    }

    [Fact]
    public void Bounds_are_feasible_exactly_if_every_size_within_them_is()
    {
        Prop.ForAll(Arb.From(AnyBounds), Arb.From(Gen.OneOf(Gen.Choose(2, 30), Gen.Choose(90, 130))), Arb.From(Gen.Choose(0, 10)), (bounds, least, more) =>
        {
            bounds = bounds with { Least = least, Greatest = least + more };
            bool isFeasible = Enumerable.Range(least, more + 1).All(n => CohortThresholds.TryDerive(bounds, n, out _) is not null);
            return (bounds.FindInfeasible() is null) == isFeasible;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    /// <summary>Found by chance: the search above n = 100 started at the odd degree of the complete graph of 100, which no ring has.</summary>
    [Fact]
    public void Bounds_across_the_largest_complete_graph_are_feasible_only_if_rings_exist_above_it()
    {
        CohortBounds bounds = new(100, 110, 43, 2, new ExactDecimal(88_273), new ExactDecimal(430_676), ServerClass.Malicious);
        Assert.NotNull(CohortThresholds.TryDerive(bounds, 100, out _));
        Assert.Contains(Enumerable.Range(101, 10), n => CohortThresholds.TryDerive(bounds, n, out _) is null);
        Assert.NotNull(bounds.FindInfeasible());
    }

    [Fact]
    public void Bounds_outside_their_ranges_are_refused_instead_of_making_a_task_that_nobody_can_decode()
    {
        CohortBounds good = Bounds(0, 0.1m) with { Least = 5, Greatest = 8 };
        Assert.Null(good.FindInfeasible());
        foreach (CohortBounds bad in (CohortBounds[])
            [
                good with { Least = 1 }, good with { Greatest = 4 }, good with { Greatest = (1 << 20) + 1 }, good with { Organisations = 0 },
                good with { Organisations = (1 << 20) + 1 }, good with { OrganisationCap = 0 }, good with { OrganisationCap = (1 << 20) + 1 },
                good with { Gamma = new ExactDecimal(-1) }, good with { DeltaDrop = new ExactDecimal(-1) },
                good with { Gamma = new ExactDecimal(ExactDecimal.One) }, good with { DeltaDrop = new ExactDecimal(ExactDecimal.One) },
                good with { ServerClass = default }, good with { ServerClass = (ServerClass)3 },
                good with { Leaves = 0 }, good with { Leaves = 2 }, good with { Leaves = 5000 }, good with { LeastDifference = -1 },
            ])
        {
            Assert.NotNull(bad.FindInfeasible());
        }
    }

    private static Gen<CohortBounds> AnyBounds =>
        from gamma in Gen.Frequency((1, Gen.Constant(0)), (3, Gen.Choose(0, 300_000)))
        from delta in Gen.Frequency((1, Gen.Constant(0)), (3, Gen.Choose(0, 450_000)))
        from organisations in Gen.Choose(1, 50)
        from cap in Gen.Choose(1, 3)
        from serverClass in Gen.Elements(ServerClass.Malicious, ServerClass.Curious)
        select new CohortBounds(2, 300, organisations, cap, new ExactDecimal(gamma), new ExactDecimal(delta), serverClass);

    private static CohortBounds Bounds(decimal gamma, decimal deltaDrop, ServerClass serverClass = ServerClass.Malicious) =>
        new(2, 300, 1, 1, ExactDecimal.From(gamma), ExactDecimal.From(deltaDrop), serverClass);
}
