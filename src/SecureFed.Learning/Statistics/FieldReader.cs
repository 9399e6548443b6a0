namespace SecureFed.Learning.Statistics;

/// <summary>Reads one field of a row. Allocates nothing.</summary>
internal sealed class FieldReader
{
    private readonly int[] columns;
    private readonly int[] places;
    private readonly double[]? domain;

    private FieldReader(int[] columns, int[] places, double[]? domain)
    {
        this.columns = columns;
        this.places = places;
        this.domain = domain;
    }

    /// <summary>The number itself.</summary>
    public static FieldReader OfNumber(int column) => new([column], [], null);

    /// <summary>The place of the number in a list; one past it if it is not there.</summary>
    public static FieldReader OfPlace(int column, double[] domain) => new([column], [], domain);

    /// <summary>The place that belongs to the column that holds 1 (one-hot); missing if none does.</summary>
    public static FieldReader OfIndicators(int[] columns, int[] places) => new(columns, places, null);

    public double Read(ReadOnlySpan<double> row)
    {
        double value = row[columns[0]];
        if (domain is not null)
        {
            return double.IsNaN(value) ? value : PlaceIn(domain, value);
        }

        if (places.Length == 0)
        {
            return value;
        }

        for (int i = 0; i < columns.Length; i++)
        {
            if (row[columns[i]] is 1)
            {
                return places[i];
            }
        }

        return double.NaN;
    }

    private static int PlaceIn(double[] domain, double value)
    {
        int place = Array.IndexOf(domain, value);
        return place < 0 ? domain.Length : place;
    }
}
