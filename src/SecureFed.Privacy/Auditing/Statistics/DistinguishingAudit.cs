namespace SecureFed.Privacy.Auditing.Statistics;

/// <summary>A lower bound on ε from many runs with a canary and as many without.</summary>
/// <remarks>
/// <para>An (ε, δ) mechanism gives every rule TPR &lt;= e^ε·FPR + δ and, exchanging the worlds, 1 − FPR &lt;= e^ε·(1 − TPR) + δ (Kairouz, Oh and Viswanath 2015, section 2). With
/// a lower bound on TPR and an upper bound on FPR that hold together with the wanted confidence, each inequality gives a lower bound on ε (Jagielski, Ullman and
/// Oprea 2020, section 3; Nasr et al. 2021, section 3). Both rest on the same two bounds, so the larger may be taken.</para>
/// <para>The rule is "score &gt;= threshold". At most twenty thresholds come from the first fifth of the runs, at fixed quantiles of both worlds; the other runs give a bound for each
/// with its part of the error, and the largest is reported. (To choose the one best threshold on one half and measure on the other costs more than that: the best-looking threshold is
/// mostly the luckiest. Measured on Gaussians 0.8σ apart, 4,000 runs: 0.0 to 1.3 that way, 0.9 to 1.3 this way.)</para>
/// <para>What it cannot show: more than about ln(n/10) with n runs of each kind at confidence 0.99, whatever leaks. A small bound is no proof of privacy.</para>
/// </remarks>
internal static class DistinguishingAudit
{
    private const int PilotShare = 5;

    /// <summary>Where ε shows best depends on the separation, which is not known before.</summary>
    private static readonly double[] Tails = [0.3, 0.1, 0.03, 0.01, 0.003];

    /// <summary>The bound for counts of a rule that was fixed before the runs.</summary>
    /// <param name="counts">Counts of independent runs.</param>
    /// <param name="delta">δ of the claim, in [0, 1).</param>
    /// <param name="confidence">In (0, 1).</param>
    /// <returns>ε &gt;= 0; finite.</returns>
    public static double EpsilonLower(GuessCounts counts, double delta, double confidence)
    {
        double each = (1 + confidence) / 2;
        double hits = ClopperPearson.Lower(counts.TruePositives, counts.WithRuns, each);
        double alarms = ClopperPearson.Upper(counts.FalsePositives, counts.WithoutRuns, each);
        return Math.Max(0, Math.Max(LogRatio(hits - delta, alarms), LogRatio(1 - alarms - delta, 1 - hits)));
    }

    /// <summary>The bound for scores of independent runs, in the order in which they were made.</summary>
    /// <param name="with">Scores of runs with the canary, at least 5.</param>
    /// <param name="without">Scores of runs without it, at least 5.</param>
    /// <param name="delta">δ of the claim, in [0, 1).</param>
    /// <param name="confidence">In (0, 1).</param>
    public static double EpsilonLower(ReadOnlySpan<double> with, ReadOnlySpan<double> without, double delta, double confidence)
    {
        (int withPilot, int withoutPilot) = (with.Length / PilotShare, without.Length / PilotShare);
        double[] thresholds = Thresholds(with[..withPilot].ToArray(), without[..withoutPilot].ToArray());
        double each = 1 - (1 - confidence) / thresholds.Length;
        double best = 0;
        foreach (double threshold in thresholds)
        {
            GuessCounts counts = new(
                AtOrAbove(with[withPilot..], threshold),
                with.Length - withPilot,
                AtOrAbove(without[withoutPilot..], threshold),
                without.Length - withoutPilot);
            best = Math.Max(best, EpsilonLower(counts, delta, each));
        }

        return best;
    }

    /// <summary>Both ends of both worlds: a canary that is rarely sampled shows only in the upper end of the runs with it.</summary>
    private static double[] Thresholds(double[] with, double[] without)
    {
        Array.Sort(with);
        Array.Sort(without);
        return [.. Ends(with).Concat(Ends(without)).Distinct()];

        static IEnumerable<double> Ends(double[] sorted) => Tails.Select(tail => (int)(tail * sorted.Length)).SelectMany(rank => (double[])[sorted[rank], sorted[^(1 + rank)]]);
    }

    private static long AtOrAbove(ReadOnlySpan<double> scores, double threshold)
    {
        long count = 0;
        foreach (double score in scores)
            count += score >= threshold ? 1 : 0;
        return count;
    }

    private static double LogRatio(double numerator, double denominator) => numerator > 0 && denominator > 0 ? Math.Log(numerator / denominator) : double.NegativeInfinity;
}
