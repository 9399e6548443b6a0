using SecureFed.Learning.Models;

namespace SecureFed.Learning.Trees;

/// <summary>What a task fixes about its boosted trees. The length of the model and of every vector follows from it.</summary>
/// <param name="Kind">Logistic: log loss on logits. Linear: squared error ½(ŷ - y)² in half ranges of the label.</param>
/// <param name="FeatureCount">F, at least 1.</param>
/// <param name="Trees">T, 1 to 4,096.</param>
/// <param name="Depth">Levels of splits, 1 (stumps) to 6. Every tree is complete; a node that is not split sends all its rows to the left.</param>
/// <param name="Bins">B: bins per feature at most, 2 to 256.</param>
/// <param name="Shrinkage">η in (0, 1]: factor on every leaf value (Friedman 2001, section 5).</param>
/// <param name="Lambda">λ of the leaf value -G/(H + λ), in rows' hessians; at least 0.</param>
/// <param name="Rule">Where splits come from.</param>
/// <param name="TreesPerRound">K: trees that one round fits to the same gradients, a divisor of T. 1 with <see cref="TreeRule.Histogram"/>.</param>
public sealed record TreeOptions(
    ModelKind Kind, int FeatureCount, int Trees, int Depth, int Bins, double Shrinkage, double Lambda, TreeRule Rule, int TreesPerRound = 1)
{
    /// <summary>T, at most.</summary>
    public const int GreatestTrees = 4096;

    /// <summary>Levels, at most.</summary>
    public const int GreatestDepth = 6;

    /// <summary>B, at most: a bin fits a byte.</summary>
    public const int GreatestBins = 256;

    /// <summary>2^depth.</summary>
    public int Leaves => 1 << Depth;

    /// <summary>2^depth - 1 nodes with a split each, level by level; the children of node i are 2i + 1 (left) and 2i + 2.</summary>
    public int SplitNodes => Leaves - 1;

    /// <summary>Nodes of the last level that is split.</summary>
    public int GreatestOpenNodes => Leaves / 2;

    /// <summary>Numbers of one tree in the model: per split node feature (1-based, 0 = none) and threshold, then the leaf values.</summary>
    public int TreeLength => (2 * SplitNodes) + Leaves;

    /// <summary>Length of the model: offset and factor of the score, then the trees.</summary>
    public int ParameterCount => TreeEnsemble.HeaderLength + (Trees * TreeLength);

    /// <summary>Training rounds that grow all trees.</summary>
    public int Rounds => Rule == TreeRule.Histogram ? Trees * Depth : Trees / TreesPerRound;

    /// <summary>Trees that are complete after that many training rounds.</summary>
    public int TreesAfter(int completedRounds) => Math.Min(Trees, Rule == TreeRule.Histogram ? completedRounds / Depth : completedRounds * TreesPerRound);

    /// <summary>What is wrong with the options; null if nothing is.</summary>
    public string? FindFault()
    {
        if (FeatureCount < 1 || Trees is < 1 or > GreatestTrees || Depth is < 1 or > GreatestDepth || Bins is < 2 or > GreatestBins)
        {
            return $"Trees number 1 to {GreatestTrees}, are 1 to {GreatestDepth} deep and see 2 to {GreatestBins} bins of at least one feature.";
        }

        if (!(Shrinkage is > 0 and <= 1) || !(Lambda >= 0) || !double.IsFinite(Lambda))
        {
            return "The shrinkage lies in (0, 1], and lambda is finite and not negative.";
        }

        if (!Enum.IsDefined(Rule) || !Enum.IsDefined(Kind))
        {
            return "The split rule or the loss is none that this version knows.";
        }

        return TreesPerRound >= 1 && Trees % TreesPerRound == 0 && (Rule == TreeRule.Random || TreesPerRound == 1)
            ? null
            : "The trees per round divide the number of trees; with histograms a round grows one level of one tree.";
    }

    /// <exception cref="ArgumentException"><see cref="FindFault"/> finds one.</exception>
    internal TreeOptions Require() => FindFault() is { } fault ? throw new ArgumentException(fault) : this;
}
