namespace SecureFed.Protocol.Tests.Masking.Graph;

/// <summary>Where one client of a ring stands once the server has chosen dealers and survivors.</summary>
internal enum Standing
{
    /// <summary>Helps the server: gives every share that it holds, whatever list it is on.</summary>
    Corrupt,

    Survivor,

    /// <summary>Honest, among the dealers, declared dropped: its neighbours hold the masks that they share with it.</summary>
    Dropped,

    /// <summary>Honest and not among the dealers: nobody shares a mask with it.</summary>
    Absent,
}

/// <summary>What a malicious server that knows the corrupt learns from one list of dealers and one of survivors: brute force, no theory.</summary>
/// <remarks>
/// A set A of honest survivors has a sum of its own if no honest survivor outside A neighbours it, t shares of every seed in A can be had and t shares of the
/// mask key of every dropped honest dealer beside A. A connected A is enough: every larger one consists of such.
/// </remarks>
internal static class RingLeak
{
    /// <param name="ring">By place.</param>
    /// <param name="width">k/2.</param>
    /// <param name="threshold">t.</param>
    /// <param name="droppedAnswer">Whether honest clients that are declared dropped release shares too; in the protocol they do not.</param>
    public static bool Leaks(ReadOnlySpan<Standing> ring, int width, int threshold, bool droppedAnswer = false)
    {
        int n = ring.Length;
        Span<int> buffer = n <= 64 ? stackalloc int[3 * n] : new int[3 * n];
        Span<int> shares = buffer[..n];
        Span<int> dealers = buffer[n..(2 * n)];
        Span<int> lost = buffer[(2 * n)..];
        Span<bool> marks = n <= 64 ? stackalloc bool[n] : new bool[n];
        for (int i = 0; i < n; i++)
            marks[i] = ring[i] is Standing.Corrupt or Standing.Survivor || (droppedAnswer && ring[i] == Standing.Dropped);
        CountNeighbours(marks, width, shares);
        for (int i = 0; i < n; i++)
            marks[i] = ring[i] != Standing.Absent;
        CountNeighbours(marks, width, dealers);
        for (int i = 0; i < n; i++)
            marks[i] = ring[i] == Standing.Dropped && shares[i] < threshold;
        CountNeighbours(marks, width, lost);

        // Survivors in order; a way of more than k/2 to the next one is a cut. One cut leaves a line, which hangs together.
        int first = -1;
        int previous = -1;
        int cuts = 0;
        int afterCut = -1;
        for (int i = 0; i < n; i++)
        {
            if (ring[i] != Standing.Survivor)
                continue;
            if (dealers[i] < threshold)
                return false; // It abstains.
            if (first < 0)
                first = i;
            else if (i - previous > width)
                (cuts, afterCut) = (cuts + 1, i);
            previous = i;
        }

        if (first < 0 || first == previous)
            return false;
        if (first + n - previous > width)
            (cuts, afterCut) = (cuts + 1, first);
        return cuts >= 2 && HasOpenPart(ring, width, threshold, shares, lost, afterCut);
    }

    /// <summary>Goes around once from a place just after a cut.</summary>
    private static bool HasOpenPart(ReadOnlySpan<Standing> ring, int width, int threshold, ReadOnlySpan<int> shares, ReadOnlySpan<int> lost, int start)
    {
        int n = ring.Length;
        int previous = start;
        bool isOpen = true;
        for (int step = 0; step < n; step++)
        {
            int place = (start + step) % n;
            if (ring[place] != Standing.Survivor)
                continue;
            if (start + step - previous > width)
            {
                if (isOpen)
                    return true;
                isOpen = true;
            }

            previous = start + step;
            isOpen &= shares[place] >= threshold && lost[place] == 0;
        }

        return isOpen;
    }

    /// <summary>For every place: marks within <paramref name="width"/> steps on either side, itself left out.</summary>
    private static void CountNeighbours(ReadOnlySpan<bool> marks, int width, Span<int> counts)
    {
        int n = marks.Length;
        int window = 0;
        for (int step = -width; step <= width; step++)
            window += marks[(step + n) % n] ? 1 : 0;
        for (int place = 0; place < n; place++)
        {
            counts[place] = window - (marks[place] ? 1 : 0);
            window += (marks[(place + width + 1) % n] ? 1 : 0) - (marks[(place + n - width) % n] ? 1 : 0);
        }
    }
}
