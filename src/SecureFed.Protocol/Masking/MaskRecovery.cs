using SecureFed.Cryptography;

namespace SecureFed.Protocol.Masking;

/// <summary>The secrets that one release needs: for each dealer its self-mask seed (survivor) or mask secret key (dropped). Zeroed on dispose.</summary>
internal sealed class MaskRecovery : IDisposable
{
    private readonly Dictionary<int, Secret> secrets = [];

    /// <summary>True if every dealer's secret was recovered and matches its commitment or advertised key.</summary>
    public bool IsComplete { get; set; }

    /// <summary>Cohort index of a dealer whose shares were enough in number but fit neither its commitment nor its key: it or answering clients lied.</summary>
    public int? InconsistentOwner { get; set; }

    public void Add(int owner, ReadOnlySpan<byte> secret) => secrets.Add(owner, new Secret(secret));

    public Secret this[int owner] => secrets[owner];

    public void Dispose()
    {
        foreach (Secret secret in secrets.Values)
            secret.Dispose();
        secrets.Clear();
    }
}
