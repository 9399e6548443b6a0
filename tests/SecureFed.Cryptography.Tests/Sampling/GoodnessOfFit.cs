using System.Numerics;

namespace SecureFed.Cryptography.Tests.Sampling;

/// <summary>G-test of samples against exact probabilities; a true sampler fails it once in 10^9 times at most.</summary>
/// <remarks>
/// Bins: 0 alone, then intervals on either side of some eighth of the width, each expected 100 times or more, and what lies beyond on either side. G
/// = 2 * sum of O ln(O/E) is chi-square with bins - 1 degrees of freedom k. Laurent and Massart 2000, Lemma 1: chi-square exceeds k + 2 sqrt(k x) +
/// 2x with probability exp(-x) at most; x = ln 10^9.
/// </remarks>
internal static class GoodnessOfFit
{
    public const double FalseAlarm = 1e-9;

    private const double SmallestExpectation = 100;

    public static void AssertFits(ReadOnlySpan<long> samples, ExactProbabilities exact, int width)
    {
        int step = Math.Max(1, width / 8);
        List<(long From, long To, double Expected)> bins = [(0, 0, samples.Length * ExactProbabilities.ToDouble(exact[0]))];
        long from = 1;
        while (true)
        {
            double expected = samples.Length * Sum(exact, from, from + step - 1);
            if (expected < SmallestExpectation) break;
            bins.Add((from, from + step - 1, expected));
            bins.Add((-from - step + 1, -from, expected));
            from += step;
        }

        double tail = samples.Length * Sum(exact, from, exact.Largest);
        bins.Add((from, long.MaxValue, tail));
        bins.Add((long.MinValue, -from, tail));

        var observed = new double[bins.Count];
        foreach (long sample in samples) observed[Bin(sample, from, step)]++;
        double g = 0;
        for (int i = 0; i < bins.Count; i++)
        {
            // A tail too rare for the chi-square law is held to its Poisson law below instead.
            if (bins[i].Expected < SmallestExpectation) AssertRareCount(observed[i], bins[i].Expected);
            else if (observed[i] > 0) g += 2 * observed[i] * Math.Log(observed[i] / bins[i].Expected);
        }

        double limit = ChiSquareLimit(bins.Count - 1);
        Assert.True(g <= limit, $"G = {g:F1} exceeds {limit:F1} with {bins.Count} bins.");
    }

    /// <summary>Pearson's statistic for counts that should be equal.</summary>
    public static void AssertUniform(ReadOnlySpan<long> counts)
    {
        double total = 0;
        foreach (long count in counts) total += count;
        double expected = total / counts.Length;
        double statistic = 0;
        foreach (long count in counts) statistic += (count - expected) * (count - expected) / expected;
        Assert.True(statistic <= ChiSquareLimit(counts.Length - 1), $"Chi-square = {statistic:F1} with {counts.Length} classes.");
    }

    /// <summary>Pearson's statistic for two samples of equal size; values seen less than 200 times in both together are one class.</summary>
    public static void AssertSameDistribution(IEnumerable<long> first, IEnumerable<long> second)
    {
        Dictionary<long, int> a = first.CountBy(x => x).ToDictionary();
        Dictionary<long, int> b = second.CountBy(x => x).ToDictionary();
        List<(double A, double B)> classes = [.. a.Keys.Union(b.Keys).Select(x => ((double)a.GetValueOrDefault(x), (double)b.GetValueOrDefault(x)))];
        List<(double A, double B)> common = [.. classes.Where(c => c.A + c.B >= 200)];
        List<(double A, double B)> rare = [.. classes.Where(c => c.A + c.B < 200)];
        if (rare.Count > 0) common.Add((rare.Sum(c => c.A), rare.Sum(c => c.B)));
        double statistic = common.Sum(c => (c.A - c.B) * (c.A - c.B) / Math.Max(1, c.A + c.B));
        Assert.True(statistic <= ChiSquareLimit(common.Count - 1), $"Chi-square = {statistic:F1} with {common.Count} classes.");
    }

    private static double ChiSquareLimit(int degrees)
    {
        double x = -Math.Log(FalseAlarm);
        return degrees + 2 * Math.Sqrt(degrees * x) + 2 * x;
    }

    /// <summary>Chernoff's bound for a binomial or Poisson count: exp(-(O ln(O/E) - O + E)) on either side.</summary>
    private static void AssertRareCount(double count, double expected)
    {
        double exponent = (count == 0 ? 0 : count * Math.Log(count / expected)) - count + expected;
        Assert.True(exponent <= Math.Log(4 / FalseAlarm), $"{count} samples in a tail that expects {expected:G4}.");
    }

    private static double Sum(ExactProbabilities exact, long from, long to)
    {
        BigInteger sum = BigInteger.Zero;
        for (long x = from; x <= Math.Min(to, exact.Largest); x++) sum += exact[x];
        return ExactProbabilities.ToDouble(sum);
    }

    private static int Bin(long sample, long tailFrom, int step)
    {
        if (sample == 0) return 0;
        int side = sample > 0 ? 1 : 2;
        long interval = (Math.Min(Math.Abs(sample), tailFrom) - 1) / step;
        return (int)(2 * interval) + side;
    }
}
