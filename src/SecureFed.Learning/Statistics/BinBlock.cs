namespace SecureFed.Learning.Statistics;

/// <summary>1 in the bin of the record's value, between public edges; zeros if it lies outside, is missing or is no finite number. Norm at most 1.</summary>
internal sealed class BinBlock(int field, IReadOnlyList<double> edges) : Block(field)
{
    public override int Length => edges.Count - 1;

    public override double SquaredNorm => 1;

    public override void Write(ReadOnlySpan<double> values, ReadOnlySpan<double> state, Span<double> target)
    {
        double value = values[Fields[0]];
        if (!(value >= edges[0] && value <= edges[^1]) || !double.IsFinite(value))
        {
            return;
        }

        int low = 0;
        int high = Length;
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            (low, high) = value >= edges[middle] ? (middle, high) : (low, middle);
        }

        target[low] = 1;
    }
}
