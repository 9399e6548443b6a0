using System.Numerics;
using SecureFed.Privacy.Budget;

namespace SecureFed.Privacy.Tests.Budget;

public sealed class FenwickTreeTests
{
    private const int Greatest = 300;

    [Fact]
    public void Released_nodes_add_up_to_every_prefix()
    {
        long[] rounds = [.. Enumerable.Range(0, Greatest + 1).Select(t => t == 0 ? 0 : (long)t * t * t % 1009)];
        long[] nodes = [.. Enumerable.Range(0, Greatest + 1).Select(t => t == 0 ? 0 : rounds[FenwickTree.FirstRoundOf(t)..(t + 1)].Sum())];
        for (int t = 0; t <= Greatest; t++)
        {
            IReadOnlyList<int> prefix = FenwickTree.NodesOfPrefix(t);
            Assert.Equal(rounds[..(t + 1)].Sum(), prefix.Sum(node => nodes[node]));
            Assert.Equal(BitOperations.PopCount((uint)t), prefix.Count);
        }
    }

    [Fact]
    public void A_leaf_is_in_exactly_the_nodes_whose_rounds_contain_it()
    {
        foreach (int leaves in (int[])[1, 2, 3, 7, 8, 9, 100, Greatest])
        {
            int deepest = 0;
            for (int leaf = 1; leaf <= leaves; leaf++)
            {
                int[] expected = [.. Enumerable.Range(1, leaves).Where(t => FenwickTree.FirstRoundOf(t) <= leaf && leaf <= t)];
                Assert.Equal(expected, FenwickTree.NodesTouching(leaf, leaves));
                deepest = Math.Max(deepest, expected.Length);
            }

            Assert.Equal(deepest, FenwickTree.DepthOf(leaves));
        }
    }

    [Fact]
    public void The_largest_trees_do_not_overflow()
    {
        Assert.Equal([1 << 30], FenwickTree.NodesTouching(1 << 30, int.MaxValue));
        Assert.Equal(31, FenwickTree.NodesTouching(1, int.MaxValue).Count);
        Assert.Equal(31, FenwickTree.DepthOf(int.MaxValue));
        Assert.Equal(31, FenwickTree.NodesOfPrefix(int.MaxValue).Count);
        Assert.Equal([int.MaxValue], FenwickTree.NodesTouching(int.MaxValue, int.MaxValue));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    public void There_is_no_round_before_the_first(int t)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => FenwickTree.Lowbit(t));
        Assert.Throws<ArgumentOutOfRangeException>(() => FenwickTree.FirstRoundOf(t));
        Assert.Throws<ArgumentOutOfRangeException>(() => FenwickTree.DepthOf(t));
        Assert.Throws<ArgumentOutOfRangeException>(() => FenwickTree.NodesTouching(t, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => FenwickTree.NodesTouching(6, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => FenwickTree.NodesOfPrefix(Math.Min(t, -1)));
    }
}
