using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Masking.Graph;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Masking.Graph;

public sealed class HararyGraphTests
{
    private static readonly Digest AnyCohort = Digest.Of("any cohort"u8);

    [Theory]
    [InlineData(4, 2)]
    [InlineData(5, 2)]
    [InlineData(12, 10)]
    [InlineData(13, 10)]
    [InlineData(101, 34)]
    [InlineData(200, 56)]
    public void Neighbours_are_the_k_nearest_on_the_ring_whoever_asks(int n, int degree)
    {
        int[] order = Permutation.Create(AnyCohort, "securefed/v1 neighbour graph\n"u8, n);
        HararyGraph graph = HararyGraph.Create(AnyCohort, n, degree);
        Assert.False(graph.IsComplete);
        for (int i = 0; i < n; i++)
        {
            int place = Array.IndexOf(order, i);
            int[] expected = [.. Enumerable.Range(0, n).Where(j => j != i && Distance(place, Array.IndexOf(order, j), n) <= degree / 2)];
            int[] neighbours = graph.NeighboursOf(i);
            Assert.Equal(expected, neighbours);
            Assert.Equal(degree, neighbours.Length);
            Assert.All(neighbours, j => Assert.Contains(i, graph.NeighboursOf(j)));
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(9)]
    [InlineData(100)]
    public void In_the_complete_graph_everyone_neighbours_everyone_and_nothing_can_be_cut(int n)
    {
        HararyGraph graph = HararyGraph.Create(AnyCohort, n, n - 1);
        Assert.True(graph.IsComplete);
        for (int i = 0; i < n; i++)
            Assert.Equal(Enumerable.Range(0, n).Where(j => j != i), graph.NeighboursOf(i));
        Assert.Equal(int.MaxValue, graph.FewestInTwoGaps([]));
    }

    [Theory]
    [InlineData(10, 3)]
    [InlineData(10, 0)]
    [InlineData(10, 10)]
    [InlineData(10, 11)]
    [InlineData(11, 12)]
    public void Odd_and_too_great_degrees_are_the_callers_bug(int n, int degree) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => HararyGraph.Create(AnyCohort, n, degree));

    [Fact]
    public void Fewest_in_two_gaps_equals_a_search_through_all_pairs_of_stretches()
    {
        KeyedRandomSource random = Seeded.Source("gaps");
        HashSet<(int, int)> shapes = [];
        for (int run = 0; run < 4000; run++)
        {
            int width = 1 + random.Below(5);
            int n = 2 * width + 2 + (run % 3 == 0 ? run % 2 : random.Below(14));
            int[] order = Permutation.Create(Digest.Of(random.Bytes(8)), "securefed/v1 neighbour graph\n"u8, n);
            int density = random.Below(5);
            bool[] isClient = [.. Enumerable.Range(0, n).Select(_ => random.Below(4) < density)];
            HararyGraph graph = HararyGraph.Create(order, 2 * width);
            shapes.Add((n - 2 * width, width));
            Assert.Equal(FewestBySearch(order, width, isClient), graph.FewestInTwoGaps(Enumerable.Range(0, n).Where(i => isClient[i])));
        }

        Assert.Contains((2, 2), shapes); // The smallest ring: one place on either side between two stretches.
        Assert.Contains((3, 5), shapes);
        Assert.Contains((15, 5), shapes);
    }

    private static int FewestBySearch(int[] order, int width, bool[] isClient)
    {
        int n = order.Length;
        int fewest = int.MaxValue;
        for (int one = 0; one < n; one++)
        {
            for (int other = 0; other < n; other++)
            {
                int[] places = [.. Enumerable.Range(one, width).Concat(Enumerable.Range(other, width)).Select(p => p % n)];
                if (places.Distinct().Count() == 2 * width)
                    fewest = Math.Min(fewest, places.Count(p => isClient[order[p]]));
            }
        }

        return fewest;
    }

    private static int Distance(int one, int other, int n)
    {
        int apart = Math.Abs(one - other);
        return Math.Min(apart, n - apart);
    }
}
