using System.Numerics;

namespace SecureFed.Privacy.Budget;

/// <summary>Which rounds a node of a Fenwick tree sums, and which nodes make a prefix.</summary>
/// <remarks>
/// Fenwick 1994, "A new data structure for cumulative frequency tables". Rounds and leaves count from 1. Node t is the sum of the rounds (t − lowbit(t), t]; every round
/// completes exactly one node, its own. Of the binary tree of Kairouz et al. 2021 (arXiv 2103.00039) these are the left children and the left edge: the nodes that some
/// prefix needs.
/// </remarks>
public static class FenwickTree
{
    /// <summary>The lowest set bit of t: how many rounds node t sums.</summary>
    /// <exception cref="ArgumentOutOfRangeException">t is below 1.</exception>
    public static int Lowbit(int t)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(t, 1);
        return 1 << BitOperations.TrailingZeroCount(t);
    }

    /// <summary>The first of the rounds that node t sums; the last one is t.</summary>
    public static int FirstRoundOf(int t) => t - Lowbit(t) + 1;

    /// <summary>The nodes whose sum is the sum of the rounds 1 to t, latest first; as many as t has set bits, none for t = 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">t is negative.</exception>
    public static IReadOnlyList<int> NodesOfPrefix(int t)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(t);
        List<int> nodes = [];
        for (; t > 0; t -= Lowbit(t))
            nodes.Add(t);
        return nodes;
    }

    /// <summary>The nodes that a record of this leaf is in, earliest first; at most <see cref="DepthOf"/> of them.</summary>
    /// <param name="leaf">1 to <paramref name="leaves"/>.</param>
    /// <param name="leaves">L: rounds of the tree.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such leaf.</exception>
    public static IReadOnlyList<int> NodesTouching(int leaf, int leaves)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(leaf, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(leaf, leaves);
        List<int> nodes = [leaf];
        for (int step = Lowbit(leaf); step <= leaves - leaf; step = Lowbit(leaf))
        {
            leaf += step;
            nodes.Add(leaf);
        }

        return nodes;
    }

    /// <summary>⌊log₂ L⌋ + 1: the most nodes that one record is in. The first leaf is in that many.</summary>
    /// <exception cref="ArgumentOutOfRangeException">leaves is below 1.</exception>
    public static int DepthOf(int leaves)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(leaves, 1);
        return BitOperations.Log2((uint)leaves) + 1;
    }
}
