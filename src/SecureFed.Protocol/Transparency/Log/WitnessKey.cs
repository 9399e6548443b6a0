using System.Globalization;
using System.Security.Cryptography;
using SecureFed.Cryptography;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Signing;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>A witness's name and secret Ed25519 seed; its text is an skey, <c>PRIVATE+KEY+name+id+base64(type ‖ seed)</c>.</summary>
/// <remarks>
/// C2SP names no form for secret keys; this is the one that Go's sumdb/note writes and that existing witnesses load. They write type 0x01, some also 0x04, and
/// the id of that type; both are read here and 0x01 is written, because every witness reads it. The key cosigns with type 0x04 whichever was written.
/// A witness must not share its key with another signer: cosignature/v1 does not sign the witness's name (C2SP tlog-cosignature).
/// </remarks>
public sealed class WitnessKey : IDisposable
{
    private const string Prefix = "PRIVATE+KEY+";
    private readonly Secret seed;

    private WitnessKey(string name, Secret seed)
    {
        this.seed = seed;
        Verifier = NoteVerifier.ForCosigner(name, Ed25519.PublicKeyOf(seed.Span));
    }

    /// <summary>The public half, type 0x04: what logs, clients and policies are given.</summary>
    public NoteVerifier Verifier { get; }

    /// <param name="name">A schema-less address by convention; no white space, no plus.</param>
    /// <param name="random">32 bytes are drawn.</param>
    /// <exception cref="ArgumentException">The name is no key name.</exception>
    public static WitnessKey Generate(string name, IRandomSource random) => LogText.IsKeyName(name)
        ? new WitnessKey(name, Secret.Random(Ed25519.SeedBytes, random))
        : throw new ArgumentException("A key's name is not empty and has no white space and no plus.", nameof(name));

    /// <summary>Reads an skey of type 0x01 or 0x04; refuses an id that does not belong to the key.</summary>
    public static bool TryParse(string? text, out WitnessKey? key)
    {
        key = null;
        if (text is null || !text.StartsWith(Prefix, StringComparison.Ordinal))
            return false;

        // The key's base64 may hold a plus, the name and the id cannot.
        string[] parts = text[Prefix.Length..].Split('+', 3);
        if (parts.Length != 3 || !LogText.IsKeyName(parts[0]) || !LogText.TryBase64(parts[2], out byte[] content))
            return false;
        if (content.Length == 1 + Ed25519.SeedBytes && (NoteKeyType)content[0] is NoteKeyType.Ed25519 or NoteKeyType.Cosignature)
        {
            WitnessKey read = new(parts[0], new Secret(content.AsSpan(1)));
            if (string.Equals(IdOf(parts[0], (NoteKeyType)content[0], read.Verifier.Key), parts[1], StringComparison.Ordinal))
                key = read;
            else
                read.Dispose();
        }

        CryptographicOperations.ZeroMemory(content);
        return key is not null;
    }

    /// <summary>The skey. It is the secret itself, unencrypted; the form has no passphrase.</summary>
    public string Export()
    {
        byte[] content = [(byte)NoteKeyType.Ed25519, .. seed.Span];
        string text = $"{Prefix}{Verifier.Name}+{IdOf(Verifier.Name, NoteKeyType.Ed25519, Verifier.Key)}+{Convert.ToBase64String(content)}";
        CryptographicOperations.ZeroMemory(content);
        return text;
    }

    /// <summary>Signs what has been stored; <see cref="WitnessedCheckpoint"/> calls it.</summary>
    internal NoteSignature Sign(ReadOnlySpan<byte> text, ulong unixSeconds) => Cosignature.Sign(Verifier.Name, seed.Span, text, unixSeconds);

    /// <summary>The public half and nothing else.</summary>
    public override string ToString() => $"WitnessKey({Verifier})";

    public void Dispose() => seed.Dispose();

    private static string IdOf(string name, NoteKeyType type, ReadOnlyMemory<byte> publicKey) =>
        NoteVerifier.Create(name, type, publicKey.ToArray())!.KeyId.ToString("x8", CultureInfo.InvariantCulture);
}
