using SecureFed.Learning.Data;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Statistics;

/// <summary>What every row contributes to a statistics task, in the layout of <see cref="StatisticsQuery.Layout"/>.</summary>
/// <remarks>
/// The segment's norm bound holds by construction for every row, so nothing is clipped. Values outside the public bounds count as the bound: whoever states the bounds must not learn from
/// a refusal whether a row lies beyond them; asked for, they are counted. Missing values and such as are no finite number are left out of their column's statistics. Not for several threads at once.
/// </remarks>
public sealed class StatisticsRecords : IRecordVectors
{
    private readonly Block[] blocks;
    private readonly DataSet data;
    private readonly double[] state;
    private readonly FieldReader[] readers;
    private readonly double[] values;

    /// <param name="query">The task's questions.</param>
    /// <param name="data">The client's rows as they are; may have more columns than the task asks about, and no rows.</param>
    /// <param name="state">The task's state, which says where the searches are.</param>
    /// <param name="isRecordLevel">Whether rows are rounded one by one.</param>
    /// <exception cref="DataException"><c>schema-mismatch</c>: a column that is asked about is missing.</exception>
    /// <exception cref="ArgumentException">The state is not of this query.</exception>
    public StatisticsRecords(StatisticsQuery query, DataSet data, ReadOnlySpan<double> state, bool isRecordLevel)
    {
        if (!query.IsState(state))
        {
            throw new ArgumentException("The state does not belong to these questions.", nameof(state));
        }

        blocks = [.. query.Blocks];
        this.data = data;
        this.state = state.ToArray();
        readers = [.. query.Fields.Select(field => field.In(data))];
        values = new double[readers.Length];
        Layout = query.Layout(isRecordLevel);
    }

    /// <inheritdoc/>
    public int Count => data.Rows;

    /// <inheritdoc/>
    public VectorLayout Layout { get; }

    /// <inheritdoc/>
    public void Write(int record, Span<double> vector)
    {
        Layout.Slice(vector, StatisticsQuery.Answers).Clear();
        ReadOnlySpan<double> row = data.Row(record);
        for (int i = 0; i < readers.Length; i++)
        {
            values[i] = readers[i].Read(row);
        }

        foreach (Block block in blocks)
        {
            block.Write(values, state, vector.Slice(block.Offset, block.Length));
        }
    }
}
