using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Cli.Demo;

/// <summary>What the user asked of the demo; null where the scenario decides.</summary>
internal sealed record DemoOptions
{
    public required string Scenario { get; init; }

    public IReadOnlyList<string> Data { get; init; } = [];

    public string? Label { get; init; }

    public string? Positive { get; init; }

    public IReadOnlyList<string> Drop { get; init; } = [];

    public string? Model { get; init; }

    public int? Clients { get; init; }

    public int? Rounds { get; init; }

    public int? LocalEpochs { get; init; }

    public double? LearningRate { get; init; }

    public int? BatchSize { get; init; }

    /// <summary>Null: the scenario's at record level, else fedavg.</summary>
    public string? Optimizer { get; init; }

    public PrivacyUnit Privacy { get; init; } = PrivacyUnit.Record;

    /// <summary>Tree aggregation instead of secret samples; record level only.</summary>
    public bool IsTree { get; init; }

    /// <summary>Quantile; null keeps the clip norm.</summary>
    public double? AdaptiveClip { get; init; }

    public double? Epsilon { get; init; }

    public double? Delta { get; init; }

    public double? Dropout { get; init; }

    /// <summary>Below 32 long training vectors are flattened.</summary>
    public int RingBits { get; init; } = 32;

    public ProtectionKind Protection { get; init; } = ProtectionKind.Masking;

    public bool IsCurious { get; init; }

    /// <summary>Number of boosted trees; null where the scenario decides.</summary>
    public int? Trees { get; init; }

    public int? Depth { get; init; }

    public int? Bins { get; init; }
}
