using SecureFed.Protocol.Masking.Graph;

namespace SecureFed.Protocol.Tests.Masking.Graph;

/// <summary>Rings of twelve: all placements of corrupt clients but for rotation, and all choices of dealers and survivors that a server has.</summary>
/// <remarks>
/// Why 2t &gt; k + f is enough: the last client of A before a gap has at most k/2 neighbours on the side of A; of the k/2 places on the other side only the corrupt
/// give shares of its seed. Both ends of A together need 2(t − k/2) &gt; f corrupt clients in two disjoint stretches of k/2 places.
/// </remarks>
public sealed class SmallRingTests
{
    private const int Clients = 12;

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(8)]
    [InlineData(10)]
    public void No_choice_of_dealers_and_survivors_opens_a_part_of_the_ring_if_2t_exceeds_k_plus_f(int degree)
    {
        int rings = 0;
        foreach (bool[] corrupt in Placements())
        {
            int threshold = (degree + MostInTwoGaps(corrupt, degree / 2)) / 2 + 1;
            if (threshold > degree)
                continue; // No client takes part.
            rings++;
            foreach (Standing[] ring in Choices(corrupt))
                Assert.False(RingLeak.Leaks(ring, degree / 2, threshold));
        }

        Assert.True(rings >= 2);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void The_fewest_drops_that_open_a_part_are_those_of_two_stretches_with_t_minus_half_k_corrupt_in_each(int degree)
    {
        int opened = 0;
        foreach (bool[] corrupt in Placements())
        {
            for (int threshold = 1; threshold <= degree; threshold++)
            {
                int fewest = Choices(corrupt).Where(ring => RingLeak.Leaks(ring, degree / 2, threshold)).Select(DroppedOf).DefaultIfEmpty(int.MaxValue).Min();
                Assert.Equal(RingCut.FewestDropped(corrupt, degree / 2, threshold), fewest);
                opened += fewest < int.MaxValue ? 1 : 0;
            }
        }

        Assert.True(opened > 100);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(6)]
    public void Whatever_the_threshold_every_list_that_opens_a_part_is_refused_by_the_clients(int degree)
    {
        HararyGraph graph = HararyGraph.Create([.. Enumerable.Range(0, Clients)], degree);
        int refused = 0;
        foreach (bool[] corrupt in Placements())
        {
            int most = MostInTwoGaps(corrupt, degree / 2);
            foreach (Standing[] ring in Choices(corrupt))
            {
                if (!RingLeak.Leaks(ring, degree / 2, 1, droppedAnswer: true))
                    continue;
                Assert.True(graph.FewestInTwoGaps(Enumerable.Range(0, Clients).Where(i => ring[i] is Standing.Corrupt or Standing.Survivor)) <= most);
                refused++;
            }
        }

        Assert.True(refused > 1000);
    }

    [Fact]
    public void If_the_dropped_answered_too_2t_above_k_plus_f_would_not_be_enough()
    {
        bool[] noneCorrupt = new bool[Clients];
        Assert.Contains(Choices(noneCorrupt), ring => RingLeak.Leaks(ring, 2, 3, droppedAnswer: true));
        Assert.DoesNotContain(Choices(noneCorrupt), ring => RingLeak.Leaks(ring, 2, 3));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void The_model_of_a_leak_equals_its_definition_over_all_sets_of_survivors(int degree)
    {
        const int n = 8;
        int leaks = 0;
        Standing[] ring = new Standing[n];
        for (int code = 0; code < 1 << (2 * n); code++)
        {
            for (int i = 0; i < n; i++)
                ring[i] = (Standing)(code >> (2 * i) & 3);
            for (int threshold = 1; threshold <= degree; threshold++)
            {
                bool leak = LeaksByDefinition(ring, degree / 2, threshold, code % 2 == 0);
                Assert.Equal(leak, RingLeak.Leaks(ring, degree / 2, threshold, code % 2 == 0));
                leaks += leak ? 1 : 0;
            }
        }

        Assert.True(leaks > 500);
    }

    private static bool LeaksByDefinition(Standing[] ring, int width, int threshold, bool droppedAnswer)
    {
        int n = ring.Length;
        int[] survivors = [.. Enumerable.Range(0, n).Where(i => ring[i] == Standing.Survivor)];
        if (survivors.Any(i => Neighbours(i).Count(j => ring[j] != Standing.Absent) < threshold))
            return false;
        for (int chosen = 1; chosen < (1 << survivors.Length) - 1; chosen++)
        {
            ILookup<bool, int> parts = survivors.Select((place, bit) => (place, bit)).ToLookup(s => (chosen >> s.bit & 1) == 1, s => s.place);
            int[] part = [.. parts[true]];
            if (part.All(i => IsRecoverable(i) && !Neighbours(i).Intersect(parts[false]).Any() && Neighbours(i).All(j => ring[j] != Standing.Dropped || IsRecoverable(j))))
                return true;
        }

        return false;

        IEnumerable<int> Neighbours(int i) => Enumerable.Range(0, n).Where(j => j != i && Math.Min(Math.Abs(i - j), n - Math.Abs(i - j)) <= width);

        bool IsRecoverable(int i) =>
            Neighbours(i).Count(j => ring[j] is Standing.Corrupt or Standing.Survivor || (droppedAnswer && ring[j] == Standing.Dropped)) >= threshold;
    }

    private static int DroppedOf(Standing[] ring) => ring.Count(s => s is Standing.Dropped or Standing.Absent);

    /// <summary>Least of each class of rotations.</summary>
    private static IEnumerable<bool[]> Placements()
    {
        for (int mask = 0; mask < 1 << Clients; mask++)
        {
            bool isLeast = true;
            for (int turn = 1; turn < Clients && isLeast; turn++)
                isLeast = mask <= ((mask >> turn) | ((mask << (Clients - turn)) & ((1 << Clients) - 1)));
            if (isLeast)
                yield return [.. Enumerable.Range(0, Clients).Select(i => (mask >> i & 1) == 1)];
        }
    }

    /// <summary>Every honest client survives, is dropped or absent. One array for all; do not keep it.</summary>
    private static IEnumerable<Standing[]> Choices(bool[] corrupt)
    {
        int[] honest = [.. Enumerable.Range(0, Clients).Where(i => !corrupt[i])];
        Standing[] ring = new Standing[Clients];
        foreach (int i in honest)
            ring[i] = Standing.Survivor;
        int position = 0;
        while (position < honest.Length)
        {
            yield return ring;
            for (position = 0; position < honest.Length; position++)
            {
                ref Standing standing = ref ring[honest[position]];
                if (standing != Standing.Absent)
                {
                    standing++;
                    break;
                }

                standing = Standing.Survivor;
            }
        }
    }

    /// <summary>f as it is: over all pairs of stretches with somebody between them on both sides.</summary>
    private static int MostInTwoGaps(bool[] corrupt, int width)
    {
        int[] counts = RingCut.CountByStretch(corrupt, width);
        int most = 0;
        for (int one = 0; one < Clients; one++)
        {
            for (int apart = width + 1; apart <= Clients - width - 1; apart++)
                most = Math.Max(most, counts[one] + counts[(one + apart) % Clients]);
        }

        return most;
    }
}
