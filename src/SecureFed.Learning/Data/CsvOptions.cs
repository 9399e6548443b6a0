namespace SecureFed.Learning.Data;

/// <summary>How a CSV file becomes features and a label.</summary>
/// <param name="Label">Name of the label column, as the header writes it; empty if every column is a feature.</param>
public sealed record CsvOptions(string Label)
{
    /// <summary>For statistics: no label, and values that are missing (NaN) or no finite numbers (infinite) are kept for the statistics to count. The data set suits no model.</summary>
    public static CsvOptions ForStatistics { get; } = new("") { KeepsGaps = true };

    /// <summary>Whether missing values and values that are no finite numbers are kept. Default false: they are refused.</summary>
    public bool KeepsGaps { get; init; }

    /// <summary>The label value that counts as positive when <see cref="LabelKind"/> is binary; numbers compare as numbers ("1" = "1.0"). Default "1".</summary>
    public string Positive { get; init; } = "1";

    /// <summary>Columns to leave out: identifiers, time stamps, and whatever is only known after the label. Default none.</summary>
    public IReadOnlyList<string> Drop { get; init; } = [];

    /// <summary>Default binary.</summary>
    public LabelKind LabelKind { get; init; } = LabelKind.Binary;

    /// <summary>Column whose values are kept aside to deal rows by, see <see cref="CsvTable.PartitionValues"/>; it may be dropped. Default none.</summary>
    public string? PartitionBy { get; init; }

    /// <summary>The classes in ordinal order when <see cref="LabelKind"/> is class; null takes those that the table has. Labels compare as text.</summary>
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>Most distinct values that a one-hot encoded text column may have. Default 64; one column of the model each.</summary>
    public int CategoryLimit { get; init; } = 64;
}
