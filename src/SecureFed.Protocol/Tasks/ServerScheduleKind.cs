namespace SecureFed.Protocol.Tasks;

/// <summary>How the server's learning rate goes on after the warm-up.</summary>
public enum ServerScheduleKind : byte
{
    Constant = 1,

    /// <summary>Down to a floor along half a cosine.</summary>
    Cosine = 2,

    /// <summary>With one over the root of the round.</summary>
    InverseSquareRoot = 3,

    /// <summary>Times a factor after every so many rounds.</summary>
    Step = 4,
}
