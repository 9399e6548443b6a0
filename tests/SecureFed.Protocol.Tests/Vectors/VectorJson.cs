using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>The form of the vector files: camel case, bytes in lower-case hexadecimal, lists of numbers on one line.</summary>
internal static partial class VectorJson
{
    /// <summary>Set to the absolute path of the folder Vectors/protocol to write the files anew.</summary>
    public const string WriteVariable = "SECUREFED_WRITE_VECTORS";

    public const string Regenerate =
        "SECUREFED_WRITE_VECTORS=$PWD/tests/SecureFed.Protocol.Tests/Vectors/protocol dotnet test tests/SecureFed.Protocol.Tests --filter Vectors_are_written_on_demand";

    public static readonly string? WriteTo = Environment.GetEnvironmentVariable(WriteVariable);

    private static readonly JsonSerializerOptions Options = Create();

    public static string Serialize<T>(T vector) =>
        NumberList().Replace(JsonSerializer.Serialize(vector, Options), match => Space().Replace(match.Value, " ").Replace("[ ", "[", StringComparison.Ordinal).Replace(" ]", "]", StringComparison.Ordinal)) + "\n";

    public static T Read<T>(string file)
    {
        using Stream stream = typeof(VectorJson).Assembly.GetManifestResourceStream("protocol/" + file)
            ?? throw new FileNotFoundException($"The vector {file} is not part of the test assembly.");
        return JsonSerializer.Deserialize<T>(stream, Options)!;
    }

    public static void Write<T>(string file, T vector) => File.WriteAllText(Path.Combine(WriteTo!, file), Serialize(vector));

    private static JsonSerializerOptions Create() => new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new HexConverter(), new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    [GeneratedRegex(@"\[\s+-?[0-9][^\[\]{}""]*\]", RegexOptions.None, 10_000)]
    private static partial Regex NumberList();

    [GeneratedRegex(@"\s+", RegexOptions.None, 10_000)]
    private static partial Regex Space();

    private sealed class HexConverter : JsonConverter<byte[]>
    {
        public override byte[] Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Convert.FromHexString(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, byte[] value, JsonSerializerOptions options) => writer.WriteStringValue(Convert.ToHexStringLower(value));
    }
}
