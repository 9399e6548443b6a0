using SecureFed.Learning.Data;

namespace SecureFed.Learning.Statistics;

/// <summary>1 for a missing value, for one that is no finite number, or for one outside the public bounds, in this order; zeros for a good one. Norm at most 1.</summary>
internal sealed class QualityBlock(int field, FeatureSchema column) : Block(field)
{
    public override int Length => 3;

    public override double SquaredNorm => 1;

    public override void Write(ReadOnlySpan<double> values, ReadOnlySpan<double> state, Span<double> target)
    {
        double value = values[Fields[0]];
        int place = double.IsNaN(value) ? 0 : double.IsInfinity(value) ? 1 : column.Contains(value) ? -1 : 2;
        if (place >= 0)
        {
            target[place] = 1;
        }
    }
}
