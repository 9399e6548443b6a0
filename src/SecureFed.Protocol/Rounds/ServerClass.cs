namespace SecureFed.Protocol.Rounds;

/// <summary>How strong a server the round defends against.</summary>
public enum ServerClass : byte
{
    /// <summary>Actively malicious, colluding with up to c clients. The default.</summary>
    Malicious = 1,

    /// <summary>Follows the protocol and looks at everything it sees: no quorum certificate. A client's policy must opt in.</summary>
    Curious = 2,
}
