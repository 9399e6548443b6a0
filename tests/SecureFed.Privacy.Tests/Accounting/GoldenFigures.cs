using System.Globalization;
using System.Text.Json;

namespace SecureFed.Privacy.Tests.Accounting;

/// <summary>Rows of Golden/differential-privacy.json; the acceptance rules stand in its _readme.</summary>
internal static class GoldenFigures
{
    private static readonly JsonElement Root = Load();

    public static IEnumerable<TheoryDataRow<string>> Ids(string section) =>
        Root.GetProperty(section).EnumerateArray().Select(row => new TheoryDataRow<string>(row.GetProperty("id").GetString()!));

    public static JsonElement Row(string section, string id) =>
        Root.GetProperty(section).EnumerateArray().Single(row => row.GetProperty("id").GetString() == id);

    public static double Number(this JsonElement row, string name)
    {
        JsonElement value = row.GetProperty(name);
        return value.ValueKind switch
        {
            JsonValueKind.String => double.Parse(value.GetString()!, CultureInfo.InvariantCulture),
            JsonValueKind.Null => double.NaN,
            _ => value.GetDouble(),
        };
    }

    public static long Whole(this JsonElement row, string name) => row.GetProperty(name).GetInt64();

    private static JsonElement Load()
    {
        using Stream stream = typeof(GoldenFigures).Assembly.GetManifestResourceStream("differential-privacy.json")!;
        return JsonDocument.Parse(stream).RootElement;
    }
}
