namespace SecureFed.Protocol.Tests.Masking.Graph;

/// <summary>The server's best way to open a part of the ring, decided exactly: <see cref="SmallRingTests"/> compares it with brute force.</summary>
/// <remarks>
/// Two disjoint stretches of k/2 places with an honest client between them on both sides, at least t − k/2 corrupt in each, all honest in them dropped. For
/// n ≥ 2k + 2 necessary and sufficient; below, necessary.
/// </remarks>
internal static class RingCut
{
    /// <returns>Fewest honest clients that must drop; <see cref="int.MaxValue"/> if nothing helps.</returns>
    public static int FewestDropped(bool[] corrupt, int width, int threshold) => Find(corrupt, width, threshold, int.MaxValue, 1, isAnyEnough: false).Dropped;

    /// <summary>Some pair of stretches that need at most so many dropped.</summary>
    /// <param name="corrupt">By place.</param>
    /// <param name="width">k/2.</param>
    /// <param name="threshold">t.</param>
    /// <param name="greatestDropped">n − S_min.</param>
    /// <param name="leastBetween">Places between the two on either side: 1 to decide; k/2 for a pair that <see cref="Choose"/> opens, because nobody then neighbours both.</param>
    public static (int One, int Other)? FindWithin(bool[] corrupt, int width, int threshold, int greatestDropped, int leastBetween = 1)
    {
        (int one, int other, int dropped) = Find(corrupt, width, threshold, greatestDropped, leastBetween, isAnyEnough: true);
        return dropped < int.MaxValue ? (one, other) : null;
    }

    /// <summary>Everybody survives but the honest in these two stretches.</summary>
    public static Standing[] Choose(bool[] corrupt, int width, int one, int other)
    {
        int n = corrupt.Length;
        return [.. corrupt.Select((isCorrupt, place) =>
            isCorrupt ? Standing.Corrupt
            : (place + n - one) % n < width || (place + n - other) % n < width ? Standing.Dropped
            : Standing.Survivor)];
    }

    public static int[] CountByStretch(bool[] corrupt, int width)
    {
        int n = corrupt.Length;
        int[] counts = new int[n];
        for (int place = 0; place < width; place++)
            counts[0] += corrupt[place] ? 1 : 0;
        for (int start = 1; start < n; start++)
            counts[start] = counts[start - 1] - (corrupt[start - 1] ? 1 : 0) + (corrupt[(start + width - 1) % n] ? 1 : 0);
        return counts;
    }

    private static (int One, int Other, int Dropped) Find(bool[] corrupt, int width, int threshold, int greatestDropped, int leastBetween, bool isAnyEnough)
    {
        int n = corrupt.Length;
        int[] counts = CountByStretch(corrupt, width);
        int[] candidates = [.. Enumerable.Range(0, n).Where(s => counts[s] >= threshold - width)];
        (int One, int Other, int Dropped) best = (-1, -1, int.MaxValue);
        foreach (int one in candidates)
        {
            foreach (int other in candidates)
            {
                int apart = (other - one + n) % n;
                int dropped = 2 * width - counts[one] - counts[other];
                if (apart < width + leastBetween || apart > n - width - leastBetween || dropped > greatestDropped || dropped >= best.Dropped)
                    continue;
                if (!HasHonest(corrupt, one + width, one + apart) || !HasHonest(corrupt, one + apart + width, one + n))
                    continue;
                best = (one, other, dropped);
                if (isAnyEnough)
                    return best;
            }
        }

        return best;
    }

    private static bool HasHonest(bool[] corrupt, int from, int to)
    {
        for (int place = from; place < to; place++)
        {
            if (!corrupt[place % corrupt.Length])
                return true;
        }

        return false;
    }
}
