using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace SecureFed.Learning.Data;

/// <summary>The text of a table before anything is known about its columns.</summary>
internal sealed class CsvRecords
{
    private readonly List<Record> records = [];

    private CsvRecords(string[] header) => Header = header;

    public string[] Header { get; }

    public IReadOnlyList<Record> Records => records;

    /// <summary>Reads files with equal headers one after the other.</summary>
    public static CsvRecords Read(IReadOnlyList<CsvSource> sources)
    {
        CsvRecords? table = null;
        foreach (CsvSource source in sources)
        {
            using var parser = new CsvParser(
                source.Reader,
                new CsvConfiguration(CultureInfo.InvariantCulture) { TrimOptions = TrimOptions.Trim },
                leaveOpen: true);
            try
            {
                string[] header = ReadHeader(parser, source.Name);
                table ??= new CsvRecords(header);
                table.RequireSameHeader(header, source.Name);
                table.ReadRows(parser, source.Name);
            }
            catch (BadDataException bad)
            {
                throw new DataException(
                    "malformed-csv",
                    $"{source.Name}, line {parser.RawRow}: the quotes do not match.",
                    "Quote a field as a whole and double the quotes inside it (RFC 4180).",
                    parser.RawRow,
                    innerException: bad);
            }
        }

        return table is { records.Count: > 0 }
            ? table
            : throw new DataException("empty-data", "The table has no rows below its header.", "Provide a CSV file with a header line and at least one row.");
    }

    private static string[] ReadHeader(CsvParser parser, string file)
    {
        string[] header = parser.Read() ? parser.Record ?? [] : [];
        if (header.Length == 0 || header.All(string.IsNullOrEmpty))
        {
            throw new DataException("empty-data", $"{file} is empty.", "Provide a CSV file with a header line and at least one row.");
        }

        string? twice = header.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1)?.Key;
        return twice is null
            ? header
            : throw new DataException("duplicate-column", $"{file} names the column '{twice}' twice.", "Give every column its own name.", 1, twice);
    }

    private void RequireSameHeader(string[] header, string file)
    {
        if (!Header.AsSpan().SequenceEqual(header))
        {
            throw new DataException("header-mismatch", $"{file} has another header than the file before it.", "Join only files with the same columns in the same order.", 1);
        }
    }

    private void ReadRows(CsvParser parser, string file)
    {
        while (parser.Read())
        {
            string[] fields = parser.Record ?? [];
            if (fields.Length != Header.Length)
            {
                throw new DataException(
                    "row-width",
                    $"{file}, line {parser.RawRow} has {fields.Length} fields; the header has {Header.Length}.",
                    "Give every row one field per column, separated by commas; quote fields that contain commas.",
                    parser.RawRow);
            }

            records.Add(new Record(file, parser.RawRow, fields));
        }
    }

    /// <param name="File">Name for messages.</param>
    /// <param name="Line">Line of the file on which the row ends; the header is line 1.</param>
    /// <param name="Fields">Trimmed text, one per column.</param>
    internal sealed record Record(string File, int Line, string[] Fields);
}
