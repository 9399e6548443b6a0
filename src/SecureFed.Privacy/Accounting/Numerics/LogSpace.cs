namespace SecureFed.Privacy.Accounting.Numerics;

/// <summary>Elementary functions without cancellation, and sums of numbers given by their logarithms.</summary>
/// <remarks>
/// <c>double.LogP1</c> and <c>double.ExpM1</c> of .NET are Log(1 + x) and Exp(x) − 1 literally; the forms here are Kahan's
/// (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 1.14.1): a few units in the last place.
/// </remarks>
internal static class LogSpace
{
    /// <summary>Relative slack by which a computed bound is raised, above the rounding errors of the sums here and below every stated tolerance.</summary>
    public const double Slack = 1e-12;

    public static double RoundUp(double bound) => bound + Math.Abs(bound) * Slack;

    /// <summary>log(1 + x).</summary>
    public static double Log1p(double x)
    {
        double shifted = 1 + x;
        if (shifted == 1 || double.IsPositiveInfinity(shifted))
            return x;
        return Math.Log(shifted) * (x / (shifted - 1));
    }

    /// <summary>e^x − 1.</summary>
    public static double Expm1(double x)
    {
        if (Math.Abs(x) > 1)
            return Math.Exp(x) - 1;
        double power = Math.Exp(x);
        return power == 1 ? x : (power - 1) * x / Math.Log(power);
    }

    /// <summary>log(e^x − 1) for x &gt;= 0.</summary>
    public static double LogExpm1(double x) => x > 40 ? x : Math.Log(Expm1(x));

    /// <summary>log(1 + e^x).</summary>
    public static double Log1pExp(double x) => x > 40 ? x : Log1p(Math.Exp(x));

    /// <summary>log Σ e^x.</summary>
    public static double LogSum(ReadOnlySpan<double> logarithms)
    {
        double largest = double.NegativeInfinity;
        foreach (double x in logarithms)
            largest = Math.Max(largest, x);
        if (double.IsInfinity(largest))
            return largest;
        CompensatedSum sum = default;
        foreach (double x in logarithms)
            sum.Add(Math.Exp(x - largest));
        return largest + Math.Log(sum.Value);
    }

    /// <summary>log(1 − q + q·e^x), for x of any size and q in (0, 1].</summary>
    public static double LogMixture(double q, double x)
    {
        if (q == 1)
            return x;
        return x <= 700 ? Log1p(q * Expm1(x)) : x + Math.Log(q) + Log1p((1 - q) / q * Math.Exp(-x));
    }
}
