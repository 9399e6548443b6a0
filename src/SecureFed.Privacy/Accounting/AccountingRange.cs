using System.Globalization;

namespace SecureFed.Privacy.Accounting;

/// <summary>The ranges in which the accountants are exact to the tolerances that they state; everything else is refused with the range.</summary>
internal static class AccountingRange
{
    public const double LeastNoiseMultiplier = 0.01;
    public const double GreatestNoiseMultiplier = 1e6;
    public const double GreatestSigma = 1e7;
    public const double GreatestEpsilon = 1e6;
    public const double LeastDelta = 1e-100;
    public const long GreatestSteps = 1_000_000_000;
    public const int GreatestClients = 10_000_000;

    public static void NoiseMultiplier(double value) => Closed("noise multiplier", value, LeastNoiseMultiplier, GreatestNoiseMultiplier);

    public static void SamplingRate(double value) => Closed("sampling rate", value, 0, 1);

    public static void Steps(long value)
    {
        if (value is < 1 or > GreatestSteps)
            throw Refuse("number of steps", value, string.Create(CultureInfo.InvariantCulture, $"1 to {GreatestSteps:N0}"));
    }

    public static void Clients(long value)
    {
        if (value is < 1 or > GreatestClients)
            throw Refuse("number of clients", value, string.Create(CultureInfo.InvariantCulture, $"1 to {GreatestClients:N0}"));
    }

    public static void Delta(double value)
    {
        if (!(value >= LeastDelta && value < 1))
            throw Refuse("delta", value, "[1e-100, 1)");
    }

    public static void Epsilon(double value)
    {
        if (!(value > 0 && value <= GreatestEpsilon))
            throw Refuse("epsilon", value, "(0, 1e6]");
    }

    public static void Positive(string name, double value, double greatest)
    {
        if (!(value > 0 && value <= greatest))
            throw Refuse(name, value, string.Create(CultureInfo.InvariantCulture, $"(0, {greatest:G6}]"));
    }

    public static void Closed(string name, double value, double least, double greatest)
    {
        if (!(value >= least && value <= greatest))
            throw Refuse(name, value, string.Create(CultureInfo.InvariantCulture, $"[{least:G6}, {greatest:G6}]"));
    }

    private static AccountingException Refuse(string name, IFormattable value, string range) => new(
        AccountingException.OutOfRange,
        $"The {name} is {value.ToString(null, CultureInfo.InvariantCulture)}, but must be in {range}. Give a {name} in {range}.");
}
