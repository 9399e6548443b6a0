using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>What boosted trees minimise.</summary>
public enum TreeLoss : byte
{
    /// <summary>Of a binary label.</summary>
    LogLoss = 1,

    /// <summary>Of a number within public bounds.</summary>
    SquaredError = 2,
}

/// <summary>Where the splits of boosted trees come from.</summary>
public enum TreeSplitRule : byte
{
    /// <summary>Best split by the summed histograms of all open nodes; one round per level of a tree.</summary>
    Histogram = 1,

    /// <summary>Drawn from a seed that is the task's id; only leaf sums are released, several trees per round (Maddock et al., CCS 2022).</summary>
    Random = 2,
}

/// <summary>The trees of a task of kind <see cref="TaskModelKind.Trees"/>.</summary>
/// <param name="Count">T, 1 to 4,096.</param>
/// <param name="Depth">Levels of splits, 1 to 6.</param>
/// <param name="Bins">B: bins per feature, 2 to 256.</param>
/// <param name="Shrinkage">η in (0, 1]: factor on every leaf value.</param>
/// <param name="Lambda">λ of the leaf value -G/(H + λ), in rows' hessians.</param>
/// <param name="Rule">Where splits come from.</param>
/// <param name="TreesPerRound">K, a divisor of T: trees that one round fits to the same gradients. 1 with histograms. A record's norm in the round's sum grows with its root.</param>
/// <param name="Loss">What the trees minimise.</param>
public sealed record TreeSpecification(int Count, int Depth, int Bins, double Shrinkage, double Lambda, TreeSplitRule Rule, int TreesPerRound, TreeLoss Loss)
{
    private const int GreatestCount = 4096;
    private const int GreatestDepth = 6;
    private const int GreatestBins = 256;

    /// <summary>Numbers of the model: offset and factor of the score, then per tree 2^depth - 1 pairs of feature and threshold and 2^depth leaf values.</summary>
    public int Length => 2 + (Count * ((3 << Depth) - 2));

    /// <summary>Training rounds that grow all trees.</summary>
    public int Rounds => Rule == TreeSplitRule.Histogram ? Count * Depth : Count / TreesPerRound;

    internal string? FindFault()
    {
        if (Count is < 1 or > GreatestCount || Depth is < 1 or > GreatestDepth || Bins is < 2 or > GreatestBins)
            return $"A task has 1 to {GreatestCount} trees of depth 1 to {GreatestDepth} over 2 to {GreatestBins} bins.";
        if (!(Shrinkage is > 0 and <= 1) || !(Lambda >= 0) || !double.IsFinite(Lambda))
            return "The trees' shrinkage lies in (0, 1], and their lambda is finite and not negative.";
        if (!Enum.IsDefined(Rule) || !Enum.IsDefined(Loss))
            return "The trees' split rule or loss is none that this version knows.";
        return TreesPerRound >= 1 && Count % TreesPerRound == 0 && (Rule == TreeSplitRule.Random || TreesPerRound == 1)
            ? null
            : "The trees per round divide the number of trees; with histograms a round grows one level of one tree, so it is 1.";
    }

    internal void Write(CanonicalWriter writer) => writer
        .Count(Count).UInt8((byte)Depth).Count(Bins).Double(Shrinkage).Double(Lambda).UInt8((byte)Rule).Count(TreesPerRound).UInt8((byte)Loss);

    internal static TreeSpecification Read(ref CanonicalReader reader)
    {
        TreeSpecification trees = new(
            reader.Count(GreatestCount),
            reader.UInt8(),
            reader.Count(GreatestBins),
            reader.Double(),
            reader.Double(),
            (TreeSplitRule)reader.UInt8(),
            reader.Count(GreatestCount),
            (TreeLoss)reader.UInt8());
        reader.Require(trees.FindFault() is null);
        return trees;
    }
}
