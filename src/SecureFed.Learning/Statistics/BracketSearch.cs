namespace SecureFed.Learning.Statistics;

/// <summary>One round of a k-ary search: from noisy counts in cells to the next bracket, with what may be wrong about it.</summary>
/// <remarks>
/// <para>C(x) is the number of rows below x, n that of all. With D(x) = C(x) − p·n − o the answer lies below x just if D(x) ≥ 0: a p-quantile has o = 0, the minimum p = 0 and o = ½, the maximum
/// p = 1 and o = −½. The error of D at edge j has standard deviation σ_j = σ·√((1−p)²(j+1) + p²(k+1−j)): the cells below the edge, and those above.</para>
/// <para>Decision: the first edge with D ≥ shift is the new b, the edge before it the new a. A quantile has shift 0. A minimum must stand out of the noise (shift q·σ_j), or the first noisy cell would
/// be it; a maximum likewise (−q·σ_j). q covers all edges of all rounds together, so with the stated confidence: D(a) &lt; shift + q·σ and D(b) ≥ shift − q·σ, wherever the
/// search went astray before. That is the rank error.</para>
/// <para>Independently, every edge whose D is told from 0 bounds the answer itself: the lower and upper ends.</para>
/// </remarks>
internal static class BracketSearch
{
    /// <summary>What a difference may be off by because p·n is no number of the computer.</summary>
    private const double Tolerance = 1e-9;

    /// <param name="block">The search.</param>
    /// <param name="counts">The block's sums of this round.</param>
    /// <param name="error">Their error.</param>
    /// <param name="rounds">R: rounds of the task.</param>
    /// <param name="bracket">[a, b, rank error at a, at b, lower, upper]; overwritten.</param>
    public static void Step(SearchBlock block, ReadOnlySpan<double> counts, SumError error, int rounds, Span<double> bracket)
    {
        int k = block.Cells;
        double q = ConfidenceSet.Simultaneous((k - 1) * rounds);
        double total = 0;
        foreach (double count in counts)
        {
            total += count;
        }

        if (!(total >= 0.5 && total > (q * error.CountDeviation * Math.Sqrt(k + 2)) + (error.Slack * (k + 2))))
        {
            (bracket[2], bracket[3]) = (1, 1); // Nothing is told from no rows.
            return;
        }

        (double p, double offset, int shift) = TargetOf(block.Statistic);
        (double lower, double upper) = (bracket[0], bracket[1]);
        double below = counts[0];
        double marginBefore = 0;
        bool isChosen = false;
        for (int j = 1; j <= k; j++)
        {
            below += counts[j];
            double spread = q * error.CountDeviation * Math.Sqrt(((1 - p) * (1 - p) * (j + 1)) + (p * p * (k + 1 - j)));
            double margin = spread + (error.Slack * (((1 - p) * (j + 1)) + (p * (k + 1 - j))));
            double difference = below - (p * total) - offset + (Tolerance * total);
            if (j < k)
            {
                Narrow(bracket, block.Edge(lower, upper, j), difference, margin);
            }

            if (!isChosen && (j == k || difference >= shift * spread))
            {
                isChosen = true;
                (bracket[0], bracket[1]) = (block.Edge(lower, upper, j - 1), block.Edge(lower, upper, j));
                bracket[2] = j > 1 ? (1 + shift) * marginBefore / total : bracket[2];
                bracket[3] = j < k ? (1 - shift) * margin / total : bracket[3];
            }

            marginBefore = margin;
        }
    }

    private static (double Probability, double Offset, int Shift) TargetOf(Statistic statistic) => statistic.Kind switch
    {
        StatisticKind.Minimum => (0, 0.5, 1),
        StatisticKind.Maximum => (1, -0.5, -1),
        _ => (statistic.Probability, 0, 0),
    };

    private static void Narrow(Span<double> bracket, double edge, double difference, double margin)
    {
        if (difference - margin >= 0)
        {
            bracket[5] = Math.Min(bracket[5], edge);
        }
        else if (difference + margin < 0)
        {
            bracket[4] = Math.Max(bracket[4], edge);
        }
    }
}
