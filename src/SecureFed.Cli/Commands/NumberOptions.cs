using System.CommandLine;
using System.Globalization;

namespace SecureFed.Cli.Commands;

/// <summary>Options whose value is a number: what is no number, or too large for one, is refused with the range that is allowed.</summary>
internal static class NumberOptions
{
    public static Option<double> Real(string name, string description, string range) => new(name)
    {
        Description = $"{description}, in {range}.",
        Required = true,
        CustomParser = result =>
        {
            if (double.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
                return value;
            result.AddError($"{name} must be a number in {range}.");
            return 0;
        },
    };

    /// <summary>A whole number; 1e6 is one.</summary>
    public static Option<long> Whole(string name, string description, long least, long greatest)
    {
        string range = string.Create(CultureInfo.InvariantCulture, $"{least:N0} to {greatest:N0}");
        return new Option<long>(name)
        {
            Description = $"{description}, {range}.",
            Required = true,
            CustomParser = result =>
            {
                if (long.TryParse(result.Tokens[0].Value, NumberStyles.AllowLeadingSign | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out long value)
                    && value >= least && value <= greatest)
                {
                    return value;
                }

                result.AddError($"{name} must be a whole number in {range}.");
                return least;
            },
        };
    }
}
