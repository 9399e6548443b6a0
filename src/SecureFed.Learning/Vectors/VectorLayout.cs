namespace SecureFed.Learning.Vectors;

/// <summary>The segments of a protected vector in their order: what a round's parameters fix and both sides decode by.</summary>
public sealed class VectorLayout
{
    private readonly VectorSegment[] segments;

    /// <exception cref="ArgumentException">No segment, a segment without length or bound, or two with one name.</exception>
    public VectorLayout(params IReadOnlyList<VectorSegment> segments)
    {
        this.segments = [.. segments];
        if (this.segments.Length == 0)
        {
            throw new ArgumentException("A layout needs at least one segment.", nameof(segments));
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (VectorSegment segment in this.segments)
        {
            if (segment.Length < 1 || !double.IsFinite(segment.NormBound) || segment.NormBound <= 0 || !names.Add(segment.Name))
            {
                throw new ArgumentException($"Segment '{segment.Name}' needs its own name, a positive length and a positive finite norm bound.", nameof(segments));
            }

            Dimension += segment.Length;
        }
    }

    /// <summary>Segments in order.</summary>
    public IReadOnlyList<VectorSegment> Segments => segments;

    /// <summary>Total number of coordinates.</summary>
    public int Dimension { get; }

    /// <summary>The coordinates of one segment.</summary>
    /// <exception cref="ArgumentException">The vector does not have this layout, or no segment has that name.</exception>
    public ReadOnlySpan<double> Slice(ReadOnlySpan<double> vector, string name)
    {
        RequireDimension(vector);
        return vector.Slice(Offset(name, out int length), length);
    }

    /// <inheritdoc cref="Slice(ReadOnlySpan{double}, string)"/>
    public Span<double> Slice(Span<double> vector, string name)
    {
        RequireDimension(vector);
        return vector.Slice(Offset(name, out int length), length);
    }

    private void RequireDimension(ReadOnlySpan<double> vector)
    {
        if (vector.Length != Dimension)
        {
            throw new ArgumentException($"The vector has {vector.Length} coordinates, the layout {Dimension}.", nameof(vector));
        }
    }

    private int Offset(string name, out int length)
    {
        int offset = 0;
        foreach (VectorSegment segment in segments)
        {
            if (string.Equals(segment.Name, name, StringComparison.Ordinal))
            {
                length = segment.Length;
                return offset;
            }

            offset += segment.Length;
        }

        throw new ArgumentException($"The layout has no segment '{name}'.", nameof(name));
    }
}
