using System.Text.Json;

namespace SecureFed.Cryptography.Tests;

/// <summary>Reads the known answers in Vectors/*.json; each file says where it came from.</summary>
internal static class Vector
{
    public static JsonElement Open(string file)
    {
        using Stream stream = typeof(Vector).Assembly.GetManifestResourceStream(file) ?? throw new InvalidOperationException($"No vector file {file}.");
        using JsonDocument document = JsonDocument.Parse(stream);
        JsonElement root = document.RootElement.Clone();
        Assert.False(string.IsNullOrWhiteSpace(root.GetProperty("source").GetString()), $"{file} must name its source.");
        return root;
    }

    /// <summary>The cases under <paramref name="list"/>; fails if there are none, so that a renamed list cannot pass silently.</summary>
    public static IReadOnlyList<JsonElement> Cases(string file, string list)
    {
        JsonElement[] cases = [.. Open(file).GetProperty(list).EnumerateArray()];
        Assert.NotEmpty(cases);
        return cases;
    }

    public static byte[] Bytes(this JsonElement element, string property) => Convert.FromHexString(element.GetProperty(property).GetString()!);

    public static string Text(this JsonElement element, string property) => element.GetProperty(property).GetString()!;

    public static int[] Integers(this JsonElement element, string property) => [.. element.GetProperty(property).EnumerateArray().Select(e => e.GetInt32())];

    public static uint[] Words(this JsonElement element, string property) => [.. element.GetProperty(property).EnumerateArray().Select(e => e.GetUInt32())];
}
