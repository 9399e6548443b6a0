using System.Globalization;

namespace SecureFed.Learning.Data;

/// <summary>One column's text with its places in the files, and its reading as numbers.</summary>
internal sealed class CsvColumn(CsvRecords table, int index)
{
    private static readonly string[] MissingMarks = ["", "NA", "N/A", "#N/A", "NaN", "null", "?", "-"];

    // 1e100 is finite but its square is already near the end of the range; nothing measured is that large.
    private const double GreatestNumber = 1e100;

    public string Name => table.Header[index];

    public int Rows => table.Records.Count;

    public string Text(int row) => table.Records[row].Fields[index];

    public void RefuseMissing()
    {
        for (int row = 0; row < Rows; row++)
        {
            if (IsMissing(Text(row)))
            {
                throw Missing(row);
            }
        }
    }

    /// <summary>The numbers, or null when this is a column of text.</summary>
    /// <remarks>A column is text only if fewer than half of its values are numbers; otherwise the others are mistakes and refused.</remarks>
    /// <exception cref="DataException"><c>not-a-number</c>, <c>not-finite</c>.</exception>
    public double[]? TryNumbers()
    {
        var numbers = new double[Rows];
        int count = 0;
        int? firstText = null;
        for (int row = 0; row < Rows; row++)
        {
            if (TryNumber(Text(row), out numbers[row]))
            {
                count++;
                RequireFinite(numbers[row], row);
            }
            else
            {
                firstText ??= row;
            }
        }

        return firstText is not { } bad ? numbers
            : 2 * count < Rows ? null
            : throw Refuse("not-a-number", bad, "is not a number, as most of its column are", "Correct the value (decimal point, no thousands separators), or drop the column.");
    }

    /// <summary>The same with gaps: NaN for a missing value, infinity for one that is no finite number. Null when at least half of the values that are there are text.</summary>
    public double[]? TryNumbersWithGaps()
    {
        double[] numbers = [.. Enumerable.Range(0, Rows).Select(NumberOrGap)];
        int missing = numbers.Count(double.IsNaN);
        int texts = Enumerable.Range(0, Rows).Count(row => !IsMissing(Text(row)) && !TryNumber(Text(row), out _));
        return texts > 0 && 2 * texts > Rows - missing ? null : numbers;
    }

    /// <summary>NaN if the value is missing, infinity if it is no finite number.</summary>
    public double NumberOrGap(int row) =>
        IsMissing(Text(row)) ? double.NaN : TryNumber(Text(row), out double number) && IsUsable(number) ? number : double.PositiveInfinity;

    public static bool IsMissing(string text) => MissingMarks.Contains(text, StringComparer.OrdinalIgnoreCase);

    public double[] Numbers() => TryNumbers()
        ?? throw Refuse("not-a-number", 0, "is not a number", "A regression needs a numeric label; name another column or use a binary label.");

    public static bool TryNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number);

    private void RequireFinite(double number, int row)
    {
        if (!IsUsable(number))
        {
            throw Infinite(row);
        }
    }

    internal static bool IsUsable(double number) => Math.Abs(number) <= GreatestNumber;

    internal DataException Missing(int row) => Refuse("missing-value", row, "has no value", "Fill the value in, leave the row out, or drop the column.");

    internal DataException Infinite(int row) => Refuse("not-finite", row, "is infinite", "Replace it by a finite number, or leave the row out.");

    internal DataException Refuse(string code, int row, string what, string hint)
    {
        CsvRecords.Record record = table.Records[row];
        return new DataException(code, $"{record.File}, line {record.Line}: column '{Name}' {what}.", hint, record.Line, Name);
    }
}
