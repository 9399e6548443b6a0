using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace SecureFed.Cryptography.Keys;

/// <summary>A peer's public agreement key, imported once and used by several clients of one process. Thread safe.</summary>
/// <remarks>Import is about half of an agreement (78 of 160 us, see <see cref="AgreementKey"/>), because the platform checks n*Q each time.</remarks>
public sealed class PeerKey : IDisposable
{
    // ECDiffieHellmanPublicKey instances are not documented as thread safe.
    private readonly Lock gate = new();
    private readonly ECDiffieHellman holder;
    private readonly ECDiffieHellmanPublicKey key;

    private PeerKey(ECDiffieHellman holder)
    {
        this.holder = holder;
        key = holder.PublicKey;
    }

    /// <returns>False if the bytes are not a valid public key.</returns>
    public static bool TryCreate(ReadOnlySpan<byte> publicKey65, [NotNullWhen(true)] out PeerKey? key)
    {
        // Ours, before the platform's: an off-curve point must not reach a private key on any platform.
        key = P256.IsValidPublicKey(publicKey65) ? new PeerKey(ECDiffieHellman.Create(P256.ToParameters(publicKey65))) : null;
        return key is not null;
    }

    public void Dispose()
    {
        key.Dispose();
        holder.Dispose();
    }

    internal byte[] Agree(ECDiffieHellman own)
    {
        lock (gate)
        {
            return own.DeriveRawSecretAgreement(key);
        }
    }
}
