using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Budget;

namespace SecureFed.Privacy.Tests.Budget;

public sealed class AdaptiveClipTests
{
    private const int Units = 1000;

    [Theory]
    [InlineData(0.5, 0.001)]
    [InlineData(0.5, 1000.0)]
    [InlineData(0.9, 0.001)]
    [InlineData(0.1, 1000.0)]
    public void With_exact_counts_it_reaches_the_quantile_and_stays(double quantile, double start)
    {
        double[] norms = Norms();
        AdaptiveClip rule = new(1e-4, 1e4, quantile, 0.2);
        double clip = start;
        for (int round = 0; round < 600; round++)
        {
            clip = rule.Next(clip, AdaptiveClip.Fraction(norms.Sum(norm => AdaptiveClip.Contribution(norm, clip)), Units));
            if (round >= 400)
                Assert.InRange(Share(norms, clip), quantile - 0.003, quantile + 0.003);
        }
    }

    /// <summary>
    /// Noise of 50 on the count of 1000, the authors' advice. With η = 0.2 and a density f = 0.4 of log-norms at the median, log C has a standard deviation of
    /// √(η·0.05²/2f) = 0.025 and the fraction one of 0.01: five of those are 0.05, and the mean of 2000 rounds lies within 0.005 (four of its own).
    /// </summary>
    [Fact]
    public void With_noised_counts_it_stays_in_a_band_about_the_quantile_and_does_not_drift()
    {
        double[] norms = Norms();
        var random = Seeded.Source("noised counts");
        AdaptiveClip rule = new(1e-4, 1e4, 0.5, 0.2);
        double clip = 20;
        double sum = 0;
        for (int round = 0; round < 2200; round++)
        {
            double noise = 50 * Math.Sqrt(0.5) * Enumerable.Range(0, 6).Sum(_ => random.Symmetric());
            clip = rule.Next(clip, AdaptiveClip.Fraction(norms.Sum(norm => AdaptiveClip.Contribution(norm, clip)) + noise, Units));
            if (round < 200)
                continue;
            Assert.InRange(Share(norms, clip), 0.45, 0.55);
            sum += Share(norms, clip);
        }

        Assert.InRange(sum / 2000, 0.495, 0.505);
    }

    [Fact]
    public void One_unit_moves_the_sum_by_its_sensitivity_and_the_fraction_says_so()
    {
        Assert.Equal(AdaptiveClip.Sensitivity, Math.Abs(AdaptiveClip.Contribution(1, 2)));
        Assert.Equal(AdaptiveClip.Sensitivity, Math.Abs(AdaptiveClip.Contribution(2, 1)));
        Assert.Equal(0.5, AdaptiveClip.Contribution(1, 1));
        Assert.Equal(-0.5, AdaptiveClip.Contribution(double.NaN, 1));
        Assert.Equal(-0.5, AdaptiveClip.Contribution(double.PositiveInfinity, 1));
        Assert.Equal(0.75, AdaptiveClip.Fraction((75 - 25) * 0.5, 100));
    }

    [Fact]
    public void The_clip_norm_keeps_to_its_range_and_no_noise_throws_it_far()
    {
        AdaptiveClip rule = new(0.1, 30, 0.5, 0.2);
        Assert.Equal(0.1, rule.Next(0.1, 1));
        Assert.Equal(30, rule.Next(30, 0));
        Assert.Equal(0.1, rule.Next(0.2, 1e300));
        Assert.Equal((float)Math.E, rule.Next(1, -1e300), 1e-6);
        Assert.Equal(rule.Next(1, 5.5), rule.Next(1, 1e9));
    }

    /// <summary>Fixed bits: a platform that rounds otherwise would compute other sensitivities than its peers.</summary>
    [Fact]
    public void The_path_of_the_clip_norm_is_the_same_everywhere()
    {
        AdaptiveClip rule = new(1e-3, 1e3, 0.5, 0.2);
        double clip = 1;
        double[] fractions = [0.9, 0.123456789, 1.37, -0.4, 0.5, 0.50000001, 1e9, 0.333];
        List<double> path = [];
        foreach (double fraction in fractions)
            path.Add(clip = rule.Next(clip, fraction));
        Assert.All(path, value => Assert.Equal(value, (float)value));
        Assert.Equal(ExpectedPath, path);
    }

    [Fact]
    public void The_exponential_agrees_with_the_library_to_the_last_digits()
    {
        for (double x = -1; x <= 1; x += 0.0009765625)
            Assert.Equal(Math.Exp(x), AdaptiveClip.Exp(x), 2e-15 * Math.Exp(x));
        Assert.Equal(1, AdaptiveClip.Exp(0));
    }

    [Fact]
    public void Rules_out_of_range_are_refused()
    {
        Assert.Throws<AccountingException>(() => new AdaptiveClip(0, 1, 0.5, 0.2));
        Assert.Throws<AccountingException>(() => new AdaptiveClip(2, 1, 0.5, 0.2));
        Assert.Throws<AccountingException>(() => new AdaptiveClip(1, 2, 1, 0.2));
        Assert.Throws<AccountingException>(() => new AdaptiveClip(1, 2, 0.5, 0));
        Assert.Throws<AccountingException>(() => new AdaptiveClip(1, 2, double.NaN, 0.2));
        AdaptiveClip rule = new(1, 2, 0.5, 0.2);
        Assert.Throws<AccountingException>(() => rule.Next(3, 0.5));
        Assert.Throws<AccountingException>(() => rule.Next(1, double.NaN));
        Assert.Throws<AccountingException>(() => rule.Next(1, double.PositiveInfinity));
        Assert.Throws<AccountingException>(() => AdaptiveClip.Fraction(1, 0));
    }

    /// <summary>From another program: the library's exponential of another language, rounded to 24 bits.</summary>
    private static readonly double[] ExpectedPath =
    [
        0.9231163263320923, 0.9953196048736572, 0.8363639712333679, 1.0013095140457153, 1.0013095140457153, 1.0013095140457153, 0.3683611750602722, 0.3808722198009491,
    ];

    /// <summary>Logarithms nearly normal with deviation 1: sums of twelve uniform numbers.</summary>
    private static double[] Norms()
    {
        var random = Seeded.Source("norms");
        return [.. Enumerable.Range(0, Units).Select(_ => Math.Exp(0.5 * Enumerable.Range(0, 12).Sum(_ => random.Symmetric())))];
    }

    private static double Share(double[] norms, double clip) => norms.Count(norm => norm <= clip) / (double)Units;
}
