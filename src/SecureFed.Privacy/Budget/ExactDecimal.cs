using System.Globalization;

namespace SecureFed.Privacy.Budget;

/// <summary>Doubles as the decimals that people wrote, so that ten times 0.1 is 1.</summary>
internal static class ExactDecimal
{
    /// <summary>The least positive decimal.</summary>
    private const decimal Step = 1e-28m;

    /// <summary>The shortest decimal that names this double; where 28 places do not hold it, the next one above.</summary>
    /// <param name="value">0 to 10⁶.</param>
    public static decimal Above(double value)
    {
        decimal nearest = Nearest(value);
        return Double(nearest) < value ? nearest + Step : nearest;
    }

    /// <summary>As <see cref="Above"/>, but the next one below.</summary>
    public static decimal Below(double value)
    {
        decimal nearest = Nearest(value);
        return Double(nearest) > value ? nearest - Step : nearest;
    }

    /// <summary>The double nearest to a decimal; the cast of the framework can be one off in the last place.</summary>
    public static double Double(decimal value) => double.Parse(value.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static decimal Nearest(double value) => decimal.Parse(value.ToString("R", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture);
}
