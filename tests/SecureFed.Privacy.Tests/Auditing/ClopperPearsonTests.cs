using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Auditing.Statistics;

namespace SecureFed.Privacy.Tests.Auditing;

public sealed class ClopperPearsonTests
{
    /// <summary>The interval is defined by its tails: computed exactly at the bound, they are the error, from the safe side.</summary>
    [Theory]
    [InlineData(1, 10, 0.95)]
    [InlineData(5, 10, 0.99)]
    [InlineData(9, 10, 0.95)]
    [InlineData(3, 400, 0.995)]
    [InlineData(200, 400, 0.995)]
    [InlineData(399, 400, 0.999999)]
    public void The_tail_at_a_bound_is_the_error_it_may_have(int successes, int trials, double confidence)
    {
        double lower = ClopperPearson.Lower(successes, trials, confidence);
        double upper = ClopperPearson.Upper(successes, trials, confidence);
        double error = 1 - confidence;
        Assert.InRange(ExactBinomial.AtLeast(successes, trials, Rational.FromDouble(lower)), error * (1 - 1e-5), error);
        Assert.InRange(ExactBinomial.AtMost(successes, trials, Rational.FromDouble(upper)), error * (1 - 1e-5), error);
    }

    /// <summary>The closed forms of no success and of nothing but successes, 1 − α^(1/n) and α^(1/n).</summary>
    [Theory]
    [InlineData(10, 0.95)]
    [InlineData(20000, 0.995)]
    public void All_or_nothing_has_a_closed_form(int trials, double confidence)
    {
        double root = Math.Pow(1 - confidence, 1.0 / trials);
        Assert.Equal(0, ClopperPearson.Lower(0, trials, confidence));
        Assert.Equal(1 - root, ClopperPearson.Upper(0, trials, confidence), (1 - root) * 1e-6);
        Assert.Equal(root, ClopperPearson.Lower(trials, trials, confidence), 1e-7);
        Assert.Equal(1, ClopperPearson.Upper(trials, trials, confidence));
    }

    /// <summary>Intervals as statistical packages and textbooks print them (R's binom.test, four digits).</summary>
    [Theory]
    [InlineData(10, 100, 0.0490, 0.1762)]
    [InlineData(5, 10, 0.1871, 0.8129)]
    [InlineData(0, 10, 0, 0.3085)]
    public void The_two_sided_interval_is_the_published_one(int successes, int trials, double lower, double upper)
    {
        (double least, double most) = ClopperPearson.TwoSided(successes, trials, 0.95);
        Assert.Equal(lower, least, 5e-5);
        Assert.Equal(upper, most, 5e-5);
    }

    [Theory]
    [InlineData(-1, 10, 0.95)]
    [InlineData(11, 10, 0.95)]
    [InlineData(0, 0, 0.95)]
    [InlineData(1, 10, 1)]
    [InlineData(1, 10, double.NaN)]
    public void What_is_no_count_or_no_confidence_is_refused(int successes, int trials, double confidence) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ClopperPearson.Lower(successes, trials, confidence));
}
