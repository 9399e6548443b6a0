using SecureFed.Privacy.Accounting.Numerics;

namespace SecureFed.Privacy.Auditing.Statistics;

/// <summary>A lower bound on ε from a single run with many canaries, each included by its own fair coin.</summary>
/// <remarks>
/// <para>Steinke, Nasr and Jagielski 2023 (arXiv 2305.08846), Theorem 5.2, Corollary 5.4 and appendix D (v1). An auditor sees the output and guesses the coins of r of m canaries; the choice of r
/// is fixed in advance, which r it guesses is not. Under pure ε each guess is right with probability at most p = e^ε/(1 + e^ε), given the output and the coins of
/// the other canaries, so the number of right guesses is dominated by X ~ Bin(r, p). Under (ε, δ) it is dominated by X + F, with F &lt;= m guesses that
/// succeed by the failure event and E[F] &lt;= 2mδ. Averaging over F, P[v or more right] &lt;= P[X &gt;= v] + Σᵢ P[F = i]·P[v − i &lt;= X &lt; v], and the sum is at
/// most E[F] times the largest P[v − i &lt;= X &lt; v]/i.</para>
/// <para>Every rejected ε is rejected by an event "v* or more right", so the events of all ε at or above the true one are nested and the largest rejected ε
/// needs no correction for the search.</para>
/// <para>Weaker than <see cref="DistinguishingAudit"/> run for run of compute; its strength is that one run is enough, so that it can be made on a task that runs anyway.</para>
/// </remarks>
internal static class OneRunAudit
{
    /// <summary>Far above what any number of guesses can refute; here 1 − p still has digits.</summary>
    private const double GreatestEpsilon = 30;

    /// <summary>A bound on the probability that an (ε, δ) mechanism lets the auditor be right that often.</summary>
    /// <param name="canaries">m.</param>
    /// <param name="guesses">r &lt;= m.</param>
    /// <param name="correct">v &lt;= r.</param>
    /// <param name="epsilon">ε &gt;= 0.</param>
    /// <param name="delta">δ in [0, 1).</param>
    public static double PValue(int canaries, int guesses, int correct, double epsilon, double delta)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(guesses, canaries);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(correct, guesses);
        ArgumentOutOfRangeException.ThrowIfNegative(correct);
        double p = 1 / (1 + Math.Exp(-epsilon));
        double chance = BinomialTail.AtLeast(correct, guesses, p);
        double steepest = delta > 0 ? SteepestFall(guesses, correct, p) : 0;
        return Math.Min(1, chance + 2.0 * canaries * delta * steepest);
    }

    /// <summary>The largest ε that so many right guesses refute.</summary>
    /// <returns>ε in [0, 30]; 0 if nothing is refuted.</returns>
    public static double EpsilonLower(int canaries, int guesses, int correct, double delta, double confidence)
    {
        double error = (1 - confidence) * (1 - BinomialTail.Slack);
        return PValue(canaries, guesses, correct, 0, delta) >= error
            ? 0
            : Bisection.Greatest(0, GreatestEpsilon, 1e-9, epsilon => PValue(canaries, guesses, correct, epsilon, delta) < error);
    }

    /// <summary>The largest P[v − i &lt;= X &lt; v]/i.</summary>
    private static double SteepestFall(int guesses, int correct, double p)
    {
        double steepest = 0;
        CompensatedSum below = default;
        for (int i = 1; i <= correct; i++)
        {
            below.Add(BinomialTail.Exactly(correct - i, guesses, p));
            steepest = Math.Max(steepest, below.Value / i);
        }

        return steepest;
    }
}
