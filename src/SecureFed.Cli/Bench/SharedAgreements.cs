using System.Collections.Concurrent;
using System.Security.Cryptography;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Bench;

/// <summary>Computes each key agreement of a simulated cohort once for both ends. Holds shared secrets, which only a simulator that plays all clients may.</summary>
internal sealed class SharedAgreements : IKeyAgreement
{
    private readonly PeerKeyCache imported = new(1 << 16);
    private readonly ConcurrentDictionary<Digest, byte[]> secrets = new();
    private long computed;

    /// <summary>Agreements really computed.</summary>
    public long Computed => Interlocked.Read(ref computed);

    public bool TryAgree(AgreementKey own, ReadOnlySpan<byte> peerPublicKey65, Span<byte> sharedSecret32)
    {
        ReadOnlySpan<byte> mine = own.PublicKey.Span;
        Digest pair = Digest.Of(mine.SequenceCompareTo(peerPublicKey65) < 0 ? [.. mine, .. peerPublicKey65] : [.. peerPublicKey65, .. mine]);
        if (secrets.TryRemove(pair, out byte[]? known))
        {
            // Both ends have it now.
            known.CopyTo(sharedSecret32);
            CryptographicOperations.ZeroMemory(known);
            return true;
        }

        if (!imported.TryAgree(own, peerPublicKey65, sharedSecret32))
            return false;
        Interlocked.Increment(ref computed);
        secrets[pair] = sharedSecret32.ToArray();
        return true;
    }

    /// <summary>Forgets what only one end has asked for.</summary>
    public void Clear() => secrets.Clear();
}
