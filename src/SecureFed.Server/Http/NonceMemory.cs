using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Http;

/// <summary>Remembers the nonces of signed requests until their signatures expire, so that no request is executed twice.</summary>
/// <remarks>Two generations, each as long as a signature lives: a nonce is remembered for at least one whole lifetime and memory is bounded by the request rate.</remarks>
internal sealed class NonceMemory(TimeProvider time, TimeSpan lifetime)
{
    private readonly Lock gate = new();
    private HashSet<(Identifier KeyId, string Nonce)> current = [];
    private HashSet<(Identifier KeyId, string Nonce)> previous = [];
    private long generationStarted = time.GetTimestamp();

    /// <summary>False if this nonce of this key was seen before.</summary>
    public bool TryUse(Identifier keyId, string nonce)
    {
        lock (gate)
        {
            if (time.GetElapsedTime(generationStarted) >= lifetime)
            {
                previous = time.GetElapsedTime(generationStarted) >= 2 * lifetime ? [] : current;
                current = [];
                generationStarted = time.GetTimestamp();
            }

            return !previous.Contains((keyId, nonce)) && current.Add((keyId, nonce));
        }
    }
}
