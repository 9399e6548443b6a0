namespace SecureFed.Learning.Optimizers;

/// <summary>How the server's rate goes on after the warm-up.</summary>
public enum ServerRateKind
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>Down to a floor along half a cosine.</summary>
    Cosine,

    /// <summary>With one over the root of the round.</summary>
    InverseSquareRoot,

    /// <summary>Times a factor after every so many rounds.</summary>
    Step,
}
