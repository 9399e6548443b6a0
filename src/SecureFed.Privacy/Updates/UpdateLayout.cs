namespace SecureFed.Privacy.Updates;

/// <summary>The shape of a round's protected vector: named segments, each with its clip norm and scale, over one ring Z mod 2^b.</summary>
/// <remarks>Immutable. Every client of a round uses the same layout; it stands in the round's ROUND_OPENED entry.</remarks>
public sealed class UpdateLayout
{
    public const int GreatestDimension = 1 << 26;
    public const int GreatestRingBits = 32;
    public const int LeastRingBits = 2;

    /// <param name="segments">1 to 16 segments with distinct names.</param>
    /// <param name="ringBits">b: sums are computed modulo 2^b; 2 to 32.</param>
    /// <param name="flattening">How the first segment, which has the padded length, is flattened; null if it is not.</param>
    /// <exception cref="ArgumentException">A segment is malformed, a name is repeated, the first segment has not the padded length or the dimension exceeds 2^26.</exception>
    public UpdateLayout(IReadOnlyList<UpdateSegment> segments, int ringBits, Flattening? flattening = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ringBits, LeastRingBits);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ringBits, GreatestRingBits);
        if (segments.Count is < 1 or > 16 || !segments.All(s => s.IsValid))
            throw new ArgumentException("A layout has 1 to 16 well-formed segments.", nameof(segments));
        if (segments.Select(s => s.Name).Distinct(StringComparer.Ordinal).Count() != segments.Count)
            throw new ArgumentException("Segment names are distinct.", nameof(segments));
        if (flattening is not null && segments[0].Length != flattening.PaddedLength)
            throw new ArgumentException($"A flattened segment of {flattening.Length} coordinates has {flattening.PaddedLength} in the layout.", nameof(segments));
        long dimension = segments.Sum(s => (long)s.Length);
        if (dimension > GreatestDimension)
            throw new ArgumentException($"The dimension {dimension} exceeds {GreatestDimension}.", nameof(segments));
        Segments = [.. segments];
        RingBits = ringBits;
        Flattening = flattening;
        Dimension = (int)dimension;
    }

    public IReadOnlyList<UpdateSegment> Segments { get; }

    /// <summary>b of the ring Z mod 2^b.</summary>
    public int RingBits { get; }

    /// <summary>How the first segment is flattened; null if it is not. No part of what a round's entry says: it follows from the task.</summary>
    public Flattening? Flattening { get; }

    /// <summary>d: the number of coordinates of all segments together, padding included.</summary>
    public int Dimension { get; }

    /// <summary>Name of the segment that counts the units within the clip norm, see <see cref="CountsBelow"/>.</summary>
    public const string Below = "below";

    /// <summary>Whether the last segment is the count for adaptive clipping: one coordinate, +½ from a unit whose first segment is within its clip norm and −½ from one that was clipped.</summary>
    /// <remarks>Andrew et al. 2021 (arXiv 1905.03871), Algorithm 1. <see cref="Clipper"/> fills it, for only there the norm before clipping is known; nobody else gives a value for it.</remarks>
    public bool CountsBelow => Segments.Count > 1 && string.Equals(Segments[^1].Name, Below, StringComparison.Ordinal) && Segments[^1].Length == 1;

    /// <summary>The segments that an application computes: all but the count, none padded.</summary>
    public UpdateLayout Computed => CountsBelow || Flattening is not null
        ? new UpdateLayout([Segments[0] with { Length = Flattening?.Length ?? Segments[0].Length }, .. Segments.Skip(1).Take(Segments.Count - (CountsBelow ? 2 : 1))], RingBits)
        : this;

    /// <summary>Coordinates that an application computes.</summary>
    public int ComputedDimension => Dimension - Padding - (CountsBelow ? 1 : 0);

    /// <summary>Zeros between the first segment and the others.</summary>
    internal int Padding => Flattening is null ? 0 : Flattening.PaddedLength - Flattening.Length;

    /// <summary>Puts what an application computed where the layout has it.</summary>
    /// <param name="computed">Length <see cref="ComputedDimension"/>.</param>
    /// <param name="values">Length d; overwritten, zero where nothing was computed.</param>
    internal void Spread(ReadOnlySpan<double> computed, Span<double> values)
    {
        int first = Flattening?.Length ?? Segments[0].Length;
        values.Clear();
        computed[..first].CopyTo(values);
        computed[first..].CopyTo(values[Segments[0].Length..]);
    }

    /// <summary>D₂²: the exact bound on the squared integer norm of one contribution, all segments together. What noise is measured by.</summary>
    public UInt128 SquaredSensitivity => Segments.Aggregate(UInt128.Zero, (sum, segment) => sum + Quantizer.SquaredNormBound(segment));

    /// <summary>Where a segment starts in the concatenated vector.</summary>
    public int OffsetOf(string segmentName)
    {
        int offset = 0;
        foreach (UpdateSegment segment in Segments)
        {
            if (string.Equals(segment.Name, segmentName, StringComparison.Ordinal))
                return offset;
            offset += segment.Length;
        }

        throw new ArgumentException($"The layout has no segment '{segmentName}'.", nameof(segmentName));
    }

    /// <summary>The segment of that name out of a concatenated vector.</summary>
    public ReadOnlySpan<double> Slice(ReadOnlySpan<double> values, string segmentName)
    {
        UpdateSegment segment = Segments.First(s => string.Equals(s.Name, segmentName, StringComparison.Ordinal));
        return values.Slice(OffsetOf(segmentName), segment.Length);
    }

    /// <summary>Whether the sum of <paramref name="clients"/> clipped and rounded updates can never wrap modulo 2^b.</summary>
    /// <remarks>DESIGN section 4, rule 4 without noise: 2^(b−1) &gt; n·s·C + n for every segment (each coordinate is at most s·C + 1 after rounding).</remarks>
    public bool FitsRing(int clients) =>
        Segments.All(s => clients * (s.ClipNorm * s.Scale + 1) < Math.ScaleB(1.0, RingBits - 1));

    /// <summary>The largest scale exponent for which <paramref name="clients"/> updates of that clip norm cannot wrap modulo 2^b.</summary>
    /// <remarks>Used while noise is <c>None</c>: the finest grid the ring allows. With noise the scale follows DESIGN section 4, rule 2.</remarks>
    /// <exception cref="ArgumentException">No scale within the allowed range fits: lower the clip norm or the cohort.</exception>
    public static int FinestScaleExponent(double clipNorm, int ringBits, int clients)
    {
        for (int exponent = UpdateSegment.GreatestScaleExponent; exponent >= UpdateSegment.LeastScaleExponent; exponent--)
        {
            if (clients * (Math.ScaleB(clipNorm, exponent) + 1) < Math.ScaleB(1.0, ringBits - 1))
                return exponent;
        }

        throw new ArgumentException($"No scale fits a clip norm of {clipNorm} for {clients} clients into {ringBits} bits; lower the clip norm.", nameof(clipNorm));
    }
}
