using SecureFed.Learning.Data;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Preprocessing;

/// <summary>What every row contributes to record-level standardisation: <c>[u | u² | 1]</c> in the layout of <see cref="MomentVector"/>.</summary>
/// <remarks>
/// u = (x - centre)/half range lies in [-1, 1], so the segments' bounds √columns, √columns and 1 hold by construction and clip nothing.
/// A value outside the public bounds counts as the nearest bound: whoever states the bounds must not learn from a refusal whether a row lies beyond them.
/// </remarks>
public sealed class MomentRecords : IRecordVectors
{
    private readonly DataSet data;
    private readonly IReadOnlyList<FeatureSchema> columns;

    /// <param name="data">The client's rows as they are, not standardised.</param>
    /// <param name="schema">The task's features, label and bounds.</param>
    /// <exception cref="DataException"><c>schema-mismatch</c>: other columns.</exception>
    public MomentRecords(DataSet data, DataSchema schema)
    {
        schema.CheckNames(data);
        this.data = data;
        columns = MomentVector.Columns(schema);
        Layout = MomentVector.Layout(schema);
    }

    /// <inheritdoc/>
    public int Count => data.Rows;

    /// <inheritdoc/>
    public VectorLayout Layout { get; }

    /// <inheritdoc/>
    public void Write(int record, Span<double> vector)
    {
        Span<double> means = Layout.Slice(vector, MomentVector.Means);
        Span<double> squares = Layout.Slice(vector, MomentVector.Squares);
        ReadOnlySpan<double> features = data.Row(record);
        for (int j = 0; j < columns.Count; j++)
        {
            double u = Math.Clamp(columns[j].ToUnit(j < features.Length ? features[j] : data.Labels[record]), -1, 1);
            means[j] = u;
            squares[j] = u * u;
        }

        Layout.Slice(vector, MomentVector.Weight)[0] = 1;
    }
}
