using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Budget;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Tests.Updates;

public sealed class LeafSumsTests
{
    private const int Leaves = 8;
    private static readonly UpdateLayout Layout = new([new UpdateSegment("gradient", 2, 4, 10)], 32);

    [Fact]
    public void A_node_is_the_sum_of_the_leaves_that_it_covers()
    {
        KeyedRandomSource random = Seeded.Source("node");
        using LeafSums leaves = new(Leaves);
        List<int[]> made = [];
        for (int round = 0; round < Leaves; round++)
        {
            QuantizedUpdate leaf = LeafOf(round + 1, -round, random);
            made.Add(leaf.Values.ToArray());
            leaves.Keep(round, leaf);
            int first = FenwickTree.FirstRoundOf(round + 1) - 1;
            for (int i = 0; i < 2; i++)
                Assert.Equal(made.Skip(first).Sum(values => values[i]), leaves.SumNode(round).Values[i]);
        }
    }

    [Fact]
    public void A_leaf_that_was_missed_counts_as_zero()
    {
        KeyedRandomSource random = Seeded.Source("missed");
        using LeafSums leaves = new(Leaves);
        QuantizedUpdate second = LeafOf(3, 1, random);
        leaves.Keep(1, second);
        Assert.Equal(second.Values.ToArray(), leaves.SumNode(1).Values.ToArray());
    }

    [Fact]
    public void The_sum_of_a_leaf_is_made_once()
    {
        KeyedRandomSource random = Seeded.Source("once");
        using LeafSums leaves = new(Leaves);
        leaves.Keep(2, LeafOf(1, 1, random));
        Assert.True(leaves.Holds(2));
        Assert.Throws<InvalidOperationException>(() => leaves.Keep(2, LeafOf(2, 2, random)));
        Assert.Throws<InvalidOperationException>(() => leaves.SumNode(3));
    }

    [Fact]
    public void The_leaves_of_an_epoch_are_zeroed_when_the_next_begins()
    {
        KeyedRandomSource random = Seeded.Source("epochs");
        using LeafSums leaves = new(Leaves);
        QuantizedUpdate old = LeafOf(2, 2, random);
        leaves.Keep(Leaves - 2, old);
        QuantizedUpdate next = LeafOf(-1, 3, random);
        leaves.Keep(Leaves + 3, next);
        Assert.Equal([0, 0], old.Values.ToArray());
        Assert.False(leaves.Holds(Leaves - 2));
        Assert.Equal(next.Values.ToArray(), leaves.SumNode(Leaves + 3).Values.ToArray());
    }

    [Fact]
    public void Every_record_is_in_one_leaf_and_in_no_more_nodes_than_the_depth()
    {
        using LeafSums leaves = new(Leaves);
        for (int record = 0; record < 50; record++)
        {
            int nodes = Enumerable.Range(0, Leaves)
                .Count(round => FenwickTree.FirstRoundOf(leaves.LeafOfRound(round) + 1) - 1 <= leaves.LeafOf(record) && leaves.LeafOf(record) <= leaves.LeafOfRound(round));
            Assert.InRange(nodes, 1, FenwickTree.DepthOf(Leaves));
            Assert.Equal(FenwickTree.NodesTouching(leaves.LeafOf(record) + 1, Leaves).Count, nodes);
        }
    }

    private static QuantizedUpdate LeafOf(double x, double y, IRandomSource random)
    {
        RecordAccumulator sum = new(Layout, random);
        sum.Add([x / 4, y / 4]);
        sum.Add([x / 8, 0]);
        return sum.Finish();
    }
}
