using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Auditing.Statistics;

namespace SecureFed.Privacy.Tests.Auditing;

public sealed class BinomialTailTests
{
    [Theory]
    [InlineData(1, 10, 1, 3)]
    [InlineData(7, 10, 1, 3)]
    [InlineData(10, 10, 2, 3)]
    [InlineData(60, 100, 1, 2)]
    [InlineData(3, 1000, 1, 1000)]
    [InlineData(40, 1000, 1, 100)]
    [InlineData(700, 1000, 2, 3)]
    [InlineData(1300, 2000, 3, 5)]
    public void Tails_agree_with_exact_fractions(int k, int n, int numerator, int denominator)
    {
        Rational p = new(numerator, denominator);
        double value = (double)numerator / denominator;
        AssertClose(ExactBinomial.AtLeast(k, n, p), BinomialTail.AtLeast(k, n, value));
        AssertClose(ExactBinomial.AtMost(k, n, p), BinomialTail.AtMost(k, n, value));
        AssertClose(ExactBinomial.Sum(k, k, n, p), BinomialTail.Exactly(k, n, value));
    }

    /// <summary>The sum is another algorithm: the terms themselves, from their largest, each from the one before.</summary>
    [Theory]
    [InlineData(60_000, 100_000, 0.595)]
    [InlineData(20, 1_000_000, 8e-6)]
    [InlineData(500_900, 1_000_000, 0.5)]
    public void Tails_of_many_trials_agree_with_summation(long k, long n, double p)
    {
        double term = 1;
        double above = 0;
        for (long j = k; j <= n && term > 1e-18 * above; j++)
        {
            above += term;
            term *= (double)(n - j) / (j + 1) * (p / (1 - p));
        }

        term = 1;
        double below = 0;
        for (long j = k; j >= 1; j--)
        {
            term *= (double)j / (n - j + 1) * ((1 - p) / p);
            if (term < 1e-18 * below)
                break;
            below += term;
        }

        AssertClose(above / (above + below), BinomialTail.AtLeast(k, n, p));
        AssertClose(below / (above + below), BinomialTail.AtMost(k - 1, n, p));
    }

    [Fact]
    public void Tails_beyond_the_ends_are_certain_or_impossible()
    {
        Assert.Equal(1, BinomialTail.AtLeast(0, 5, 0.3));
        Assert.Equal(0, BinomialTail.AtLeast(6, 5, 0.3));
        Assert.Equal(1, BinomialTail.AtMost(5, 5, 0.3));
        Assert.Equal(0, BinomialTail.AtMost(-1, 5, 0.3));
        Assert.Equal(0, BinomialTail.Exactly(6, 5, 0.3));
    }

    private static void AssertClose(double expected, double actual) => Assert.Equal(expected, actual, expected * BinomialTail.Slack / 10);
}
