namespace SecureFed.Learning.Statistics;

/// <summary>1 in the place of the record's value in a public list, whose last place is every other value; zeros if it is missing. Norm at most 1.</summary>
/// <param name="field">A field that holds places.</param>
/// <param name="places">Values of the list and one more.</param>
internal sealed class CategoryBlock(int field, int places) : Block(field)
{
    public override int Length => places;

    public override double SquaredNorm => 1;

    public override void Write(ReadOnlySpan<double> values, ReadOnlySpan<double> state, Span<double> target)
    {
        double place = values[Fields[0]];
        if (double.IsFinite(place))
        {
            target[(int)place] = 1;
        }
    }
}
