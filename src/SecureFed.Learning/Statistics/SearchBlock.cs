using SecureFed.Learning.Data;

namespace SecureFed.Learning.Statistics;

/// <summary>1 in the cell of the record's value: below the bracket, in one of k equal cells of it, or above; zeros if it is missing or no finite number. Norm at most 1.</summary>
/// <remarks>
/// <para>The bracket [a, b) starts at the public bounds and is in the state: k-ary search, each round's counts choose a cell, which is the next bracket. Values beyond the public bounds
/// count as the bound, and the public upper bound belongs to the cell below it.</para>
/// <para>Not one histogram of kᴿ bins: a sum over half of them would carry the noise of each.</para>
/// </remarks>
internal sealed class SearchBlock(int field, FeatureSchema column, Statistic statistic, int cells) : Block(field)
{
    /// <summary>Numbers in the state: a, b, rank errors at a and b (parts of the rows), lower, upper.</summary>
    public const int StateLength = 6;

    /// <summary>Where the bracket is in the state.</summary>
    public int StateOffset { get; set; }

    public FeatureSchema Column { get; } = column;

    public Statistic Statistic { get; } = statistic;

    /// <summary>k.</summary>
    public int Cells { get; } = cells;

    public override int Length => Cells + 2;

    public override double SquaredNorm => 1;

    public override void Write(ReadOnlySpan<double> values, ReadOnlySpan<double> state, Span<double> target)
    {
        double value = values[Fields[0]];
        if (double.IsFinite(value))
        {
            target[CellOf(Math.Clamp(value, Column.LowerBound, Column.UpperBound), state[StateOffset], state[StateOffset + 1])] = 1;
        }
    }

    /// <summary>x_j, the lower edge of cell j counted from 0; x_k = b.</summary>
    public double Edge(double lower, double upper, int cell) => cell == Cells ? upper : lower + ((upper - lower) * cell / Cells);

    private int CellOf(double value, double lower, double upper)
    {
        if (value < lower)
        {
            return 0;
        }

        if (value >= upper)
        {
            return upper < Column.UpperBound ? Cells + 1 : Cells;
        }

        // The division may be off by one cell; the edges decide, as they do for whoever reads the counts.
        int cell = Math.Clamp((int)((value - lower) / (upper - lower) * Cells), 0, Cells - 1);
        while (cell > 0 && value < Edge(lower, upper, cell))
        {
            cell--;
        }

        while (cell < Cells - 1 && value >= Edge(lower, upper, cell + 1))
        {
            cell++;
        }

        return cell + 1;
    }
}
