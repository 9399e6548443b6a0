using SecureFed.Protocol.Tasks;

namespace SecureFed.Protocol.Resources;

/// <summary>Boosted trees as an operator asks for them.</summary>
public sealed record TreeDefinition
{
    /// <summary>Number of trees. With rule histogram training takes <see cref="Depth"/> rounds for each, with rule random one round for every <see cref="TreesPerRound"/>.</summary>
    public int Count { get; init; } = 20;

    /// <summary>Levels of splits, 1 to 6. Each level doubles a histogram's upload, each leaf of a random tree its noise relative to its rows.</summary>
    public int Depth { get; init; } = 4;

    /// <summary>Bins per feature, 2 to 256.</summary>
    public int Bins { get; init; } = 32;

    /// <summary>Factor on leaf values, in (0, 1]. Random trees of one round add up, so that trees per round times this should stay near 1.</summary>
    public double Shrinkage { get; init; } = 0.3;

    public double Lambda { get; init; } = 1;

    /// <summary>Null: histogram without noise, random with.</summary>
    public TreeSplitRule? Rule { get; init; }

    /// <summary>Trees fitted in one round. Null: with rule random the greatest divisor of <see cref="Count"/> up to 10; 1 with histograms.</summary>
    public int? TreesPerRound { get; init; }

    public TreeLoss Loss { get; init; } = TreeLoss.LogLoss;
}
