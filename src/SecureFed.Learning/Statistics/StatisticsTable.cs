using SecureFed.Learning.Data;

namespace SecureFed.Learning.Statistics;

/// <summary>A CSV file read by the questions of a statistics task, as a client reads its own rows.</summary>
/// <remarks>
/// Only columns that are asked about are looked at, and each value by itself: a number, a gap, or something that is no finite number; for a public list of values its place in it.
/// What a row becomes does not depend on other rows, so that a row moves its own vector and no other.
/// </remarks>
public static class StatisticsTable
{
    /// <summary>Rows with gaps, for statistics only.</summary>
    /// <param name="sources">Files with one header.</param>
    /// <param name="query">The task's questions.</param>
    /// <exception cref="DataException">The files cannot be read, or lack a column that is asked about (<c>schema-mismatch</c>).</exception>
    public static DataSet Read(IReadOnlyList<CsvSource> sources, StatisticsQuery query)
    {
        var records = CsvRecords.Read(sources);
        List<string> names = [];
        List<Cell> cells = [];
        foreach (IGrouping<string, StatisticsField> asked in query.Fields.GroupBy(field => field.Name, StringComparer.Ordinal))
        {
            CsvColumn column = Array.IndexOf(records.Header, asked.Key) is >= 0 and int index ? new CsvColumn(records, index) : throw asked.First().NotIn(records.Header);
            if (asked.Any(field => field.Domain is null))
            {
                int own = names.Count;
                names.Add(asked.Key);
                cells.Add((row, values) => values[own] = column.NumberOrGap(row));
            }

            string[] domain = [.. asked.SelectMany(field => field.Domain ?? []).Distinct(StringComparer.Ordinal)];
            if (domain.Length > 0)
            {
                cells.Add(Indicators(column, domain, names.Count));
                names.AddRange(domain.Append(NameOfOthers(domain)).Select(value => $"{asked.Key}={value}"));
            }
        }

        if (names.Count == 0)
        {
            names.Add(records.Header[0]); // Rows are counted, whatever they hold.
        }

        var numbers = new double[records.Records.Count * names.Count];
        for (int row = 0; row < records.Records.Count; row++)
        {
            foreach (Cell cell in cells)
            {
                cell(row, numbers.AsSpan(row * names.Count, names.Count));
            }
        }

        return DataSet.CreateWithGaps(names, numbers);
    }

    /// <summary>1 at the value's place in the list, one past it for any other, nowhere for none. Numbers compare as numbers.</summary>
    private static Cell Indicators(CsvColumn column, string[] domain, int first)
    {
        Dictionary<string, int> places = new(StringComparer.Ordinal);
        Dictionary<double, int> numbers = [];
        for (int place = 0; place < domain.Length; place++)
        {
            places.Add(domain[place], place);
            if (CsvColumn.TryNumber(domain[place], out double number))
            {
                numbers.TryAdd(number, place);
            }
        }

        return (row, values) =>
        {
            string text = column.Text(row);
            if (!CsvColumn.IsMissing(text))
            {
                int place = places.TryGetValue(text, out int known) || (CsvColumn.TryNumber(text, out double number) && numbers.TryGetValue(number, out known)) ? known : domain.Length;
                values[first + place] = 1;
            }
        };
    }

    private static string NameOfOthers(string[] domain)
    {
        string name = "(other)";
        while (domain.Contains(name, StringComparer.Ordinal))
        {
            name += "*";
        }

        return name;
    }

    private delegate void Cell(int row, Span<double> values);
}
