namespace SecureFed.Protocol.Rounds;

/// <summary>Where a round stands. Each phase waits for one kind of message; a protection passes through some of them, always in this order.</summary>
public enum RoundPhase
{
    Advertise,
    Share,
    Upload,

    /// <summary>Encryption: key holders answer the one challenge about all shares.</summary>
    Check,

    Confirm,
    Unmask,
    Closed,
    Aborted,
}
