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
    private CsvTable(DataSet data, DataSchema schema, IReadOnlyList<string> notes)
    {
        Data = data;
        Schema = schema;
        Notes = notes;
    }

    /// <summary>All rows in file order.</summary>
    public DataSet Data { get; }

    /// <summary>Features, label, and bounds by <see cref="PublicBounds"/>.</summary>
    public DataSchema Schema { get; }

    /// <summary>How text columns were encoded, one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Reads one file.</summary>
    /// <exception cref="DataException">The file cannot be learned from; the codes stand there.</exception>
    public static CsvTable Read(TextReader reader, CsvOptions options) => Read([new CsvSource("CSV", reader)], options);

    /// <summary>Reads several files with the same header as one table, in the given order.</summary>
    /// <exception cref="DataException">The files cannot be learned from; the codes stand there.</exception>
    public static CsvTable Read(IReadOnlyList<CsvSource> sources, CsvOptions options)
    {
        CsvRecords records = CsvRecords.Read(sources);
        RequireColumns(records.Header, options);
        double[] labels = options.Label.Length == 0
            ? new double[records.Records.Count]
            : LabelEncoder.Encode(new CsvColumn(records, Array.IndexOf(records.Header, options.Label)), options);
        var encoder = new FeatureEncoder(options);
        for (int index = 0; index < records.Header.Length; index++)
        {
            string name = records.Header[index];
            if (!string.Equals(name, options.Label, StringComparison.Ordinal) && !options.Drop.Contains(name, StringComparer.Ordinal))
            {
                encoder.Add(new CsvColumn(records, index));
            }
        }

        var schema = new DataSchema(encoder.Schemas(), LabelEncoder.Schema(options, labels), options.LabelKind);
        return new CsvTable(new DataSet([.. schema.Features.Select(feature => feature.Name)], encoder.Interleave(labels.Length), labels), schema, encoder.Notes);
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
