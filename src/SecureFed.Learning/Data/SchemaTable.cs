namespace SecureFed.Learning.Data;

/// <summary>A CSV file read by a task's schema, as a client reads its own rows and as a model is given rows to predict.</summary>
/// <remarks>
/// Columns are found by name, in any order; others are not looked at. A feature <c>name=value</c> without a column of its own is 1 where the column <c>name</c> holds the
/// value; text under a feature's own name is its place on one of the <see cref="OrdinalScales"/> with as many steps as the bounds have. Nothing is learned from the file: what a
/// row becomes depends on that row and the schema alone, and one that the schema has no place for is refused with its line, or left out.
/// </remarks>
public sealed class SchemaTable
{
    private const int GreatestScale = 10;
    private const int ValuesShown = 8;
    private readonly CsvRecords records;
    private readonly DataSchema schema;
    private readonly bool isBounded;
    private readonly DataException?[] faults;

    private SchemaTable(CsvRecords records, DataSchema schema, bool isBounded)
    {
        this.records = records;
        this.schema = schema;
        this.isBounded = isBounded;
        faults = new DataException?[records.Records.Count];
    }

    /// <summary>Features with their labels.</summary>
    /// <param name="sources">Files with one header.</param>
    /// <param name="schema">The task's.</param>
    /// <param name="classes">Names of the classes; empty unless the label is one.</param>
    /// <param name="positive">The label that counts as positive if it is binary.</param>
    /// <param name="refusesOutside">Whether numbers outside the bounds are refused here; otherwise the rounds do what they do with them.</param>
    /// <param name="leaveOut">Told of each row that does not fit, which is then left out. Null: the first is refused.</param>
    /// <exception cref="DataException">A column is missing, or a row does not fit; the codes stand there.</exception>
    public static DataSet Read(
        IReadOnlyList<CsvSource> sources, DataSchema schema, IReadOnlyList<string> classes, string positive = "1", bool refusesOutside = true, Action<DataException>? leaveOut = null)
    {
        var table = new SchemaTable(CsvRecords.Read(sources), schema, refusesOutside);
        return table.Fitting(table.Features(), table.Labels(classes, positive), leaveOut);
    }

    /// <summary>Features alone: labels are 0, whatever the file says.</summary>
    /// <exception cref="DataException">A column is missing, or a row does not fit; the codes stand there.</exception>
    public static DataSet ReadFeatures(IReadOnlyList<CsvSource> sources, DataSchema schema)
    {
        var table = new SchemaTable(CsvRecords.Read(sources), schema, isBounded: true);
        return table.Fitting(table.Features(), new double[table.faults.Length], leaveOut: null);
    }

    /// <summary>Whether the files have a column of that name.</summary>
    public static bool HasColumn(IReadOnlyList<CsvSource> sources, string name) => CsvRecords.Read(sources).Header.Contains(name, StringComparer.Ordinal);

    private DataSet Fitting(double[] values, double[] labels, Action<DataException>? leaveOut)
    {
        var data = new DataSet([.. schema.Features.Select(feature => feature.Name)], values, labels);
        if (Array.TrueForAll(faults, fault => fault is null))
        {
            return data;
        }

        foreach (DataException fault in faults.OfType<DataException>())
        {
            (leaveOut ?? throw fault)(fault);
        }

        return data.Select([.. Enumerable.Range(0, faults.Length).Where(row => faults[row] is null)]);
    }

    private double[] Features()
    {
        int width = schema.Features.Count;
        var values = new double[faults.Length * width];
        var encoded = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        for (int j = 0; j < width; j++)
        {
            FeatureSchema feature = schema.Features[j];
            if (!records.Header.Contains(feature.Name, StringComparer.Ordinal))
            {
                string source = SourceOf(feature.Name);
                if (!encoded.TryGetValue(source, out List<int>? group))
                {
                    encoded.Add(source, group = []);
                }

                group.Add(j);
                continue;
            }

            CsvColumn column = Column(feature.Name);
            int steps = feature.LowerBound is 0 && feature.UpperBound is >= 1 and < GreatestScale ? (int)feature.UpperBound + 1 : 0;
            IReadOnlyDictionary<string, int>? scale = OrdinalScales.OfLength(steps);
            for (int row = 0; row < faults.Length; row++)
            {
                values[(row * width) + j] = Measure(column, row, feature, scale);
            }
        }

        foreach ((string source, List<int> group) in encoded)
        {
            AddOneHot(Column(source), group, values);
        }

        return values;
    }

    private double[] Labels(IReadOnlyList<string> classes, string positive)
    {
        CsvColumn column = Column(schema.LabelName);
        var labels = new double[faults.Length];
        var places = new Dictionary<string, int>(classes.Select((name, place) => KeyValuePair.Create(name, place)), StringComparer.Ordinal);
        for (int row = 0; row < labels.Length; row++)
        {
            labels[row] = schema.LabelKind switch
            {
                _ when CsvColumn.IsMissing(column.Text(row)) => Fault(row, column.Missing(row)),
                LabelKind.Binary => LabelEncoder.Matches(column.Text(row), positive) ? 1 : 0,
                LabelKind.Class => places.TryGetValue(column.Text(row), out int place) ? place : Fault(row, ClassLabels.Unknown(column, row, classes)),
                _ => Measure(column, row, schema.Label, scale: null),
            };
        }

        return labels;
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

    /// <summary>A number, or a word's place on the scale.</summary>
    private double Measure(CsvColumn column, int row, FeatureSchema feature, IReadOnlyDictionary<string, int>? scale)
    {
        string text = column.Text(row);
        if (CsvColumn.IsMissing(text))
        {
            return Fault(row, column.Missing(row));
        }

        if (!CsvColumn.TryNumber(text, out double number))
        {
            return scale is null ? Fault(row, column.Refuse("not-a-number", row, "is not a number, as the task's schema has it", "Provide numbers (decimal point, no thousands separators)."))
                : scale.TryGetValue(text, out int step) ? step
                : Fault(row, UnknownCategory(column, row, scale.Keys));
        }

        return !CsvColumn.IsUsable(number) ? Fault(row, column.Infinite(row))
            : isBounded && !feature.Contains(number) ? Fault(row, column.Refuse(
                "out-of-bounds",
                row,
                FormattableString.Invariant($"lies outside the task's bounds [{feature.LowerBound}, {feature.UpperBound}]"),
                "Correct the row, leave it out, or ask for a task with wider bounds."))
            : number;
    }

    private void AddOneHot(CsvColumn column, List<int> group, double[] values)
    {
        string[] known = [.. group.Select(j => schema.Features[j].Name[(column.Name.Length + 1)..])];
        for (int row = 0; row < faults.Length; row++)
        {
            int at = Array.IndexOf(known, column.Text(row));
            if (at >= 0)
            {
                values[(row * schema.Features.Count) + group[at]] = 1;
            }
            else
            {
                Fault(row, CsvColumn.IsMissing(column.Text(row)) ? column.Missing(row) : UnknownCategory(column, row, known));
            }
        }
    }

    private static DataException UnknownCategory(CsvColumn column, int row, IEnumerable<string> known) => column.Refuse(
        "unknown-category",
        row,
        $"holds '{column.Text(row)}', which the task's schema has no feature for (it knows {string.Join(", ", known.Take(ValuesShown))})",
        "Correct the value, leave the row out, or ask for a task with that category.");

    private double Fault(int row, DataException fault)
    {
        faults[row] ??= fault;
        return 0;
    }
}
