namespace SecureFed.Protocol.Rounds;

/// <summary>Where a round stands. Each phase waits for one kind of message.</summary>
public enum RoundPhase
{
    Advertise,
    Share,
    Upload,
    Confirm,
    Unmask,
    Closed,
    Aborted,
}
