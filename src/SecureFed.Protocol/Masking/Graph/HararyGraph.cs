using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking.Graph;

/// <summary>Who neighbours whom in one cohort: a ring on a public random permutation, each client linked to the k/2 nearest places on either side.</summary>
/// <remarks>
/// Bell et al. 2020, section 3; Harary 1962. k = n − 1 is the complete graph and needs no ring. Two clients on the ring are neighbours if and only if at most
/// k/2 steps lie between them, so what remains of the ring falls apart only where k/2 consecutive places are missing, at two disjoint stretches at least.
/// </remarks>
internal sealed class HararyGraph
{
    private readonly int degree;
    private readonly int[] order;
    private readonly int[] places;

    private HararyGraph(int[] order, int degree)
    {
        this.order = order;
        this.degree = degree;
        places = new int[order.Length];
        for (int place = 0; place < order.Length; place++)
            places[order[place]] = place;
    }

    private static ReadOnlySpan<byte> Label => "securefed/v1 neighbour graph\n"u8;

    public bool IsComplete => degree == order.Length - 1;

    /// <summary>The graph of a cohort.</summary>
    /// <param name="cohortDigest">Seeds the permutation.</param>
    /// <param name="clients">n.</param>
    /// <param name="degree">k: even and below n − 1, or n − 1.</param>
    public static HararyGraph Create(Digest cohortDigest, int clients, int degree) =>
        Create(degree == clients - 1 ? [.. Enumerable.Range(0, clients)] : Permutation.Create(cohortDigest, Label, clients), degree);

    /// <summary>The graph on given places, for analyses.</summary>
    internal static HararyGraph Create(int[] order, int degree)
    {
        bool isRing = degree % 2 == 0 && degree >= 2 && degree < order.Length;
        return isRing || degree == order.Length - 1
            ? new HararyGraph(order, degree)
            : throw new ArgumentOutOfRangeException(nameof(degree), degree, "The degree is even and below n − 1, or n − 1.");
    }

    /// <summary>A client's k neighbours, ascending.</summary>
    public int[] NeighboursOf(int index)
    {
        int n = order.Length;
        int[] neighbours = new int[degree];
        if (IsComplete)
        {
            for (int i = 0; i < degree; i++)
                neighbours[i] = i < index ? i : i + 1;
            return neighbours;
        }

        for (int step = 1; step <= degree / 2; step++)
        {
            neighbours[2 * step - 2] = order[(places[index] + step) % n];
            neighbours[2 * step - 1] = order[(places[index] + n - step) % n];
        }

        Array.Sort(neighbours);
        return neighbours;
    }

    /// <summary>The fewest of the given clients that two disjoint stretches of k/2 consecutive places hold together.</summary>
    /// <remarks>If more than f, and at most f corrupt clients stand in any two such stretches, an honest one stands in one of them: nothing is cut off.</remarks>
    /// <param name="clients">Distinct indices.</param>
    /// <returns><see cref="int.MaxValue"/> for the complete graph, which has no gaps.</returns>
    public int FewestInTwoGaps(IEnumerable<int> clients)
    {
        int n = order.Length;
        int width = degree / 2;
        if (IsComplete || 2 * width > n)
            return int.MaxValue;
        int[] counts = CountByStretch(clients, width);

        // Partners of the stretch from s start at s + width … s + n − width. The places of a window's possible minima, counts ascending, wait in a queue.
        int fewest = int.MaxValue;
        int[] queue = new int[2 * n];
        int head = 0;
        int tail = 0;
        int next = width;
        for (int start = 0; start < n; start++)
        {
            for (; next <= start + n - width; next++)
            {
                while (tail > head && counts[queue[tail - 1] % n] >= counts[next % n])
                    tail--;
                queue[tail++] = next;
            }

            while (queue[head] < start + width)
                head++;
            fewest = Math.Min(fewest, counts[start] + counts[queue[head] % n]);
        }

        return fewest;
    }

    /// <summary>By first place: how many of the clients stand within the next <paramref name="width"/> places.</summary>
    private int[] CountByStretch(IEnumerable<int> clients, int width)
    {
        int n = order.Length;
        bool[] isPresent = new bool[n];
        foreach (int client in clients)
            isPresent[places[client]] = true;
        int[] counts = new int[n];
        for (int place = 0; place < width; place++)
            counts[0] += isPresent[place] ? 1 : 0;
        for (int start = 1; start < n; start++)
            counts[start] = counts[start - 1] - (isPresent[start - 1] ? 1 : 0) + (isPresent[(start + width - 1) % n] ? 1 : 0);
        return counts;
    }
}
