using SecureFed.Learning.Data;

namespace SecureFed.Learning.Statistics;

/// <summary>[1 | u | u² − ½] of a record with a finite value in the column, cut off after the order that is needed; zeros of any other.</summary>
/// <remarks>u = (x − centre)/half range, clamped to [-1, 1], so the squared norm is at most 1, 2 or 2¼. Centred, the square costs a quarter of what it would cost plain.</remarks>
internal sealed class MomentBlock(int field, FeatureSchema column, int order) : Block(field)
{
    private const double SquareCentre = 0.5;

    public int Field { get; } = field;

    public FeatureSchema Column { get; } = column;

    public int Order { get; } = order;

    public override int Length => Order + 1;

    public override double SquaredNorm => Order switch { 0 => 1, 1 => 2, _ => 2.25 };

    public override bool IsCount(int coordinate) => coordinate == 0;

    public override void Write(ReadOnlySpan<double> values, ReadOnlySpan<double> state, Span<double> target)
    {
        if (!double.IsFinite(values[Field]))
        {
            return;
        }

        target[0] = 1;
        if (Order == 0)
        {
            return;
        }

        double unit = Math.Clamp(Column.ToUnit(values[Field]), -1, 1);
        target[1] = unit;
        if (Order > 1)
        {
            target[2] = (unit * unit) - SquareCentre;
        }
    }
}
