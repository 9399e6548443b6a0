namespace SecureFed.Protocol.Masking.Graph;

/// <summary>Tails of k draws without replacement from a population of n, down to 2^-1000.</summary>
/// <param name="population">n.</param>
internal sealed class Hypergeometric(int population)
{
    private readonly double[] logFactorials = LogFactorials.UpTo(population);

    /// <summary>ln C(n, k); negative infinity outside 0 ≤ k ≤ n.</summary>
    public double LogBinomial(int n, int k) =>
        k < 0 || k > n ? double.NegativeInfinity : logFactorials[n] - logFactorials[k] - logFactorials[n - k];

    /// <summary>Least t with P[more than t marked among the draws] ≤ bound.</summary>
    /// <param name="marked">Marked members of the population.</param>
    /// <param name="draws">k.</param>
    /// <param name="bound">Probability.</param>
    public int LeastExceededBy(int marked, int draws, double bound)
    {
        double tail = 0;
        for (int count = Math.Min(draws, marked); count > 0; count--)
        {
            tail += Probability(marked, draws, count);
            if (tail > bound)
                return count;
        }

        return 0;
    }

    /// <summary>Largest t with P[fewer than t marked among the draws] ≤ bound.</summary>
    public int GreatestReached(int marked, int draws, double bound)
    {
        double tail = 0;
        int greatest = Math.Min(draws, marked);
        for (int count = Math.Max(0, draws - (population - marked)); count < greatest; count++)
        {
            tail += Probability(marked, draws, count);
            if (tail > bound)
                return count;
        }

        return greatest;
    }

    private double Probability(int marked, int draws, int count) =>
        Math.Exp(LogBinomial(marked, count) + LogBinomial(population - marked, draws - count) - LogBinomial(population, draws));
}
