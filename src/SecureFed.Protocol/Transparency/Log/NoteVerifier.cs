using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Signing;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>A public key that verifies notes; its text is a vkey, <c>name+id+base64(type ‖ key)</c>.</summary>
/// <remarks>C2SP signed-note (key names, key ids, types) and tlog-cosignature. An ECDSA key id does not depend on the name, the others do.</remarks>
public sealed class NoteVerifier : IEquatable<NoteVerifier>
{
    private readonly byte[] key;

    private NoteVerifier(string name, NoteKeyType type, byte[] key)
    {
        Name = name;
        Type = type;
        this.key = key;
        KeyId = ComputeKeyId(name, type, key);
    }

    /// <summary>For a log, its origin.</summary>
    public string Name { get; }

    public NoteKeyType Type { get; }

    /// <summary>The first four bytes of a hash of the key, big-endian.</summary>
    public uint KeyId { get; }

    /// <summary>32 bytes (Ed25519), or SubjectPublicKeyInfo in DER (ECDSA).</summary>
    public ReadOnlyMemory<byte> Key => key;

    /// <summary>A log's ECDSA key.</summary>
    /// <param name="name">The log's origin.</param>
    /// <param name="publicKey65">0x04 ‖ X ‖ Y on P-256.</param>
    /// <exception cref="ArgumentException">The name or the key is malformed.</exception>
    public static NoteVerifier ForEcdsa(string name, ReadOnlySpan<byte> publicKey65) =>
        Create(name, NoteKeyType.Ecdsa, EcdsaDer.SubjectPublicKeyInfo(publicKey65)) ?? throw new ArgumentException("Not a key name or not a P-256 key.", nameof(publicKey65));

    /// <summary>A witness's key.</summary>
    /// <param name="name">Name of the witness.</param>
    /// <param name="publicKey32">Ed25519.</param>
    /// <exception cref="ArgumentException">The name or the key is malformed.</exception>
    public static NoteVerifier ForCosigner(string name, ReadOnlySpan<byte> publicKey32) =>
        Create(name, NoteKeyType.Cosignature, publicKey32.ToArray()) ?? throw new ArgumentException("Not a key name or not an Ed25519 key.", nameof(publicKey32));

    /// <summary>Reads a vkey; refuses unknown types and an id that does not belong to the key.</summary>
    public static bool TryParse(string? text, out NoteVerifier? verifier)
    {
        verifier = null;

        // The key's base64 may hold a plus, the name and the id cannot.
        string[] parts = text?.Split('+', 3) ?? [];
        if (parts.Length != 3 || !LogText.TryBase64(parts[2], out byte[] content) || content.Length < 2)
            return false;
        NoteVerifier? read = Create(parts[0], (NoteKeyType)content[0], content[1..]);
        if (read is null || !string.Equals(read.KeyIdText, parts[1], StringComparison.Ordinal))
            return false;
        verifier = read;
        return true;
    }

    /// <returns>False for a wrong signature and for anything that is not one.</returns>
    public bool Verify(ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature)
    {
        switch (Type)
        {
            case NoteKeyType.Ecdsa:
                Span<byte> raw = stackalloc byte[P256.SignatureBytes];
                return EcdsaDer.TryReadKey(key, out ReadOnlySpan<byte> publicKey65)
                    && EcdsaDer.TryToRaw(signature, raw)
                    && Signature.Verify(publicKey65, text, raw);
            case NoteKeyType.Ed25519:
                return signature.Length == Ed25519.SignatureBytes && Ed25519.Verify(key, text, signature);
            default:
                return Cosignature.TrySplit(signature, out ulong time, out ReadOnlySpan<byte> ed25519)
                    && Ed25519.Verify(key, Cosignature.Statement(time, text), ed25519);
        }
    }

    public bool Equals(NoteVerifier? other) => other is not null && string.Equals(ToString(), other.ToString(), StringComparison.Ordinal);

    public override bool Equals(object? obj) => Equals(obj as NoteVerifier);

    public override int GetHashCode() => (int)(KeyId & int.MaxValue);

    /// <summary>The vkey.</summary>
    public override string ToString() => $"{Name}+{KeyIdText}+{Convert.ToBase64String([(byte)Type, .. key])}";

    private string KeyIdText => KeyId.ToString("x8", CultureInfo.InvariantCulture);

    internal static NoteVerifier? Create(string name, NoteKeyType type, byte[] key)
    {
        bool isKey = type switch
        {
            NoteKeyType.Ecdsa => EcdsaDer.TryReadKey(key, out _),
            NoteKeyType.Ed25519 or NoteKeyType.Cosignature => key.Length == Ed25519.PublicKeyBytes,
            _ => false,
        };
        return isKey && LogText.IsKeyName(name) ? new NoteVerifier(name, type, key) : null;
    }

    private static uint ComputeKeyId(string name, NoteKeyType type, byte[] key)
    {
        byte[] content = type == NoteKeyType.Ecdsa ? key : [.. Utf8.Strict.GetBytes(name), (byte)'\n', (byte)type, .. key];
        return BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(content));
    }
}
