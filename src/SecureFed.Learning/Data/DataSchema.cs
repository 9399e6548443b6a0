namespace SecureFed.Learning.Data;

/// <summary>What every client of a task agrees on: features in order, label, and their public bounds.</summary>
public sealed class DataSchema
{
    /// <param name="features">At least one, in the order of the model's weights.</param>
    /// <param name="label">Name and bounds of the label; bounds are 0 and 1 for a binary label, 0 and the last class for a class.</param>
    /// <param name="labelKind">Kind of the label.</param>
    /// <exception cref="ArgumentException">No features, equal names, or bounds that are not finite and ordered.</exception>
    public DataSchema(IReadOnlyList<FeatureSchema> features, FeatureSchema label, LabelKind labelKind)
    {
        if (features.Count == 0)
        {
            throw new ArgumentException("A schema needs at least one feature.", nameof(features));
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (FeatureSchema column in features.Append(label))
        {
            if (!double.IsFinite(column.UpperBound - column.LowerBound) || column.UpperBound < column.LowerBound || !names.Add(column.Name))
            {
                throw new ArgumentException($"Column '{column.Name}' needs its own name and finite bounds in order.", nameof(features));
            }
        }

        Features = [.. features];
        Label = label;
        LabelKind = labelKind;
    }

    /// <summary>Features in the order of the model's weights.</summary>
    public IReadOnlyList<FeatureSchema> Features { get; }

    /// <summary>Name and bounds of the label.</summary>
    public FeatureSchema Label { get; }

    /// <summary>Kind of the label.</summary>
    public LabelKind LabelKind { get; }

    /// <summary>Name of the label column.</summary>
    public string LabelName => Label.Name;

    /// <summary>Refuses rows outside the public bounds: a sum's bound and so its protection would not hold for them.</summary>
    /// <exception cref="DataException"><c>schema-mismatch</c> or <c>out-of-bounds</c>.</exception>
    public void Check(DataSet data)
    {
        CheckNames(data);
        for (int row = 0; row < data.Rows; row++)
        {
            ReadOnlySpan<double> values = data.Row(row);
            for (int j = 0; j < values.Length; j++)
            {
                CheckValue(Features[j], values[j], row);
            }

            CheckValue(Label, data.Labels[row], row);
        }
    }

    /// <summary>Refuses data with other columns; looks at no value.</summary>
    /// <exception cref="DataException"><c>schema-mismatch</c>.</exception>
    public void CheckNames(DataSet data)
    {
        if (!data.FeatureNames.SequenceEqual(Features.Select(feature => feature.Name), StringComparer.Ordinal))
        {
            throw new DataException(
                "schema-mismatch",
                $"The data have the features {string.Join(", ", data.FeatureNames)}; the task expects {string.Join(", ", Features.Select(feature => feature.Name))}.",
                "Bring the columns into the task's order and names.");
        }
    }

    private static void CheckValue(FeatureSchema column, double value, int row)
    {
        if (!column.Contains(value))
        {
            throw new DataException(
                "out-of-bounds",
                FormattableString.Invariant($"Column '{column.Name}' of data row {row + 1} lies outside the task's bounds [{column.LowerBound}, {column.UpperBound}]."),
                "Correct the row, leave it out, or ask the operator for a task with wider bounds.",
                column: column.Name);
        }
    }
}
