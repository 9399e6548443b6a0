namespace SecureFed.Protocol.Rounds;

/// <summary>How long the current phase has waited; the clock itself lives in the shell.</summary>
public enum Patience
{
    /// <summary>Messages are still arriving.</summary>
    Waiting,

    /// <summary>Nothing arrived for the grace period: a phase that has what it needs may move on.</summary>
    Quiet,

    /// <summary>The phase's deadline passed: move on or abort.</summary>
    DeadlinePassed,
}
