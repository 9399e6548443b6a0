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

    /// <summary>Training rounds between two evaluation rounds; null: only the scenario's last.</summary>
    public int? EvaluateEvery { get; init; }

    /// <summary>Evaluations without improvement after which training stops; null: never early.</summary>
    public int? Patience { get; init; }

    public double LeastImprovement { get; init; }

    public double? Epsilon { get; init; }

    public double? Delta { get; init; }

    public double? Dropout { get; init; }

    /// <summary>Below 32 long training vectors are flattened.</summary>
    public int RingBits { get; init; } = 32;

    public ProtectionKind Protection { get; init; } = ProtectionKind.Masking;

    public bool IsCurious { get; init; }

    /// <summary>η of the server's rule where clients train locally; null: by rule.</summary>
    public double? ServerRate { get; init; }

    /// <summary>constant, cosine, inverse-sqrt or step; null: constant.</summary>
    public string? ServerSchedule { get; init; }

    /// <summary>Rounds of linear warm-up of the server's rate.</summary>
    public int WarmUp { get; init; }

    /// <summary>μ of FedProx.</summary>
    public double Proximal { get; init; }

    public bool CorrectDrift { get; init; }

    public bool MeasureDrift { get; init; }

    /// <summary>Batches per local step.</summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>Whole values of this column go to one client each.</summary>
    public string? PartitionBy { get; init; }

    /// <summary>Dirichlet parameter of a label skew.</summary>
    public double? Dirichlet { get; init; }

    /// <summary>Widths of a network's hidden layers; empty: the scenario's.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [];

    /// <summary>Of a network; null: tanh.</summary>
    public string? Activation { get; init; }

    /// <summary>Of a network; null: what the label's values suggest.</summary>
    public string? NetworkOutput { get; init; }

    /// <summary>A last round that explains the model.</summary>
    public bool Explain { get; init; }

    /// <summary>Part of the budget for it; null for the usual one.</summary>
    public double? ExplainShare { get; init; }

    /// <summary>Column whose groups it compares; null for none.</summary>
    public string? FairnessBy { get; init; }

    /// <summary>Answers of <c>securefed stats</c> from which features get their public bounds; null keeps them.</summary>
    public string? BoundsFrom { get; init; }

    /// <summary>Number of boosted trees; null where the scenario decides.</summary>
    public int? Trees { get; init; }

    public int? Depth { get; init; }

    public int? Bins { get; init; }
}
