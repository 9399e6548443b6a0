using System.Reflection;
using System.Text.Json;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Tests.Seal;

/// <summary>The files beside these tests that Microsoft SEAL wrote, and what SEAL says about them.</summary>
internal static class SealFiles
{
    public static JsonElement Expected { get; } = JsonDocument.Parse(Open("expected.json")).RootElement.Clone();

    public static SealParameters Parameters { get; } = SealParameters.Create(1024, [132120577], 12289);

    /// <summary>Every readable file with its kind.</summary>
    public static TheoryData<string, string> Readable => new()
    {
        { "parameters", "parameters" },
        { "parameters-zlib", "parameters" },
        { "secret-key-zlib", "secretKey" },
        { "public-key-zlib", "publicKey" },
        { "public-key-seeded-zlib", "publicKey" },
        { "plaintext-zlib", "plaintext" },
        { "ciphertext", "ciphertext" },
        { "ciphertext-zlib", "ciphertext" },
        { "ciphertext-seeded", "ciphertext" },
        { "ciphertext-seeded-zlib", "ciphertext" },
    };

    public static byte[] Read(string name) => Open($"{name}.seal");

    /// <summary>Our reader for one kind of object.</summary>
    public static void Read(string kind, byte[] file, SealParameters parameters)
    {
        switch (kind)
        {
            case "ciphertext": SealCiphertext.Read(file, parameters); break;
            case "plaintext": SealPlaintext.Read(file, parameters); break;
            case "publicKey": SealPublicKey.Read(file, parameters); break;
            case "secretKey": SealSecretKey.Read(file, parameters).Dispose(); break;
            case "parameters": SealParameters.Read(file); break;
            default: throw new ArgumentOutOfRangeException(nameof(kind));
        }
    }

    private static byte[] Open(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"seal/{name}") ?? throw new InvalidOperationException($"No file {name}.");
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
