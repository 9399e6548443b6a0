namespace SecureFed.Privacy.Accounting;

/// <summary>The δ of a task: the probability with which the promise may fail altogether.</summary>
public static class DeltaChoice
{
    /// <summary>min(10⁻⁵, N^−1.1), one significant digit, rounded down.</summary>
    /// <param name="units">N: protected units (clients or records), at least 1.</param>
    public static double For(long units)
    {
        AccountingRange.Closed("number of protected units", units, 1, 1e15);
        double bound = Math.Min(1e-5, Math.Pow(units, -1.1));
        int exponent = (int)Math.Floor(Math.Log10(bound));

        // Written as a quotient of exact powers where possible: 1e-5 stays 1e-5.
        double power = Math.Pow(10, -exponent);
        double digit = Math.Max(1, Math.Floor(bound * power * (1 + 1e-12)));
        return digit / power;
    }
}
