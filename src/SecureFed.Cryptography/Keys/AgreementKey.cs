using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Keys;

/// <summary>One side of a P-256 Diffie-Hellman agreement, fresh in every round.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Reference</term><description>NIST SP 800-56A rev. 3, section 5.7.1.2 (ECC CDH), ephemeral unified model; the raw X coordinate is
/// returned.</description></item>
/// <item><term>Assumes</term><description>The caller passes the result through HKDF with the round's digest; a raw coordinate is not a uniform
/// key.</description></item>
/// <item><term>Not provided</term><description>Authentication: public keys are signed by the identity key elsewhere. Thread safety.</description></item>
/// </list>
/// Measured on one Zen 4 core with OpenSSL 3.0: agreement with an imported peer key 84 us; import by <see cref="ECParameters"/> 78 us, by SubjectPublicKeyInfo
/// 78 us, into a reused object 76 us (the platform checks n*Q each time); together 160 us per peer.
/// Peers differ in every round, so a single client gains nothing from keeping them; several in one process do (<see cref="PeerKeyCache"/>).
/// </remarks>
public sealed class AgreementKey : IDisposable
{
    private readonly Secret privateScalar;
    private readonly ECDiffieHellman key;
    private readonly byte[] publicKey;
    private bool disposed;

    private AgreementKey(Secret privateScalar)
    {
        this.privateScalar = privateScalar;
        key = ECDiffieHellman.Create();
        PrivateScalar.Import(privateScalar.Span, key.ImportParameters);
        publicKey = P256.FromPoint(key.ExportParameters(includePrivateParameters: false).Q);
    }

    /// <summary>65 bytes; see <see cref="P256"/>.</summary>
    public ReadOnlyMemory<byte> PublicKey => publicKey;

    /// <summary>Draws a key; a source that gives the same bytes gives the same key.</summary>
    public static AgreementKey Generate(IRandomSource random) => new(PrivateScalar.Draw(random));

    /// <exception cref="ArgumentException">The bytes are not an integer in [1, n-1].</exception>
    public static AgreementKey FromPrivateKey(ReadOnlySpan<byte> scalar32) => new(PrivateScalar.Copy(scalar32));

    /// <summary>Whether <paramref name="privateScalar32"/> is the private half of <paramref name="publicKey65"/>: the check of a reconstructed mask key
    /// against the advertised one.</summary>
    /// <returns>False also for a scalar out of range and for a malformed public key. Compared in fixed time.</returns>
    public static bool PublicKeyMatches(ReadOnlySpan<byte> privateScalar32, ReadOnlySpan<byte> publicKey65)
    {
        if (!PrivateScalar.IsInRange(privateScalar32)) return false;
        using AgreementKey candidate = FromPrivateKey(privateScalar32);
        return CryptographicOperations.FixedTimeEquals(candidate.publicKey, publicKey65);
    }

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

    /// <summary>Computes the X coordinate of privateKey * peerPublicKey.</summary>
    /// <param name="peerPublicKey65">A peer's bytes.</param>
    /// <param name="sharedSecret32">Exactly 32 bytes; overwritten, zero after a failure. The caller clears it after use.</param>
    /// <returns>False if the peer's key is not a valid public key.</returns>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="ObjectDisposedException">The key has been disposed.</exception>
    public bool TryAgree(ReadOnlySpan<byte> peerPublicKey65, Span<byte> sharedSecret32)
    {
        CryptographicOperations.ZeroMemory(sharedSecret32);
        if (!PeerKey.TryCreate(peerPublicKey65, out PeerKey? peer)) return false;
        using (peer)
            Agree(peer, sharedSecret32);
        return true;
    }

    /// <summary>Computes the X coordinate of privateKey * peer.</summary>
    /// <param name="peer">A peer's key, imported before.</param>
    /// <param name="sharedSecret32">Exactly 32 bytes; overwritten. The caller clears it after use.</param>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="ObjectDisposedException">The key has been disposed.</exception>
    public void Agree(PeerKey peer, Span<byte> sharedSecret32)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (sharedSecret32.Length != P256.SharedSecretBytes)
        {
            throw new ArgumentException($"A shared secret has {P256.SharedSecretBytes} bytes.", nameof(sharedSecret32));
        }

        byte[] sharedSecret = peer.Agree(key);
        sharedSecret.CopyTo(sharedSecret32);
        CryptographicOperations.ZeroMemory(sharedSecret);
    }

    /// <summary>The public half and nothing else.</summary>
    public override string ToString() => $"AgreementKey({Convert.ToHexStringLower(publicKey)})";

    public void Dispose()
    {
        disposed = true;
        key.Dispose();
        privateScalar.Dispose();
    }
}
