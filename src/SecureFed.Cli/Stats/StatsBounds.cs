using System.Text.Json;
using SecureFed.Cli.Output;
using SecureFed.Learning.Data;

namespace SecureFed.Cli.Stats;

/// <summary>Public bounds out of the answers of <c>securefed stats</c>: the lowest and the highest order that were found of a column (minimum, quantiles, maximum).</summary>
/// <remarks>
/// The answers were released with noise and paid for, so bounds made of them cost nothing more; the budgets of both tasks add up. Narrow bounds lower the noise of a standardisation round.
/// Rows beyond them count as the bound there.
/// </remarks>
internal static class StatsBounds
{
    /// <summary>The schema with the bounds that the file has for its features; others stay.</summary>
    public static DataSchema Apply(DataSchema schema, string path)
    {
        Dictionary<string, SortedDictionary<double, double>> found = Read(path);
        return new DataSchema([.. schema.Features.Select(Narrow)], schema.Label, schema.LabelKind);

        FeatureSchema Narrow(FeatureSchema feature)
        {
            if (!found.TryGetValue(feature.Name, out SortedDictionary<double, double>? orders))
                return feature;
            double lower = Math.Clamp(orders.First().Value, feature.LowerBound, feature.UpperBound);
            double upper = Math.Clamp(orders.Last().Value, feature.LowerBound, feature.UpperBound);
            return lower < upper ? feature with { LowerBound = lower, UpperBound = upper } : feature;
        }
    }

    private static Dictionary<string, SortedDictionary<double, double>> Read(string path)
    {
        Dictionary<string, SortedDictionary<double, double>> found = new(StringComparer.Ordinal);
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            foreach (JsonElement answer in document.RootElement.GetProperty("statistics").EnumerateArray())
            {
                double? order = answer.GetProperty("statistic").GetString() switch { "minimum" => 0, "maximum" => 1, "quantile" => answer.GetProperty("probability").GetDouble(), _ => null };
                if (order is not { } place || answer.GetProperty("value").ValueKind != JsonValueKind.Number)
                    continue;
                string column = answer.GetProperty("column").GetString()!;
                if (!found.TryGetValue(column, out SortedDictionary<double, double>? orders))
                    found.Add(column, orders = []);
                orders[place] = answer.GetProperty("value").GetDouble();
            }
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw CommandException.Refuse("invalid-configuration", $"'{path}' does not hold the answers of 'securefed stats': {exception.Message}", "Write it with 'securefed stats --json' or take stats.json of its --out.");
        }

        return found.Values.Any(orders => orders.Count > 1)
            ? found
            : throw CommandException.Refuse("invalid-configuration", $"'{path}' holds no two orders of any column.", "Ask for minimum and maximum, or for two quantiles such as 0.01,0.99.");
    }
}
