using SecureFed.Learning.Data;

namespace SecureFed.Learning.Statistics;

/// <summary>[1 | u_i | u_i·u_j for i ≤ j, row by row] of a record with finite values in all c columns; zeros of any other.</summary>
/// <remarks>
/// u as in <see cref="MomentBlock"/>: every coordinate lies in [-1, 1], so the squared norm is at most 1 + c + c(c + 1)/2. The squares are taken less ½, as there, which
/// saves ¾ each.
/// </remarks>
internal sealed class ProductBlock(int[] fields, IReadOnlyList<FeatureSchema> columns) : Block(fields)
{
    public int Columns => columns.Count;

    public override int Length => 1 + Columns + (Columns * (Columns + 1) / 2);

    public override double SquaredNorm => 1 + Columns + (Columns * (Columns - 1) / 2) + (0.25 * Columns);

    /// <summary>Coordinate of u_i.</summary>
    public static int Single(int column) => 1 + column;

    /// <summary>Coordinate of u_i·u_j, i ≤ j.</summary>
    public int Pair(int first, int second) => 1 + Columns + (first * Columns) - (first * (first - 1) / 2) + second - first;

    public override bool IsCount(int coordinate) => coordinate == 0;

    public override void Write(ReadOnlySpan<double> values, ReadOnlySpan<double> state, Span<double> target)
    {
        foreach (int field in Fields)
        {
            if (!double.IsFinite(values[field]))
            {
                return;
            }
        }

        target[0] = 1;
        for (int i = 0; i < Columns; i++)
        {
            target[Single(i)] = Math.Clamp(columns[i].ToUnit(values[Fields[i]]), -1, 1);
        }

        int next = 1 + Columns;
        for (int i = 0; i < Columns; i++)
        {
            double unit = target[Single(i)];
            target[next++] = (unit * unit) - 0.5;
            for (int j = i + 1; j < Columns; j++)
            {
                target[next++] = unit * target[Single(j)];
            }
        }
    }
}
