using SecureFed.Learning.Data;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Trees;

/// <summary>What the binning round sums: for every feature, and for the label, how many rows lie in each cell of its public grid.</summary>
/// <remarks>
/// One segment <c>[cells of feature 1 | … | cells of feature F | cells of the label]</c>. A row is in one cell of each column, so its norm is √(F + 1); a client divides by the task's
/// greatest number of rows, so by the triangle inequality its own is at most that as well. A binary label has two cells.
/// </remarks>
public static class GridVector
{
    /// <summary>The only segment.</summary>
    public const string CellCounts = "cells";

    /// <summary>Cells of a column where sums are exact.</summary>
    public const int ExactCells = 512;

    /// <summary>Cells of a column under noise: the noise of a prefix grows with the root of its cells.</summary>
    public const int NoisedCells = 128;

    /// <summary>The layout, for a client's vector and for a row's.</summary>
    public static VectorLayout Layout(DataSchema schema, int cells) => new(
        new VectorSegment(CellCounts, (schema.Features.Count * cells) + LabelCells(schema, cells), Math.Sqrt(schema.Features.Count + 1.0)));

    /// <summary>The client's vector.</summary>
    /// <param name="data">Rows as they are; may be empty.</param>
    /// <param name="schema">The task's columns.</param>
    /// <param name="cells">C.</param>
    /// <param name="maxRows">The task's public maximum of rows per client.</param>
    /// <exception cref="DataException"><c>too-many-rows</c> or <c>schema-mismatch</c>.</exception>
    public static double[] Create(DataSet data, DataSchema schema, int cells, int maxRows)
    {
        RowWeight.RequireAtMost(data.Rows, maxRows);
        var records = new GridRecords(data, schema, cells);
        var vector = new double[records.Layout.Dimension];
        for (int row = 0; row < data.Rows; row++)
        {
            records.Add(row, vector, 1);
        }

        foreach (ref double count in vector.AsSpan())
        {
            count /= maxRows;
        }

        return vector;
    }

    internal static int LabelCells(DataSchema schema, int cells) => schema.LabelKind == LabelKind.Binary ? 2 : cells;
}
