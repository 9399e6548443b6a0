namespace SecureFed.Learning.Statistics;

/// <summary>1 for every record. Norm 1.</summary>
internal sealed class RowBlock() : Block
{
    public override int Length => 1;

    public override double SquaredNorm => 1;

    public override void Write(ReadOnlySpan<double> values, ReadOnlySpan<double> state, Span<double> target) => target[0] = 1;
}
