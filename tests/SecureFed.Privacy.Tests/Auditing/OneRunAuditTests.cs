using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Auditing.Statistics;

namespace SecureFed.Privacy.Tests.Auditing;

public sealed class OneRunAuditTests
{
    /// <summary>With δ = 0 and only right guesses the refuted ε are those with p^r below the error.</summary>
    [Theory]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(1000)]
    public void Nothing_but_right_guesses_has_a_closed_form(int guesses)
    {
        double p = Math.Pow(0.01, 1.0 / guesses);
        double expected = Math.Max(0, Math.Log(p / (1 - p)));
        Assert.Equal(expected, OneRunAudit.EpsilonLower(1000, guesses, guesses, 0, 0.99), 1e-6);
    }

    /// <summary>The theorem's bound with ε = ln 3 and ln 2, in exact fractions, maximised over all i.</summary>
    [Theory]
    [InlineData(100, 50, 45, 3, 0.0)]
    [InlineData(100, 50, 45, 3, 1e-4)]
    [InlineData(200, 200, 150, 2, 1e-5)]
    [InlineData(500, 100, 70, 2, 1e-3)]
    [InlineData(100, 50, 20, 3, 1e-4)]
    public void The_p_value_is_the_theorems(int canaries, int guesses, int correct, int odds, double delta)
    {
        Rational p = new(odds, odds + 1);
        double expected = ExactBinomial.AtLeast(correct, guesses, p);
        double steepest = Enumerable.Range(1, correct).Max(i => ExactBinomial.Sum(correct - i, correct - 1, guesses, p) / i);
        expected = Math.Min(1, expected + 2 * canaries * delta * steepest);
        Assert.Equal(expected, OneRunAudit.PValue(canaries, guesses, correct, Math.Log(odds), delta), expected * 1e-7);
    }

    /// <summary>Each of m coins is shown with probability δ and otherwise passes through randomised response with ε: that mechanism is (ε, δ) exactly.</summary>
    [Theory]
    [InlineData(100, 3, 1000)]
    [InlineData(100, 3, 20)]
    [InlineData(200, 2, 500)]
    public void No_mechanism_that_shows_coins_with_probability_delta_beats_the_p_value(int canaries, int odds, int inverseDelta)
    {
        Rational p = new(odds, odds + 1);
        Rational d = new(1, inverseDelta);
        Rational right = d + (new Rational(1, 1) + d * -1) * p;
        for (int correct = 1; correct <= canaries; correct += 7)
            Assert.True(ExactBinomial.AtLeast(correct, canaries, right) <= OneRunAudit.PValue(canaries, canaries, correct, Math.Log(odds), 1.0 / inverseDelta) * (1 + 1e-9));
    }

    /// <summary>The two worked figures of the paper (arXiv 2305.08846v1, appendix D and section 7), error 0.05; the second is printed truncated.</summary>
    [Theory]
    [InlineData(1000, 100, 75, 1e-4, 0.673)]
    [InlineData(100_000, 1510, 1439, 1e-5, 2.675)]
    public void The_papers_figures_come_out(int canaries, int guesses, int correct, double delta, double published) =>
        Assert.Equal(published, OneRunAudit.EpsilonLower(canaries, guesses, correct, delta, 0.95), 1e-3);

    [Fact]
    public void Chance_refutes_nothing()
    {
        Assert.Equal(0, OneRunAudit.EpsilonLower(1000, 100, 50, 1e-5, 0.99));
        Assert.Equal(0, OneRunAudit.EpsilonLower(1000, 100, 10, 1e-5, 0.99));
        Assert.Equal(0, OneRunAudit.EpsilonLower(1000, 0, 0, 1e-5, 0.99));
    }

    /// <summary>The bound is the boundary: just below it ε is refuted, just above it is not.</summary>
    [Theory]
    [InlineData(1000, 1000, 600, 1e-5)]
    [InlineData(1000, 250, 240, 1e-5)]
    [InlineData(1000, 1000, 1000, 1e-3)]
    public void The_bound_separates_refuted_from_possible(int canaries, int guesses, int correct, double delta)
    {
        double bound = OneRunAudit.EpsilonLower(canaries, guesses, correct, delta, 0.99);
        Assert.True(bound > 0);
        Assert.True(OneRunAudit.PValue(canaries, guesses, correct, bound, delta) < 0.01);
        Assert.True(OneRunAudit.PValue(canaries, guesses, correct, bound * 1.0001, delta) >= 0.01);
    }

    [Fact]
    public void A_larger_delta_explains_more() => Assert.True(
        OneRunAudit.EpsilonLower(1000, 100, 100, 1e-3, 0.99) < OneRunAudit.EpsilonLower(1000, 100, 100, 0, 0.99) - 0.1);

    [Theory]
    [InlineData(10, 11, 5)]
    [InlineData(10, 5, 6)]
    [InlineData(10, 5, -1)]
    public void Counts_that_do_not_nest_are_refused(int canaries, int guesses, int correct) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => OneRunAudit.EpsilonLower(canaries, guesses, correct, 0, 0.99));
}
