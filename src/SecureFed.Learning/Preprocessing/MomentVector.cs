using SecureFed.Learning.Data;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Preprocessing;

/// <summary>What a client contributes to federated standardisation: <c>[w·mean(u) | w·mean(u²) | w]</c>.</summary>
/// <remarks>
/// u = (x - centre)/half range lies in [-1, 1] by the task's public bounds, w = rows/maximum rows in (0, 1]: only the sum over all clients is
/// ever seen, so no client's number of rows, mean or variance is. For a numeric label, the label is one more column after the features.
/// </remarks>
public static class MomentVector
{
    /// <summary>Segment of the weighted means.</summary>
    public const string Means = "means";

    /// <summary>Segment of the weighted mean squares.</summary>
    public const string Squares = "squares";

    /// <summary>Segment of the weight.</summary>
    public const string Weight = "weight";

    /// <summary>Layout for a schema; every coordinate of the first two segments lies in [-1, 1].</summary>
    public static VectorLayout Layout(DataSchema schema)
    {
        int columns = Columns(schema).Count;
        return new VectorLayout(
            new VectorSegment(Means, columns, Math.Sqrt(columns)),
            new VectorSegment(Squares, columns, Math.Sqrt(columns)),
            new VectorSegment(Weight, 1, 1));
    }

    /// <summary>The client's vector.</summary>
    /// <param name="data">The client's rows as they are, not standardised.</param>
    /// <param name="schema">The task's features, label and bounds.</param>
    /// <param name="maxRows">The task's public maximum of rows per client.</param>
    /// <exception cref="DataException"><c>schema-mismatch</c>, <c>out-of-bounds</c>, <c>too-few-rows</c>, or <c>too-many-rows</c>.</exception>
    public static double[] Create(DataSet data, DataSchema schema, int maxRows)
    {
        schema.Check(data);
        double weight = RowWeight.Of(data.Rows, maxRows);
        VectorLayout layout = Layout(schema);
        var vector = new double[layout.Dimension];
        Span<double> means = layout.Slice(vector.AsSpan(), Means);
        Span<double> squares = layout.Slice(vector.AsSpan(), Squares);
        IReadOnlyList<FeatureSchema> columns = Columns(schema);
        for (int row = 0; row < data.Rows; row++)
        {
            ReadOnlySpan<double> features = data.Row(row);
            for (int j = 0; j < columns.Count; j++)
            {
                double u = columns[j].ToUnit(j < features.Length ? features[j] : data.Labels[row]);
                means[j] += u * (weight / data.Rows);
                squares[j] += u * u * (weight / data.Rows);
            }
        }

        vector[^1] = weight;
        return vector;
    }

    internal static IReadOnlyList<FeatureSchema> Columns(DataSchema schema) =>
        schema.LabelKind == LabelKind.Numeric ? [.. schema.Features, schema.Label] : schema.Features;
}
