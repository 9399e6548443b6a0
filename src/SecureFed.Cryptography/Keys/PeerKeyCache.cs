using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace SecureFed.Cryptography.Keys;

/// <summary>Imported public keys of peers, shared by the clients of one process. Holds public keys only.</summary>
/// <param name="capacity">Keys kept; when it is exceeded all are dropped, because round keys are of no use after their round.</param>
public sealed class PeerKeyCache(int capacity) : IKeyAgreement
{
    private readonly ConcurrentDictionary<string, PeerKey> keys = new(StringComparer.Ordinal);

    /// <summary>As <see cref="AgreementKey.TryAgree(ReadOnlySpan{byte}, Span{byte})"/>, importing the peer's key at most once.</summary>
    public bool TryAgree(AgreementKey own, ReadOnlySpan<byte> peerPublicKey65, Span<byte> sharedSecret32)
    {
        CryptographicOperations.ZeroMemory(sharedSecret32);
        string name = Convert.ToHexString(peerPublicKey65);
        if (!keys.TryGetValue(name, out PeerKey? peer))
        {
            if (!PeerKey.TryCreate(peerPublicKey65, out PeerKey? created))
                return false;
            if (keys.Count >= capacity)
                keys.Clear(); // Dropped keys are collected, not disposed: another client may be using one.
            peer = keys.GetOrAdd(name, created);
        }

        own.Agree(peer, sharedSecret32);
        return true;
    }
}
