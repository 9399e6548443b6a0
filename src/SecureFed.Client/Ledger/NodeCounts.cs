using SecureFed.Privacy.Budget;

namespace SecureFed.Client.Ledger;

/// <summary>In how many released nodes the records of each leaf are, in all epochs of a task: what a client that believes no server charges by.</summary>
/// <remarks>
/// <para>A record is in one leaf, and pays c for every node that holds the leaf. The most that a record of this client has paid is c times the greatest count, so a node costs c if it raises
/// the greatest count and nothing otherwise. That is exact for any nodes in any order, also for those that a server skips, repeats or makes up with a false count of rounds.</para>
/// <para>If the nodes come in order and none is missed, the greatest count after node t is ⌊log₂ t⌋ + 1: c in the rounds 1, 2, 4, 8, …, as <see cref="TreeAggregationAccountant"/> charges.</para>
/// </remarks>
internal sealed class NodeCounts
{
    private readonly Dictionary<int, int> counts = [];
    private int greatest;

    /// <summary>What the release of a node adds to the greatest sum over the client's records.</summary>
    public long UnitsOf(int node, long unitsOfNode) => LeavesOf(node).Any(leaf => counts.GetValueOrDefault(leaf) == greatest) ? unitsOfNode : 0;

    public void Add(int node)
    {
        foreach (int leaf in LeavesOf(node))
            greatest = Math.Max(greatest, counts[leaf] = counts.GetValueOrDefault(leaf) + 1);
    }

    private static IEnumerable<int> LeavesOf(int node) => Enumerable.Range(FenwickTree.FirstRoundOf(node), FenwickTree.Lowbit(node));
}
