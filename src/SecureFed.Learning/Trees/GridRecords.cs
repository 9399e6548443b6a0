using SecureFed.Learning.Data;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Trees;

/// <summary>Every row's cells, in the layout of <see cref="GridVector"/>: F + 1 ones, so that the norm is √(F + 1) by construction.</summary>
public sealed class GridRecords : IRecordVectors
{
    private readonly DataSet data;
    private readonly TreeGrid[] grids;
    private readonly TreeGrid label;
    private readonly bool isBinary;
    private readonly int cells;

    /// <param name="data">Rows as they are.</param>
    /// <param name="schema">The task's columns.</param>
    /// <param name="cells">C.</param>
    /// <exception cref="DataException"><c>schema-mismatch</c>.</exception>
    public GridRecords(DataSet data, DataSchema schema, int cells)
    {
        schema.CheckNames(data);
        this.data = data;
        this.cells = cells;
        grids = [.. schema.Features.Select(feature => new TreeGrid(feature, cells))];
        label = new TreeGrid(schema.Label, GridVector.LabelCells(schema, cells));
        isBinary = schema.LabelKind == LabelKind.Binary;
        Layout = GridVector.Layout(schema, cells);
    }

    /// <inheritdoc/>
    public int Count => data.Rows;

    /// <inheritdoc/>
    public VectorLayout Layout { get; }

    /// <inheritdoc/>
    public void Write(int record, Span<double> vector)
    {
        Layout.Slice(vector, GridVector.CellCounts).Clear();
        Add(record, vector, 1);
    }

    internal void Add(int row, Span<double> vector, double weight)
    {
        ReadOnlySpan<double> values = data.Row(row);
        for (int j = 0; j < values.Length; j++)
        {
            vector[(j * cells) + grids[j].CellOf(values[j])] += weight;
        }

        int cell = !isBinary ? label.CellOf(data.Labels[row]) : data.Labels[row] is 1 ? 1 : 0;
        vector[(grids.Length * cells) + cell] += weight;
    }
}
