namespace SecureFed.Learning.Data;

/// <summary>Rows of numeric features with one label each. Immutable.</summary>
public sealed class DataSet
{
    private readonly double[] values;
    private readonly double[] labels;

    // Takes ownership of the arrays: only code of this project that has just made them calls it.
    internal DataSet(IReadOnlyList<string> featureNames, double[] values, double[] labels)
    {
        FeatureNames = featureNames;
        this.values = values;
        this.labels = labels;
    }

    /// <summary>Number of rows.</summary>
    public int Rows => labels.Length;

    /// <summary>Number of features per row.</summary>
    public int FeatureCount => FeatureNames.Count;

    /// <summary>Names in column order.</summary>
    public IReadOnlyList<string> FeatureNames { get; }

    /// <summary>One label per row; 0 or 1 when the label is binary, a place in the list of classes when it is a class.</summary>
    public ReadOnlySpan<double> Labels => labels;

    /// <summary>Copies rows into a data set.</summary>
    /// <param name="featureNames">At least one name.</param>
    /// <param name="values">Row by row: rows x features numbers.</param>
    /// <param name="labels">One per row.</param>
    /// <exception cref="ArgumentException">Lengths do not fit, or a number is not finite.</exception>
    public static DataSet Create(IReadOnlyList<string> featureNames, ReadOnlySpan<double> values, ReadOnlySpan<double> labels)
    {
        if (featureNames.Count == 0 || values.Length != (long)featureNames.Count * labels.Length)
        {
            throw new ArgumentException($"{values.Length} values are not {labels.Length} rows of {featureNames.Count} features.", nameof(values));
        }

        RequireFinite(values, nameof(values));
        RequireFinite(labels, nameof(labels));
        return new DataSet([.. featureNames], values.ToArray(), labels.ToArray());
    }

    /// <summary>The same with values that are missing (NaN) or no finite numbers (infinite): for statistics, which count and leave them out. Models refuse such rows.</summary>
    /// <param name="featureNames">At least one name.</param>
    /// <param name="values">Row by row.</param>
    /// <exception cref="ArgumentException">Lengths do not fit.</exception>
    public static DataSet CreateWithGaps(IReadOnlyList<string> featureNames, ReadOnlySpan<double> values)
    {
        if (featureNames.Count == 0 || values.Length % featureNames.Count != 0)
        {
            throw new ArgumentException($"{values.Length} values are not whole rows of {featureNames.Count} features.", nameof(values));
        }

        return new DataSet([.. featureNames], values.ToArray(), new double[values.Length / featureNames.Count]);
    }

    /// <summary>Refuses rows that no model can be trained on.</summary>
    /// <exception cref="DataException"><c>missing-value</c>.</exception>
    public void RequireNoGaps()
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
            {
                throw new DataException(
                    "missing-value",
                    $"Column '{FeatureNames[i % FeatureCount]}' has missing values or values that are no finite numbers.",
                    "Fill them in or leave the rows out; only statistics tasks take rows with gaps.",
                    column: FeatureNames[i % FeatureCount]);
            }
        }
    }

    /// <summary>Puts data sets with the same features one below the other.</summary>
    /// <exception cref="ArgumentException">None given, or their features differ.</exception>
    public static DataSet Concatenate(params IReadOnlyList<DataSet> parts)
    {
        if (parts.Count == 0 || parts.Any(part => !part.FeatureNames.SequenceEqual(parts[0].FeatureNames, StringComparer.Ordinal)))
        {
            throw new ArgumentException("Only data sets with the same features can be joined, and at least one.", nameof(parts));
        }

        return new DataSet(parts[0].FeatureNames, [.. parts.SelectMany(part => part.values)], [.. parts.SelectMany(part => part.labels)]);
    }

    /// <summary>The features of one row, counted from 0.</summary>
    public ReadOnlySpan<double> Row(int row) => values.AsSpan(row * FeatureCount, FeatureCount);

    /// <summary>The given rows in the given order.</summary>
    public DataSet Select(ReadOnlySpan<int> rows)
    {
        var chosenValues = new double[rows.Length * FeatureCount];
        var chosenLabels = new double[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            Row(rows[i]).CopyTo(chosenValues.AsSpan(i * FeatureCount, FeatureCount));
            chosenLabels[i] = labels[rows[i]];
        }

        return new DataSet(FeatureNames, chosenValues, chosenLabels);
    }

    private static void RequireFinite(ReadOnlySpan<double> numbers, string name)
    {
        foreach (double number in numbers)
        {
            if (!double.IsFinite(number))
            {
                throw new ArgumentException("A data set holds finite numbers only.", name);
            }
        }
    }
}
