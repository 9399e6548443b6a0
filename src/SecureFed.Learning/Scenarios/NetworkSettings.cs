using SecureFed.Learning.Training;

namespace SecureFed.Learning.Scenarios;

/// <summary>How a scenario trains a network: one hidden layer of 16 units with tanh, unless the user says otherwise.</summary>
/// <remarks>Chosen on the real data sets over three partitions and starts each.</remarks>
public sealed record NetworkSettings
{
    /// <summary>Widths of the hidden layers.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [16];

    /// <summary>Training rounds unless the user says otherwise.</summary>
    public required int Rounds { get; init; }

    /// <summary>Local training between two aggregations (FedAvg).</summary>
    public required LocalTrainingOptions Local { get; init; }

    /// <summary>Server rate of FedAvg.</summary>
    public double ServerRate { get; init; } = 1;

    /// <summary>Clip norm of w·Δ, L2.</summary>
    public double ClipNorm { get; init; } = 8;

    /// <summary>How to train when every row is protected.</summary>
    public required RecordLevelSettings RecordLevel { get; init; }
}
