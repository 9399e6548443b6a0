using SecureFed.Privacy.Accounting.Numerics;

namespace SecureFed.Privacy.Auditing.Statistics;

/// <summary>Exact confidence bounds for a probability of which k of n independent trials were successes.</summary>
/// <remarks>
/// Clopper and Pearson 1934 (Biometrika 26): the lower bound is the p at which k or more successes would have probability 1 − confidence, the upper bound the p
/// at which k or fewer would. No approximation by a normal distribution, which fails just where audits look: at a handful of false alarms. Rounded outwards.
/// </remarks>
internal static class ClopperPearson
{
    private const double Precision = 1e-14;

    /// <summary>At least <paramref name="confidence"/> probable to lie at or below the true probability.</summary>
    /// <param name="successes">k, 0 to n.</param>
    /// <param name="trials">n, 1 to 10⁶.</param>
    /// <param name="confidence">In (0, 1).</param>
    public static double Lower(long successes, long trials, double confidence)
    {
        double error = Error(successes, trials, confidence);
        return successes == 0 ? 0 : Bisection.Greatest(0, 1, Precision, p => BinomialTail.AtLeast(successes, trials, p) <= error);
    }

    /// <summary>At least <paramref name="confidence"/> probable to lie at or above the true probability.</summary>
    public static double Upper(long successes, long trials, double confidence)
    {
        double error = Error(successes, trials, confidence);
        return successes == trials ? 1 : Bisection.Least(0, 1, Precision, p => BinomialTail.AtMost(successes, trials, p) <= error);
    }

    /// <summary>Both bounds, each with half of the error.</summary>
    public static (double Lower, double Upper) TwoSided(long successes, long trials, double confidence)
    {
        double each = (1 + confidence) / 2;
        return (Lower(successes, trials, each), Upper(successes, trials, each));
    }

    private static double Error(long successes, long trials, double confidence)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trials, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(trials, 1_000_000);
        ArgumentOutOfRangeException.ThrowIfNegative(successes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes, trials);
        if (!(confidence is > 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(confidence), "A confidence lies in (0, 1).");
        return (1 - confidence) * (1 - BinomialTail.Slack);
    }
}
