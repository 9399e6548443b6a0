using SecureFed.Learning.Data;

namespace SecureFed.Learning.Statistics;

/// <summary>What is read of a row: the number in a column, or the place of its value in a public list.</summary>
/// <param name="Name">Column.</param>
/// <param name="Domain">The list; null for the number.</param>
internal sealed record StatisticsField(string Name, IReadOnlyList<string>? Domain)
{
    /// <summary>How to read it in a client's rows.</summary>
    /// <exception cref="DataException"><c>schema-mismatch</c>: no such column.</exception>
    public FieldReader In(DataSet data)
    {
        string prefix = Name + "=";
        int[] indicators = Domain is null ? [] : [.. Enumerable.Range(0, data.FeatureCount).Where(c => data.FeatureNames[c].StartsWith(prefix, StringComparison.Ordinal))];
        if (indicators.Length > 0)
        {
            return FieldReader.OfIndicators(indicators, [.. indicators.Select(c => PlaceOf(data.FeatureNames[c][prefix.Length..]))]);
        }

        for (int column = 0; column < data.FeatureCount; column++)
        {
            if (string.Equals(data.FeatureNames[column], Name, StringComparison.Ordinal))
            {
                return Domain is null ? FieldReader.OfNumber(column) : FieldReader.OfPlace(column, [.. Domain.Select(ToNumber)]);
            }
        }

        throw NotIn(data.FeatureNames);
    }

    public DataException NotIn(IEnumerable<string> columns) => new(
        "schema-mismatch",
        $"The data have no {(Domain is null ? "numeric " : "")}column '{Name}', of which the task asks a statistic; they have {string.Join(", ", columns)}.",
        "Name the column as the task does, or stay away from the task.",
        column: Name);

    public bool Equals(StatisticsField? other) =>
        other is not null && string.Equals(Name, other.Name, StringComparison.Ordinal) && (Domain ?? []).SequenceEqual(other.Domain ?? [], StringComparer.Ordinal) && Domain is null == other.Domain is null;

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Name);

    private int PlaceOf(string value)
    {
        int place = Domain!.TakeWhile(known => !string.Equals(known, value, StringComparison.Ordinal)).Count();
        return place; // One past the list for any other value.
    }

    private static double ToNumber(string text) => CsvColumn.TryNumber(text, out double number) ? number : double.NaN;
}
