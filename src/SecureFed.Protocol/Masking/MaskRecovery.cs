using SecureFed.Cryptography;

namespace SecureFed.Protocol.Masking;

/// <summary>The secrets that one release needs: for each dealer its self-mask seed (survivor) or mask secret key (dropped). Zeroed on dispose.</summary>
internal sealed class MaskRecovery : IDisposable
{
    private readonly Dictionary<int, Secret> secrets = [];
    private readonly HashSet<Dispute> disputes = [];
    private readonly SortedSet<int> inconsistentOwners = [];

    /// <summary>True if every dealer's secret was recovered and matches its commitment or advertised key.</summary>
    public bool IsComplete { get; set; }

    /// <summary>Cohort indices of dealers whose shares were enough in number but fit neither commitment nor key: they or too many of those who answered lied.</summary>
    public IReadOnlyCollection<int> InconsistentOwners => inconsistentOwners;

    /// <summary>Shares that were missing, or off the polynomial on which the recovered secret lies.</summary>
    public IReadOnlyCollection<Dispute> Disputes => disputes;

    public void Add(int owner, ReadOnlySpan<byte> secret) => secrets.Add(owner, new Secret(secret));

    public void AddDispute(int owner, int responder) => disputes.Add(new Dispute(owner, responder));

    public void AddInconsistentOwner(int owner) => inconsistentOwners.Add(owner);

    public Secret this[int owner] => secrets[owner];

    public void Dispose()
    {
        foreach (Secret secret in secrets.Values)
            secret.Dispose();
        secrets.Clear();
    }
}
