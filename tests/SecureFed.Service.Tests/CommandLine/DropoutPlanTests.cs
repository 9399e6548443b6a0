using SecureFed.Cli.Demo;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Service.Tests.CommandLine;

public sealed class DropoutPlanTests
{
    private static readonly ExactDecimal Tenth = ExactDecimal.From(0.1m);

    /// <summary>Exact binomial tails, computed with rational numbers outside this project; the first is the 44 % of DESIGN section 8.</summary>
    [Theory]
    [InlineData(200, 0.1, 180, 0.440825217735798)]
    [InlineData(200, 0.1, 156, 1.762482976670961e-07)]
    [InlineData(8, 0.1, 6, 0.03809179)]
    [InlineData(5, 0.2, 4, 0.26272)]
    [InlineData(5, 0.0, 5, 0.0)]
    public void Failure_rates_are_binomial_tails(int clients, double dropout, int leastSurvivors, double expected) =>
        Assert.Equal(expected, DropoutPlan.FailureRate(clients, dropout, leastSurvivors), Math.Max(1e-12, expected * 1e-9));

    [Fact]
    public void The_preferred_tolerance_is_kept_where_it_is_enough_and_raised_where_it_is_not()
    {
        Assert.Equal(Tenth, DropoutPlan.ChooseDeltaDrop(8, 0, Tenth, Tenth, ServerClass.Malicious));
        Assert.Equal(ExactDecimal.From(0.22m), DropoutPlan.ChooseDeltaDrop(200, 0.1, ExactDecimal.From(0.22m), Tenth, ServerClass.Malicious));
        ExactDecimal raised = DropoutPlan.ChooseDeltaDrop(200, 0.1, Tenth, Tenth, ServerClass.Malicious)!.Value;
        Assert.InRange(raised.Millionths, 110_000, 220_000);
        Assert.Null(DropoutPlan.ChooseDeltaDrop(8, 0.3, Tenth, Tenth, ServerClass.Malicious));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(8)]
    [InlineData(60)]
    public void Every_cohort_from_the_least_on_has_thresholds_and_the_one_below_has_none_or_is_too_few(int clients)
    {
        int least = DropoutPlan.LeastCohort(clients, Tenth, Tenth, ServerClass.Malicious);
        Assert.Null(DropoutPlan.BoundsFor(least, clients, Tenth, Tenth, ServerClass.Malicious).FindInfeasible());
        Assert.True(
            least <= Tenth.FloorOfRest(clients) || DropoutPlan.BoundsFor(least - 1, clients, Tenth, Tenth, ServerClass.Malicious).FindInfeasible() is not null);
    }

    [Fact]
    public void What_a_refusal_advises_is_not_refused()
    {
        double dropout = DropoutPlan.GreatestDropout(8, Tenth, ServerClass.Malicious);
        Assert.NotNull(DropoutPlan.ChooseDeltaDrop(8, dropout, ExactDecimal.Zero, Tenth, ServerClass.Malicious));
        int clients = DropoutPlan.LeastClients(0.3, Tenth, ServerClass.Malicious)!.Value;
        Assert.NotNull(DropoutPlan.ChooseDeltaDrop(clients, 0.3, ExactDecimal.Zero, Tenth, ServerClass.Malicious));
    }
}
