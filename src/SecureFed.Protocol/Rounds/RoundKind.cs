namespace SecureFed.Protocol.Rounds;

/// <summary>What a round sums. Every kind runs the same protocol; every kind will be noised and charged once differential privacy is on.</summary>
public enum RoundKind : byte
{
    /// <summary>Moments of the features, from which the standardisation follows.</summary>
    Standardise = 1,

    /// <summary>Model updates.</summary>
    Train = 2,

    /// <summary>Metrics of the current model on the clients' rows.</summary>
    Evaluate = 3,

    /// <summary>What the finished model goes by and how well it fits whom: calibration, importance, dependence, information, groups.</summary>
    Explain = 4,
}
