using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Protocol.Tests.Simulation;

/// <summary>What a test varies of the consortium; the rest is fixed.</summary>
internal sealed record ConsortiumOptions
{
    public int Clients { get; init; } = 5;

    /// <summary>Roster clients beyond the cohort's greatest size.</summary>
    public int Greatest { get; init; }

    public int Least { get; init; }

    public decimal DeltaDrop { get; init; } = 0.2m;

    public decimal Gamma { get; init; }

    public ServerClass Class { get; init; } = ServerClass.Malicious;

    public int RingBits { get; init; } = 32;

    public int Dimension { get; init; } = 7;

    public double ClipNorm { get; init; } = 2.5;

    public int OrganisationCap { get; init; } = 1;

    public Func<int, string> OrganisationOf { get; init; } = client => $"Organisation {client}";

    public int Leaves { get; init; } = 1;

    public int LeastDifference { get; init; }

    public int TrainRounds { get; init; } = 1000;

    public int GreatestFailures { get; init; } = 1000;

    /// <summary>Null: exact sums. Otherwise unit client with this budget, planned for the schedule.</summary>
    public double? Epsilon { get; init; }

    /// <summary>Training rounds that the budget carries beyond the schedule.</summary>
    public int SpareRounds { get; init; }

    /// <summary>Not 0: unit record with a tree of so many leaves.</summary>
    public int TreeLeaves { get; init; }

    public AdaptiveClipSpecification? AdaptiveClip { get; init; }

    public bool Flattens { get; init; }

    public bool RequiresApproval { get; init; }

    /// <summary>A linear model whose training an evaluation and an explanation round follow; exact sums only.</summary>
    public bool Explains { get; init; }
}
