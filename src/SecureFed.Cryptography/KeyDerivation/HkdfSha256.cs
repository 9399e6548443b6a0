using System.Security.Cryptography;

namespace SecureFed.Cryptography.KeyDerivation;

/// <summary>HKDF with SHA-256 (RFC 5869), extract and expand in one call.</summary>
/// <remarks>Every derived key names its purpose in <c>info</c> and binds the round's digest, so that keys of different rounds or purposes are
/// independent.</remarks>
public static class HkdfSha256
{
    /// <summary>255 blocks of SHA-256 (RFC 5869, section 2.3).</summary>
    public const int MaxOutputBytes = 255 * SHA256.HashSizeInBytes;

    /// <param name="inputKeyMaterial">The secret, for example an ECDH result. May have any length.</param>
    /// <param name="salt">Public; empty stands for 32 zero bytes.</param>
    /// <param name="info">Purpose and context; may be empty.</param>
    /// <param name="output">1 to <see cref="MaxOutputBytes"/> bytes; overwritten. The caller clears it after use.</param>
    /// <exception cref="ArgumentException">The output is empty or too long.</exception>
    public static void DeriveKey(ReadOnlySpan<byte> inputKeyMaterial, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> info, Span<byte> output)
    {
        if (output.IsEmpty || output.Length > MaxOutputBytes) throw new ArgumentException($"HKDF-SHA256 gives 1 to {MaxOutputBytes} bytes.", nameof(output));
        HKDF.DeriveKey(HashAlgorithmName.SHA256, inputKeyMaterial, output, salt, info);
    }
}
