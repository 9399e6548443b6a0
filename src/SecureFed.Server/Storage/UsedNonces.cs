using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>The nonces of operators' requests whose signatures have not expired. A few: nobody but operators sends such requests.</summary>
/// <param name="atOpening">What was noted before.</param>
internal sealed class UsedNonces(IReadOnlyCollection<UsedNonce>? atOpening = null)
{
    private readonly Lock gate = new();
    private List<UsedNonce> used = [.. atOpening ?? []];

    /// <param name="keyId">Whose signature.</param>
    /// <param name="nonce">Of the signature.</param>
    /// <param name="expires">Of the signature; whole seconds.</param>
    /// <param name="now">Forgets what has expired.</param>
    /// <param name="keep">Makes all that is remembered durable; if it throws, the nonce stays unused.</param>
    /// <returns>False if it was used before.</returns>
    public bool TryUse(Identifier keyId, string nonce, DateTimeOffset expires, DateTimeOffset now, Action<IReadOnlyCollection<UsedNonce>> keep)
    {
        lock (gate)
        {
            List<UsedNonce> next = [.. used.Where(u => u.Expires >= now.ToUnixTimeSeconds())];
            if (next.Exists(u => u.KeyId == keyId && string.Equals(u.Nonce, nonce, StringComparison.Ordinal)))
                return false;
            next.Add(new UsedNonce(keyId, nonce, expires.ToUnixTimeSeconds()));
            keep(next);
            used = next;
            return true;
        }
    }
}
