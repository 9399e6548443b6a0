using System.Security.Cryptography;

namespace SecureFed.Cryptography.Sealing;

/// <summary>Authenticated encryption of one message under a key made for it.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Reference</term><description>AES-256-GCM, NIST SP 800-38D; box = ciphertext || 16-byte tag.</description></item>
/// <item><term>Nonce</term><description>12 zero bytes, always. A key therefore seals exactly one message; sealing two reveals their difference and the
/// authentication key.</description></item>
/// <item><term>Assumes</term><description>The key comes from HKDF over owner, recipient and round digest, which makes it fresh per
/// message.</description></item>
/// <item><term>Not provided</term><description>Key commitment: a box can be made that opens under two keys. Length hiding.</description></item>
/// </list>
/// </remarks>
public static class SealedBox
{
    public const int KeyBytes = 32;

    /// <summary>What a box is longer than its plaintext: the tag.</summary>
    public const int OverheadBytes = 16;

    private static ReadOnlySpan<byte> Nonce => "\0\0\0\0\0\0\0\0\0\0\0\0"u8;

    /// <param name="key32">Exactly 32 bytes, never used to seal before or after.</param>
    /// <param name="associatedData">Public context that the opener must know too.</param>
    /// <param name="plaintext">Any length.</param>
    /// <param name="output">Exactly plaintext.Length + <see cref="OverheadBytes"/> bytes.</param>
    /// <exception cref="ArgumentException">Key or output has another length.</exception>
    public static void Seal(ReadOnlySpan<byte> key32, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> output)
    {
        RequireKey(key32);
        if (output.Length != plaintext.Length + OverheadBytes)
        {
            throw new ArgumentException($"A box is {OverheadBytes} bytes longer than its plaintext.", nameof(output));
        }

        using var gcm = new AesGcm(key32, OverheadBytes);
        gcm.Encrypt(Nonce, plaintext, output[..plaintext.Length], output[plaintext.Length..], associatedData);
    }

    /// <param name="key32">Exactly 32 bytes.</param>
    /// <param name="associatedData">What the sealer bound.</param>
    /// <param name="box">A peer's bytes.</param>
    /// <param name="plaintext">Overwritten; all zero after a failure.</param>
    /// <returns>False if the box was not sealed under this key and associated data, or does not hold exactly plaintext.Length bytes.</returns>
    /// <exception cref="ArgumentException">The key has another length.</exception>
    public static bool TryOpen(ReadOnlySpan<byte> key32, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> box, Span<byte> plaintext)
    {
        RequireKey(key32);
        if (box.Length - OverheadBytes != plaintext.Length)
        {
            CryptographicOperations.ZeroMemory(plaintext);
            return false;
        }

        using var gcm = new AesGcm(key32, OverheadBytes);
        try
        {
            gcm.Decrypt(Nonce, box[..plaintext.Length], box[plaintext.Length..], plaintext, associatedData);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            CryptographicOperations.ZeroMemory(plaintext);
            return false;
        }
    }

    private static void RequireKey(ReadOnlySpan<byte> key32)
    {
        if (key32.Length != KeyBytes) throw new ArgumentException($"An AES-256 key has {KeyBytes} bytes.", nameof(key32));
    }
}
