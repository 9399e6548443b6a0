namespace SecureFed.Privacy.Budget;

/// <summary>The decimal numbers with six significant digits from 0.01 to 10⁶, counted in ascending order: the noise multipliers that a plan may give.</summary>
internal static class ShortDecimal
{
    private const int PerDecade = 900_000;

    /// <summary>Ten to the powers of −7 to 0 divide the six digits exactly rounded; one more decade is reached by the last number alone.</summary>
    private static readonly double[] Divisors = [1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1e0];

    /// <summary>How many there are; the last one is 10⁶.</summary>
    public const int Count = 8 * PerDecade + 1;

    /// <summary>The double nearest to the decimal.</summary>
    public static double At(int index) =>
        index == Count - 1 ? 1e6 : (100_000 + index % PerDecade) / Divisors[index / PerDecade];
}
