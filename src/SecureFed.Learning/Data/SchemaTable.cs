namespace SecureFed.Learning.Data;

/// <summary>A CSV file read by a task's schema, as a client reads its own rows and as a model is given rows to predict.</summary>
/// <remarks>
/// Columns are found by name, in any order; others are not looked at. A feature <c>name=value</c> without a column of its own is 1 where the column <c>name</c> holds the
/// value; a text column under a feature's own name is its place on one of the <see cref="OrdinalScales"/> with as many steps as the bounds have. Nothing is learned from the
/// file: every value that the schema has no place for is refused with its line.
/// </remarks>
public sealed class SchemaTable
{
    private readonly CsvRecords records;
    private readonly DataSchema schema;

    private readonly bool isBounded;

    private SchemaTable(CsvRecords records, DataSchema schema, bool isBounded)
    {
        this.records = records;
        this.schema = schema;
        this.isBounded = isBounded;
    }

    /// <summary>Features with their labels.</summary>
    /// <param name="sources">Files with one header.</param>
    /// <param name="schema">The task's.</param>
    /// <param name="classes">Names of the classes; empty unless the label is one.</param>
    /// <param name="positive">The label that counts as positive if it is binary.</param>
    /// <param name="refusesOutside">Whether numbers outside the bounds are refused here; otherwise the rounds do what they do with them.</param>
    /// <exception cref="DataException">A column is missing, or a row does not fit; the codes stand there.</exception>
    public static DataSet Read(IReadOnlyList<CsvSource> sources, DataSchema schema, IReadOnlyList<string> classes, string positive = "1", bool refusesOutside = true)
    {
        var table = new SchemaTable(CsvRecords.Read(sources), schema, refusesOutside);
        return new DataSet([.. schema.Features.Select(feature => feature.Name)], table.Features(), table.Labels(classes, positive));
    }

    /// <summary>Features alone: labels are 0, whatever the file says.</summary>
    /// <exception cref="DataException">A column is missing, or a row does not fit; the codes stand there.</exception>
    public static DataSet ReadFeatures(IReadOnlyList<CsvSource> sources, DataSchema schema)
    {
        var table = new SchemaTable(CsvRecords.Read(sources), schema, isBounded: true);
        return new DataSet([.. schema.Features.Select(feature => feature.Name)], table.Features(), new double[table.records.Records.Count]);
    }

    /// <summary>Whether the files have a column of that name.</summary>
    public static bool HasColumn(IReadOnlyList<CsvSource> sources, string name) => CsvRecords.Read(sources).Header.Contains(name, StringComparer.Ordinal);

    private double[] Features()
    {
        var columns = new double[schema.Features.Count][];
        var encoded = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        for (int j = 0; j < columns.Length; j++)
        {
            FeatureSchema feature = schema.Features[j];
            if (records.Header.Contains(feature.Name, StringComparer.Ordinal))
            {
                columns[j] = InBounds(Column(feature.Name), feature, Measured(Column(feature.Name), feature));
                continue;
            }

            string source = SourceOf(feature.Name);
            if (!encoded.TryGetValue(source, out List<int>? group))
            {
                encoded.Add(source, group = []);
            }

            group.Add(j);
        }

        foreach ((string source, List<int> group) in encoded)
        {
            AddOneHot(Column(source), group, columns);
        }

        var values = new double[records.Records.Count * columns.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = columns[i % columns.Length][i / columns.Length];
        }

        return values;
    }

    private double[] Labels(IReadOnlyList<string> classes, string positive)
    {
        CsvColumn column = Column(schema.LabelName);
        column.RefuseMissing();
        return schema.LabelKind switch
        {
            LabelKind.Binary => [.. Enumerable.Range(0, column.Rows).Select(row => LabelEncoder.Matches(column.Text(row), positive) ? 1.0 : 0.0)],
            LabelKind.Class => ClassLabels.Encode(column, classes),
            _ => InBounds(column, schema.Label, column.Numbers()),
        };
    }

    private CsvColumn Column(string name) => Array.IndexOf(records.Header, name) is >= 0 and int index
        ? new CsvColumn(records, index)
        : throw new DataException(
            "column-missing",
            $"The table has no column '{name}'; it has {string.Join(", ", records.Header)}.",
            "Provide every column that the task's schema names, written exactly so.",
            column: name);

    // A column name may itself hold an equals sign, so every one is tried, the first that leaves a column wins.
    private string SourceOf(string feature)
    {
        for (int at = feature.IndexOf('=', StringComparison.Ordinal); at >= 0; at = feature.IndexOf('=', at + 1))
        {
            if (records.Header.Contains(feature[..at], StringComparer.Ordinal))
            {
                return feature[..at];
            }
        }

        return feature;
    }

    private static double[] Measured(CsvColumn column, FeatureSchema feature)
    {
        column.RefuseMissing();
        if (column.TryNumbers() is { } numbers)
        {
            return numbers;
        }

        string[] values = [.. Enumerable.Range(0, column.Rows).Select(column.Text)];
        int steps = feature.LowerBound is 0 && feature.UpperBound is >= 1 and <= 10 ? (int)feature.UpperBound + 1 : 0;
        IReadOnlyDictionary<string, int> scale = OrdinalScales.Find(values, steps)
            ?? throw column.Refuse("not-a-number", 0, "is not a number, as the task's schema has it", "Provide numbers, or the scale that the task was made with.");
        int unknown = Array.FindIndex(values, value => !scale.ContainsKey(value));
        return unknown < 0
            ? [.. values.Select(value => (double)scale[value])]
            : throw UnknownCategory(column, unknown, scale.OrderBy(step => step.Value).Select(step => step.Key));
    }

    private void AddOneHot(CsvColumn column, List<int> group, double[][] columns)
    {
        column.RefuseMissing();
        string[] values = [.. group.Select(j => schema.Features[j].Name[(column.Name.Length + 1)..])];
        foreach (int j in group)
        {
            columns[j] = new double[column.Rows];
        }

        for (int row = 0; row < column.Rows; row++)
        {
            int at = Array.IndexOf(values, column.Text(row));
            columns[at >= 0 ? group[at] : throw UnknownCategory(column, row, values)][row] = 1;
        }
    }

    private static DataException UnknownCategory(CsvColumn column, int row, IEnumerable<string> known) => column.Refuse(
        "unknown-category",
        row,
        $"holds '{column.Text(row)}', which the task's schema has no feature for (it knows {string.Join(", ", known.Take(8))})",
        "Correct the value, leave the row out, or ask for a task with that category.");

    private double[] InBounds(CsvColumn column, FeatureSchema feature, double[] numbers)
    {
        int outside = isBounded ? Array.FindIndex(numbers, number => !feature.Contains(number)) : -1;
        return outside < 0
            ? numbers
            : throw column.Refuse(
                "out-of-bounds",
                outside,
                FormattableString.Invariant($"lies outside the task's bounds [{feature.LowerBound}, {feature.UpperBound}]"),
                "Correct the row, leave it out, or ask for a task with wider bounds.");
    }
}
