namespace SecureFed.Cryptography.Keys;

/// <summary>Something that signs with a P-256 key: a key in memory, or a device that never shows its key.</summary>
public interface ISigner
{
    /// <summary>65 bytes; see <see cref="P256"/>.</summary>
    ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>ECDSA over SHA-256 of <paramref name="message"/>.</summary>
    /// <returns>64 bytes, r || s (IEEE P1363).</returns>
    byte[] Sign(ReadOnlySpan<byte> message);
}
