using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Masking.Graph;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Masking.Graph;

/// <summary>A server that knows the corrupt and their places chooses dealers and survivors as it likes, at the parameters of real cohorts.</summary>
public sealed class RingCutTests(ITestOutputHelper output)
{
    private const int Permutations = 1000;

    [Theory]
    [InlineData(26, true)] // t ≤ k/2: any k places will do.
    [InlineData(27, true)]
    [InlineData(37, false)]
    public void A_thousand_clients_of_degree_52_are_cut_always_or_never_by_their_threshold(int threshold, bool isCut)
    {
        int cut = 0;
        for (int run = 0; run < Permutations; run++)
        {
            bool[] corrupt = CorruptPlaces(run, 1000, 50);
            if (RingCut.FindWithin(corrupt, 26, threshold, greatestDropped: 100) is null)
                continue;
            (int one, int other) = RingCut.FindWithin(corrupt, 26, threshold, greatestDropped: 100, leastBetween: 26)!.Value;
            Assert.True(RingLeak.Leaks(RingCut.Choose(corrupt, 26, one, other), 26, threshold));
            cut++;
        }

        output.WriteLine($"t = {threshold}: {cut} of {Permutations}");
        Assert.Equal(isCut ? Permutations : 0, cut);
    }

    [Theory]
    [InlineData(200, 0.1, 0.1)]
    [InlineData(500, 0.1, 0.1)]
    [InlineData(1000, 0.1, 0.1)]
    [InlineData(10000, 0.1, 0.1)]
    [InlineData(200, 0.05, 0.3)]
    [InlineData(500, 0.05, 0.3)]
    [InlineData(1000, 0.05, 0.3)]
    [InlineData(10000, 0.05, 0.3)]
    public void No_choice_of_dropouts_opens_a_part_of_the_ring_at_production_parameters(int n, double gamma, double deltaDrop)
    {
        (NeighbourGraphParameters graph, int corruptClients, int leastSurvivors) = Production(n, (decimal)gamma, (decimal)deltaDrop);
        int width = graph.Degree / 2;
        int mostInTwo = 0;
        int mostInBoth = 0;
        for (int run = 0; run < Permutations; run++)
        {
            bool[] corrupt = CorruptPlaces(run, n, corruptClients);
            Assert.Null(RingCut.FindWithin(corrupt, width, graph.Threshold, n - leastSurvivors));

            // The two worst stretches of this ring, with every honest client in them dropped, whatever the least number of survivors: nothing opens.
            (int one, int other, int[] counts) = Worst(corrupt, width);
            mostInTwo = Math.Max(mostInTwo, counts[one] + counts[other]);
            mostInBoth = Math.Max(mostInBoth, Math.Min(counts[one], counts[other]));
            Assert.False(RingLeak.Leaks(RingCut.Choose(corrupt, width, one, other), width, graph.Threshold));
        }

        int f = NeighbourGraphFinder.GreatestCorruptInGaps(n, corruptClients, graph.Degree);
        output.WriteLine($"n = {n}, k = {graph.Degree}, t = {graph.Threshold}, f = {f}: at most {mostInTwo} corrupt in two stretches, {mostInBoth} in each; {graph.Threshold - width} in each would do");
        Assert.True(mostInTwo <= f);
    }

    [Fact]
    public void All_corrupt_clients_placed_evenly_beside_one_part_are_one_share_short_of_its_sum()
    {
        // The worst that a permutation could do: n = 1000, c = f = 50, 25 in either of two stretches of k/2 = 168 places, 286 of 300 droppable clients dropped.
        (NeighbourGraphParameters graph, int corruptClients, int leastSurvivors) = Production(1000, 0.05m, 0.3m);
        Assert.Equal((new NeighbourGraphParameters(336, 194), 50, 700), (graph, corruptClients, leastSurvivors));
        bool[] corrupt = new bool[1000];
        for (int i = 0; i < 25; i++)
            (corrupt[i * 6], corrupt[500 + i * 6]) = (true, true);
        Standing[] ring = RingCut.Choose(corrupt, 168, 0, 500);
        Assert.Equal(286, ring.Count(s => s == Standing.Dropped));

        // A dropped client in a gap of exactly k/2 places has k/2 + 1 + 25 = t neighbours that give its key away; the seed of the client beside the gap lacks one.
        Assert.False(RingLeak.Leaks(ring, 168, 194));
        Assert.True(RingLeak.Leaks(ring, 168, 193));

        // If the dropped answered, this list would open the ring; and clients refuse it anyway.
        Assert.True(RingLeak.Leaks(ring, 168, 194, droppedAnswer: true));
        HararyGraph graphOfPlaces = HararyGraph.Create([.. Enumerable.Range(0, 1000)], 336);
        Assert.Equal(50, graphOfPlaces.FewestInTwoGaps(Enumerable.Range(0, 1000).Where(i => ring[i] != Standing.Dropped)));
        Assert.Equal(50, NeighbourGraphFinder.GreatestCorruptInGaps(1000, 50, 336));

        // Wider gaps, other divisions, dropped clients left out of the dealers: still nothing.
        KeyedRandomSource random = Seeded.Source("worst case");
        for (int run = 0; run < 2000; run++)
        {
            int left = 15 + random.Below(21);
            int width = 168 + random.Below(10);
            Array.Clear(corrupt);
            Place(corrupt, random, 0, 168, left);
            Place(corrupt, random, 500, 168, 50 - left);
            ring = RingCut.Choose(corrupt, width, 0, 500);
            for (int i = 0; i < ring.Length; i++)
            {
                if (ring[i] == Standing.Dropped && random.Below(8) < run % 8)
                    ring[i] = Standing.Absent;
            }

            Assert.False(RingLeak.Leaks(ring, 168, 194));
        }
    }

    [Fact]
    public void If_the_dropped_answered_too_every_ring_of_ten_thousand_would_open_at_production_parameters()
    {
        (NeighbourGraphParameters graph, int corruptClients, int leastSurvivors) = Production(10000, 0.1m, 0.1m);
        int width = graph.Degree / 2;
        for (int run = 0; run < 100; run++)
        {
            // Any 184 places will do, of which 1000 may drop: neither seeds nor keys need a corrupt client then.
            bool[] corrupt = CorruptPlaces(run, 10000, corruptClients);
            (int one, int other) = RingCut.FindWithin(corrupt, width, threshold: 0, 10000 - leastSurvivors, leastBetween: width)!.Value;
            Standing[] ring = RingCut.Choose(corrupt, width, one, other);
            Assert.True(RingLeak.Leaks(ring, width, graph.Threshold, droppedAnswer: true));
            Assert.False(RingLeak.Leaks(ring, width, graph.Threshold));
        }
    }

    [Theory]
    [InlineData(0.05, 0.1)]
    [InlineData(0.05, 0.22)]
    [InlineData(0.05, 0.3)]
    [InlineData(0.1, 0.1)]
    [InlineData(0.1, 0.22)]
    [InlineData(0.1, 0.3)]
    public void Dropouts_by_chance_almost_never_look_like_a_cut(double gamma, double deltaDrop)
    {
        double worst = 0;
        int worstClients = 0;
        for (int n = 101; n <= 2000; n += 29)
        {
            // Union bound over all pairs of disjoint stretches, survivors as few as they may be.
            (NeighbourGraphParameters graph, int corruptClients, int leastSurvivors) = Production(n, (decimal)gamma, (decimal)deltaDrop);
            int f = NeighbourGraphFinder.GreatestCorruptInGaps(n, corruptClients, graph.Degree);
            Hypergeometric draws = new(n);
            double perPair = 0;
            for (int count = Math.Max(0, graph.Degree - (n - leastSurvivors)); count <= Math.Min(f, graph.Degree); count++)
            {
                perPair += Math.Exp(draws.LogBinomial(leastSurvivors, count) + draws.LogBinomial(n - leastSurvivors, graph.Degree - count)
                    - draws.LogBinomial(n, graph.Degree));
            }

            double chance = n * (n - graph.Degree + 1.0) / 2 * perPair;
            (worst, worstClients) = chance > worst ? (chance, n) : (worst, worstClients);
        }

        output.WriteLine($"gamma {gamma}, delta_drop {deltaDrop}: at most 2^{Math.Log2(worst):F0}, n = {worstClients}");
        Assert.True(worst < Math.ScaleB(1, -20));
    }

    private static (NeighbourGraphParameters Graph, int Corrupt, int LeastSurvivors) Production(int n, decimal gamma, decimal deltaDrop)
    {
        int corrupt = (int)decimal.Ceiling(gamma * n);
        int leastSurvivors = (int)decimal.Floor((1 - deltaDrop) * n);
        return (NeighbourGraphFinder.FindProduction(n, corrupt, leastSurvivors, isCurious: false, NeighbourGraphFinder.ProductionSigma, out _)!, corrupt, leastSurvivors);
    }

    /// <summary>The first c clients are corrupt; the permutation of the protocol says where they stand.</summary>
    private static bool[] CorruptPlaces(int run, int n, int corruptClients) =>
        [.. Permutation.Create(Digest.Of(BitConverter.GetBytes(run)), "securefed/v1 neighbour graph\n"u8, n).Select(client => client < corruptClients)];

    private static (int One, int Other, int[] Counts) Worst(bool[] corrupt, int width)
    {
        int n = corrupt.Length;
        int[] counts = RingCut.CountByStretch(corrupt, width);
        int one = Array.IndexOf(counts, counts.Max());
        int other = Enumerable.Range(one + width + 1, n - 2 * width - 1).Select(s => s % n).MaxBy(s => counts[s]);
        return (one, other, counts);
    }

    private static void Place(bool[] corrupt, KeyedRandomSource random, int from, int width, int count)
    {
        while (count > 0)
        {
            ref bool place = ref corrupt[from + random.Below(width)];
            count -= place ? 0 : 1;
            place = true;
        }
    }
}
