namespace SecureFed.Learning.Data;

/// <summary>A label that is one of several classes.</summary>
/// <remarks>The list is public, in ordinal order and part of the task. A client may lack rows of a class; a label that is not in the list is refused.</remarks>
public static class ClassLabels
{
    /// <summary>Most classes.</summary>
    public const int Greatest = 1000;

    // What fewer values than this mean is not told by their being numbers: a column of 0, 1 and 2 is as likely a class as a count.
    private const int FewestNumbers = 3;
    private const int ValuesShown = 5;

    /// <summary>Null if the list can be a task's; otherwise what is wrong with it.</summary>
    public static string? FindFault(IReadOnlyList<string> classes)
    {
        if (classes.Count is < 2 or > Greatest)
        {
            return $"A list of classes has 2 to {Greatest} names.";
        }

        for (int k = 1; k < classes.Count; k++)
        {
            if (string.CompareOrdinal(classes[k - 1], classes[k]) >= 0)
            {
                return "Names of classes stand in ascending ordinal order, each once.";
            }
        }

        return null;
    }

    /// <summary>The list that was given, or the values of the column.</summary>
    /// <exception cref="DataException"><c>one-class-only</c> or <c>too-many-classes</c>.</exception>
    internal static IReadOnlyList<string> ListOf(CsvColumn column, IReadOnlyList<string>? given)
    {
        if (given is not null)
        {
            return FindFault(given) is { } fault ? throw new ArgumentException(fault, nameof(given)) : given;
        }

        column.RefuseMissing();
        string[] values = Values(column);
        return values.Length switch
        {
            < 2 => throw new DataException(
                "one-class-only", $"Every row has the label '{values[0]}' in column '{column.Name}'.", "Provide rows of at least two classes: there is nothing to tell apart.", column: column.Name),
            > Greatest => throw new DataException(
                "too-many-classes",
                $"'{column.Name}' has {values.Length} distinct values; at most {Greatest} classes are told apart.",
                "Group rare classes, or predict the number with a linear output.",
                column: column.Name),
            _ => values,
        };
    }

    /// <exception cref="DataException"><c>unknown-class</c>.</exception>
    internal static double[] Encode(CsvColumn column, IReadOnlyList<string> classes)
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int k = 0; k < classes.Count; k++)
        {
            places.Add(classes[k], k);
        }

        var labels = new double[column.Rows];
        for (int row = 0; row < labels.Length; row++)
        {
            labels[row] = places.TryGetValue(column.Text(row), out int place)
                ? place
                : throw Unknown(column, row, classes);
        }

        return labels;
    }

    internal static DataException Unknown(CsvColumn column, int row, IReadOnlyList<string> classes) => column.Refuse(
        "unknown-class",
        row,
        $"holds '{column.Text(row)}', which is no class of the task ({string.Join(", ", classes.Take(ValuesShown))}{(classes.Count > ValuesShown ? ", ..." : "")})",
        "Correct the label, leave the row out, or ask for a task with that class.");

    /// <summary>Two values: binary. Text, with more: a class. Numbers: a number.</summary>
    internal static LabelKind Suggest(CsvColumn column)
    {
        column.RefuseMissing();
        return Values(column).Length < FewestNumbers ? LabelKind.Binary : column.TryNumbers() is null ? LabelKind.Class : LabelKind.Numeric;
    }

    private static string[] Values(CsvColumn column) =>
        [.. Enumerable.Range(0, column.Rows).Select(column.Text).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
}
