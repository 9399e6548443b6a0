namespace SecureFed.Learning.Data;

/// <summary>Reads the label column: 1 and 0 for a binary label, the number itself for a numeric one, the place in the list for a class.</summary>
internal static class LabelEncoder
{
    private const int ValuesShown = 5;

    public static double[] Encode(CsvColumn column, CsvOptions options, IReadOnlyList<string> classes)
    {
        column.RefuseMissing();
        return options.LabelKind switch
        {
            LabelKind.Binary => Binary(column, options.Positive),
            LabelKind.Class => ClassLabels.Encode(column, classes),
            _ => Numeric(column),
        };
    }

    public static FeatureSchema Schema(CsvOptions options, double[] labels, IReadOnlyList<string> classes)
    {
        (double lower, double upper) = options.LabelKind switch
        {
            LabelKind.Binary => (0, 1),
            LabelKind.Class => (0, classes.Count - 1),
            _ => PublicBounds.Enclose(labels.Min(), labels.Max()),
        };
        return new FeatureSchema(options.Label, lower, upper);
    }

    private static double[] Numeric(CsvColumn column)
    {
        double[] numbers = column.Numbers();
        return numbers.Min() < numbers.Max()
            ? numbers
            : throw new DataException("one-class-only", $"Every row has the same value of '{column.Name}'.", "Provide rows whose labels differ: there is nothing to predict.", column: column.Name);
    }

    private static double[] Binary(CsvColumn column, string positive)
    {
        double[] labels = new double[column.Rows];
        var values = new SortedSet<string>(StringComparer.Ordinal);
        for (int row = 0; row < labels.Length; row++)
        {
            values.Add(column.Text(row));
            labels[row] = Matches(column.Text(row), positive) ? 1 : 0;
        }

        if (values.Count == 1 || Array.TrueForAll(labels, label => label is 1))
        {
            throw new DataException(
                "one-class-only",
                $"Every row has the label '{values.Min}' in column '{column.Name}'.",
                "Provide rows of both classes: there is nothing to tell apart.",
                column: column.Name);
        }

        return labels.Contains(1)
            ? labels
            : throw new DataException(
                "positive-value-missing",
                $"No row of '{column.Name}' has the positive value '{positive}'; it holds {string.Join(", ", values.Take(ValuesShown))}{(values.Count > ValuesShown ? ", ..." : "")}.",
                "State which value counts as positive (--positive).",
                column: column.Name);
    }

    internal static bool Matches(string text, string positive) =>
        string.Equals(text, positive.Trim(), StringComparison.Ordinal)
        || (CsvColumn.TryNumber(text, out double number) && CsvColumn.TryNumber(positive, out double wanted) && number.Equals(wanted));
}
