using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Keys;

/// <summary>An identity key in memory. <see cref="Sign"/> may be called from several threads.</summary>
/// <remarks>
/// ECDSA with P-256 and SHA-256 (FIPS 186-5, section 6.4.1). The per-signature nonce is the platform's own: it is the one random value that no
/// <see cref="IRandomSource"/> supplies, because the platform does not let a caller choose it, and so two signatures of one message differ.
/// </remarks>
public sealed class SigningKey : ISigner, IDisposable
{
    // ECDsa instances are not documented as thread safe.
    private readonly Lock gate = new();
    private readonly Secret privateScalar;
    private readonly ECDsa key;
    private readonly byte[] publicKey;
    private bool disposed;

    private SigningKey(Secret privateScalar)
    {
        this.privateScalar = privateScalar;
        key = ECDsa.Create();
        PrivateScalar.Import(privateScalar.Span, key.ImportParameters);
        publicKey = P256.FromPoint(key.ExportParameters(includePrivateParameters: false).Q);
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> PublicKey => publicKey;

    /// <summary>Draws a key; a source that gives the same bytes gives the same key.</summary>
    public static SigningKey Generate(IRandomSource random) => new(PrivateScalar.Draw(random));

    /// <exception cref="ArgumentException">The bytes are not an integer in [1, n-1].</exception>
    public static SigningKey FromPrivateKey(ReadOnlySpan<byte> scalar32) => new(PrivateScalar.Copy(scalar32));

    /// <param name="destination32">Exactly 32 bytes; the caller clears it after use.</param>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="ObjectDisposedException">The key has been disposed.</exception>
    public void ExportPrivateKey(Span<byte> destination32)
    {
        if (destination32.Length != P256.PrivateKeyBytes)
        {
            throw new ArgumentException($"A private key has {P256.PrivateKeyBytes} bytes.", nameof(destination32));
        }

        privateScalar.Span.CopyTo(destination32);
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The key has been disposed.</exception>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(message, hash);
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return key.SignHash(hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
    }

    /// <summary>The public half and nothing else.</summary>
    public override string ToString() => $"SigningKey({Convert.ToHexStringLower(publicKey)})";

    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            key.Dispose();
            privateScalar.Dispose();
        }
    }
}
