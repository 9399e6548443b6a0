namespace SecureFed.Privacy.Budget;

/// <summary>The cap of one order, dealt to the kinds of a plan.</summary>
internal sealed class Allotment
{
    private readonly IReadOnlyList<PlannedRelease> releases;
    private readonly long[] unitsPerRelease;

    /// <param name="releases">The plan.</param>
    /// <param name="order">α.</param>
    /// <param name="units">The cap at that order; 0 where there is none.</param>
    public Allotment(IReadOnlyList<PlannedRelease> releases, int order, long units)
    {
        this.releases = releases;
        Order = order;
        unitsPerRelease = new long[releases.Count];
        long left = units;
        for (int kind = 0; kind < releases.Count; kind++)
        {
            long part = Math.Min(left, (long)(units * releases[kind].Share));
            left -= part;
            unitsPerRelease[kind] = part / releases[kind].Count;
        }
    }

    public int Order { get; }

    /// <summary>Whether all releases of a kind fit into its share with this noise.</summary>
    /// <param name="kind">Index in the plan.</param>
    /// <param name="noise">Index of a <see cref="ShortDecimal"/>.</param>
    public bool Fits(int kind, int noise) => unitsPerRelease[kind] > ReleaseCost.ShareAllowance && Cost(kind, noise) <= unitsPerRelease[kind];

    /// <summary>The least noise that fits; <paramref name="fitting"/> does.</summary>
    public int Least(int kind, int fitting)
    {
        int low = -1;
        int high = fitting;
        while (high - low > 1)
        {
            int middle = low + (high - low) / 2;
            if (Fits(kind, middle))
                high = middle;
            else
                low = middle;
        }

        return high;
    }

    /// <summary>The least noise of a kind that fits with the most.</summary>
    public PlannedNoise Noise(int kind)
    {
        int least = Least(kind, ShortDecimal.Count - 1);
        return new PlannedNoise(releases[kind], ShortDecimal.At(least), Cost(kind, least));
    }

    private long Cost(int kind, int noise) => ReleaseCost.Units(ShortDecimal.At(noise), releases[kind].SamplingRate, Order);
}
