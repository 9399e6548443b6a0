namespace SecureFed.Learning.Data;

/// <summary>Turns the columns of a table into numeric features, one after the other.</summary>
internal sealed class FeatureEncoder(CsvOptions options)
{
    private readonly List<(FeatureSchema Schema, double[] Values)> features = [];
    private readonly List<string> notes = [];

    public IReadOnlyList<string> Notes => notes;

    /// <exception cref="DataException"><c>duplicate-column</c>: an encoded column took the name of another.</exception>
    public IReadOnlyList<FeatureSchema> Schemas()
    {
        string[] names = [options.Label, .. features.Select(feature => feature.Schema.Name)];
        string? clash = names.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1)?.Key;
        return clash is null
            ? [.. features.Select(feature => feature.Schema)]
            : throw new DataException("duplicate-column", $"Encoding a text column makes a second column '{clash}'.", "Rename the column that is called so in the file.", column: clash);
    }

    public void Add(CsvColumn column)
    {
        if (!options.KeepsGaps)
        {
            column.RefuseMissing();
        }

        if ((options.KeepsGaps ? column.TryNumbersWithGaps() : column.TryNumbers()) is { } numbers)
        {
            double[] finite = options.KeepsGaps ? [.. numbers.Where(double.IsFinite).DefaultIfEmpty(0)] : numbers;
            (double lower, double upper) = PublicBounds.Enclose(finite.Min(), finite.Max());
            features.Add((new FeatureSchema(column.Name, lower, upper), numbers));
            return;
        }

        string[] values = [.. Enumerable.Range(0, column.Rows).Select(column.Text).Where(text => !options.KeepsGaps || !CsvColumn.IsMissing(text)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (OrdinalScales.Find(values) is { } scale)
        {
            AddOrdinal(column, scale);
        }
        else
        {
            AddOneHot(column, values);
        }
    }

    /// <summary>Row by row, as a data set holds it.</summary>
    public double[] Interleave(int rows)
    {
        var values = new double[rows * features.Count];
        for (int j = 0; j < features.Count; j++)
        {
            for (int row = 0; row < rows; row++)
            {
                values[(row * features.Count) + j] = features[j].Values[row];
            }
        }

        return values;
    }

    private void AddOrdinal(CsvColumn column, IReadOnlyDictionary<string, int> scale)
    {
        features.Add((new FeatureSchema(column.Name, 0, scale.Count - 1), Map(column, text => scale.TryGetValue(text, out int step) ? step : double.NaN)));
        notes.Add($"'{column.Name}' is ordinal: {string.Join(" < ", scale.OrderBy(step => step.Value).Select(step => step.Key))} as 0 to {scale.Count - 1}.");
    }

    private void AddOneHot(CsvColumn column, string[] values)
    {
        if (values.Length > options.CategoryLimit)
        {
            throw new DataException(
                "too-many-categories",
                $"Column '{column.Name}' is text with {values.Length} distinct values; at most {options.CategoryLimit} are encoded.",
                "Drop identifiers, names and time stamps; group the values of a true category.",
                column: column.Name);
        }

        foreach (string value in values)
        {
            features.Add((new FeatureSchema($"{column.Name}={value}", 0, 1), Map(column, text => string.Equals(text, value, StringComparison.Ordinal) ? 1 : 0)));
        }

        notes.Add($"'{column.Name}' is one-hot encoded: {values.Length} values.");
    }

    private static double[] Map(CsvColumn column, Func<string, double> encode) => [.. Enumerable.Range(0, column.Rows).Select(row => encode(column.Text(row)))];
}
