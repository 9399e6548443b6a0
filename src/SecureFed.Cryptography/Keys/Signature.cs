namespace SecureFed.Cryptography.Keys;

/// <summary>One-off verification; for a key that is used again see <see cref="VerificationKey"/>.</summary>
public static class Signature
{
    /// <summary>Whether <paramref name="signature"/> is a P-256 ECDSA signature over SHA-256 of <paramref name="message"/>.</summary>
    /// <returns>False for a wrong signature and for any malformed key or signature; never throws.</returns>
    public static bool Verify(ReadOnlySpan<byte> publicKey65, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != P256.SignatureBytes || !VerificationKey.TryCreate(publicKey65, out VerificationKey? key)) return false;
        using (key) return key.Verify(message, signature);
    }
}
