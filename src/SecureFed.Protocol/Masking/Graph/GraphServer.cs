namespace SecureFed.Protocol.Masking.Graph;

/// <summary>Whom the neighbour graph defends against.</summary>
public enum GraphServer
{
    /// <summary>No adversary: only dropouts count (γ = 0).</summary>
    None,

    /// <summary>Follows the protocol and pools what corrupt clients know.</summary>
    Curious,

    /// <summary>May show survivor lists of its choosing, once the graph stands.</summary>
    SemiMalicious,
}
