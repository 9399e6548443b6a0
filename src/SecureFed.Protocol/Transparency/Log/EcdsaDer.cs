using SecureFed.Cryptography.Keys;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>The DER forms in which other software keeps P-256 keys and signatures.</summary>
/// <remarks>
/// RFC 5480, section 2 (SubjectPublicKeyInfo with a named curve and an uncompressed point) and RFC 3279, section 2.2.3 (Ecdsa-Sig-Value). A signer
/// gives r ‖ s, whether it is a key in memory or a device, so the conversion is here and not the platform's.
/// </remarks>
internal static class EcdsaDer
{
    private const byte Sequence = 0x30;
    private const byte Integer = 0x02;
    private const int Half = P256.SignatureBytes / 2;

    // SEQUENCE { SEQUENCE { OID id-ecPublicKey, OID prime256v1 }, BIT STRING of 65 bytes, no unused bits }.
    private static ReadOnlySpan<byte> KeyPrefix =>
    [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];

    /// <param name="publicKey65">0x04 ‖ X ‖ Y.</param>
    public static byte[] SubjectPublicKeyInfo(ReadOnlySpan<byte> publicKey65) => [.. KeyPrefix, .. publicKey65];

    /// <summary>Accepts only a valid P-256 point in the one form that <see cref="SubjectPublicKeyInfo"/> writes.</summary>
    public static bool TryReadKey(ReadOnlySpan<byte> subjectPublicKeyInfo, out ReadOnlySpan<byte> publicKey65)
    {
        publicKey65 = default;
        if (!subjectPublicKeyInfo.StartsWith(KeyPrefix) || !P256.IsValidPublicKey(subjectPublicKeyInfo[KeyPrefix.Length..]))
            return false;
        publicKey65 = subjectPublicKeyInfo[KeyPrefix.Length..];
        return true;
    }

    /// <param name="raw64">r ‖ s.</param>
    public static byte[] FromRaw(ReadOnlySpan<byte> raw64)
    {
        ReadOnlySpan<byte> r = Shortest(raw64[..Half]);
        ReadOnlySpan<byte> s = Shortest(raw64[Half..]);
        byte[] content = [.. Number(r), .. Number(s)];
        return [Sequence, (byte)content.Length, .. content];
    }

    /// <summary>Accepts only DER: short lengths, shortest non-negative integers of at most 256 bits, nothing after them.</summary>
    public static bool TryToRaw(ReadOnlySpan<byte> der, Span<byte> raw64)
    {
        if (der.Length < 2 || der[0] != Sequence || der[1] != der.Length - 2)
            return false;
        der = der[2..];
        return TryNumber(ref der, raw64[..Half]) && TryNumber(ref der, raw64[Half..]) && der.IsEmpty;
    }

    private static byte[] Number(ReadOnlySpan<byte> value)
    {
        // A set high bit would make it negative.
        bool needsZero = value[0] >= 0x80;
        return needsZero ? [Integer, (byte)(value.Length + 1), 0, .. value] : [Integer, (byte)value.Length, .. value];
    }

    private static bool TryNumber(ref ReadOnlySpan<byte> der, Span<byte> value)
    {
        if (der.Length < 2 || der[0] != Integer || der[1] is 0 or > Half + 1 || der.Length - 2 < der[1])
            return false;
        ReadOnlySpan<byte> number = der.Slice(2, der[1]);
        der = der[(2 + number.Length)..];
        bool hasSurplusZero = number.Length > 1 && number[0] == 0 && number[1] < 0x80;
        if (number[0] >= 0x80 || hasSurplusZero)
            return false;
        if (number[0] == 0 && number.Length > 1)
            number = number[1..];
        if (number.Length > Half)
            return false;
        value.Clear();
        number.CopyTo(value[^number.Length..]);
        return true;
    }

    private static ReadOnlySpan<byte> Shortest(ReadOnlySpan<byte> number)
    {
        ReadOnlySpan<byte> trimmed = number.TrimStart((byte)0);
        return trimmed.IsEmpty ? number[^1..] : trimmed;
    }
}
