using System.Globalization;

namespace SecureFed.Learning.Data;

/// <summary>A CSV file read as a data set, with the schema and the encoding of its columns.</summary>
/// <remarks>
/// <para>Comma separated with a header line, quoted as in RFC 4180. Numbers have a decimal point. Rows are named by their line of the file; the header is line 1.</para>
/// <para>A text column on one of the <see cref="OrdinalScales"/> becomes its position on the scale; any other becomes one column
/// <c>name=value</c> per distinct value, in ordinal order of the values. Missing values are refused, not guessed.</para>
/// <para>The encoding and the bounds need the whole file: this is for the party that owns all rows and deals them to trial clients.
/// In production each client maps its own rows to the task's schema.</para>
/// </remarks>
public sealed class CsvTable
{
    private CsvTable(DataSet data, DataSchema schema, IReadOnlyList<string> classes, IReadOnlyList<string> notes, IReadOnlyList<string> partitionValues)
    {
        Data = data;
        Schema = schema;
        Classes = classes;
        Notes = notes;
        PartitionValues = partitionValues;
    }

    /// <summary>All rows in file order.</summary>
    public DataSet Data { get; }

    /// <summary>Features, label, and bounds by <see cref="PublicBounds"/>.</summary>
    public DataSchema Schema { get; }

    /// <summary>Names of the classes in ordinal order; empty unless the label is a class.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>How text columns were encoded, one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>The value of <see cref="CsvOptions.PartitionBy"/> in each row, numbers in one form ("1" for "1.0"); empty if no column is named.</summary>
    public IReadOnlyList<string> PartitionValues { get; }

    /// <summary>Reads one file.</summary>
    /// <exception cref="DataException">The file cannot be learned from; the codes stand there.</exception>
    public static CsvTable Read(TextReader reader, CsvOptions options) => Read([new CsvSource("CSV", reader)], options);

    /// <summary>Reads several files with the same header as one table, in the given order.</summary>
    /// <exception cref="DataException">The files cannot be learned from; the codes stand there.</exception>
    public static CsvTable Read(IReadOnlyList<CsvSource> sources, CsvOptions options)
    {
        CsvRecords records = CsvRecords.Read(sources);
        RequireColumns(records.Header, options);
        CsvColumn? label = options.Label.Length == 0 ? null : new CsvColumn(records, Array.IndexOf(records.Header, options.Label));
        IReadOnlyList<string> classes = label is not null && options.LabelKind == LabelKind.Class ? ClassLabels.ListOf(label, options.Classes) : [];
        double[] labels = label is null ? new double[records.Records.Count] : LabelEncoder.Encode(label, options, classes);
        var encoder = new FeatureEncoder(options);
        for (int index = 0; index < records.Header.Length; index++)
        {
            string name = records.Header[index];
            if (!string.Equals(name, options.Label, StringComparison.Ordinal) && !options.Drop.Contains(name, StringComparer.Ordinal))
            {
                encoder.Add(new CsvColumn(records, index));
            }
        }

        var schema = new DataSchema(encoder.Schemas(), LabelEncoder.Schema(options, labels, classes), options.LabelKind);
        return new CsvTable(new DataSet([.. schema.Features.Select(feature => feature.Name)], encoder.Interleave(labels.Length), labels), schema, classes, encoder.Notes, PartitionColumn(records, options));
    }

    private static string[] PartitionColumn(CsvRecords records, CsvOptions options)
    {
        if (options.PartitionBy is not { } name)
        {
            return [];
        }

        int index = Array.IndexOf(records.Header, name);
        if (index < 0)
        {
            throw new DataException(
                "unknown-column",
                $"Rows cannot be dealt by '{name}': the table has {string.Join(", ", records.Header)}.",
                "Name the column to deal by exactly as the header writes it.",
                column: name);
        }

        CsvColumn column = new(records, index);
        column.RefuseMissing();
        return [.. Enumerable.Range(0, column.Rows).Select(row => CsvColumn.TryNumber(column.Text(row), out double number) ? number.ToString("R", CultureInfo.InvariantCulture) : column.Text(row))];
    }

    /// <summary>What the label column of a file looks like, before it is decided what to predict.</summary>
    /// <exception cref="DataException">The files cannot be read, or have no such column.</exception>
    public static LabelKind SuggestLabelKind(IReadOnlyList<CsvSource> sources, CsvOptions options)
    {
        CsvRecords records = CsvRecords.Read(sources);
        RequireColumns(records.Header, options);
        return ClassLabels.Suggest(new CsvColumn(records, Array.IndexOf(records.Header, options.Label)));
    }

    private static void RequireColumns(string[] header, CsvOptions options)
    {
        if (options.Label.Length > 0 && !header.Contains(options.Label, StringComparer.Ordinal))
        {
            string separatorHint = header is [var only] && only.Contains(';', StringComparison.Ordinal) ? " The file seems to be separated by semicolons; use commas." : "";
            throw new DataException(
                "label-column-missing",
                $"The table has no column '{options.Label}'; it has {string.Join(", ", header)}.",
                "Name the label column exactly as the header writes it." + separatorHint,
                column: options.Label);
        }

        foreach (string name in options.Drop)
        {
            if (!header.Contains(name, StringComparer.Ordinal) || string.Equals(name, options.Label, StringComparison.Ordinal))
            {
                throw new DataException(
                    "unknown-column",
                    $"'{name}' cannot be dropped: it is not a feature of the table, which has {string.Join(", ", header)}.",
                    "Name columns to drop exactly as the header writes them; the label cannot be dropped.",
                    column: name);
            }
        }

        if (header.Length - Math.Min(1, options.Label.Length) - options.Drop.Distinct(StringComparer.Ordinal).Count() == 0)
        {
            throw new DataException("no-features", "No column is left to learn from.", "Drop fewer columns.");
        }
    }
}
