using SecureFed.Learning.Data;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Preprocessing;

/// <summary>Shifts every feature to mean 0 and scales it to standard deviation 1 over all clients' rows. Immutable.</summary>
/// <remarks>
/// Population variance (divided by N). A numeric label is standardised too, so that learning rates do not depend on its unit; a binary one is left alone.
/// A column whose variance cannot be told from quantisation error is treated as constant: scale 1, and a note.
/// </remarks>
public sealed class Standardizer
{
    internal const double BoundsFraction = 0.5;
    private const double QuantisationStep = 1.0 / (1 << 24);
    private const double SafetyFactor = 4;
    private readonly double[] shifts;
    private readonly double[] factors;

    private Standardizer(double[] means, double[] scales, long totalRows, IReadOnlyList<string> notes)
    {
        shifts = means;
        factors = scales;
        TotalRows = totalRows;
        Notes = notes;
    }

    /// <summary>N: rows of all clients together.</summary>
    public long TotalRows { get; }

    /// <summary>Constant or unresolved columns, one sentence each. Empty after <see cref="FromArray"/>.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Number of features.</summary>
    public int FeatureCount => shifts.Length - 1;

    /// <summary>Mean of every feature.</summary>
    public ReadOnlySpan<double> Means => shifts.AsSpan(..^1);

    /// <summary>Standard deviation of every feature; 1 for a constant one.</summary>
    public ReadOnlySpan<double> Scales => factors.AsSpan(..^1);

    /// <summary>Mean of a numeric label, 0 for a binary one.</summary>
    public double LabelMean => shifts[^1];

    /// <summary>Standard deviation of a numeric label, 1 for a binary one.</summary>
    public double LabelScale => factors[^1];

    /// <summary>Leaves everything as it is: for tasks without standardisation.</summary>
    /// <param name="featureCount">Number of features.</param>
    /// <param name="totalRows">N, when it is public; it only divides the penalty.</param>
    public static Standardizer Identity(int featureCount, long totalRows) =>
        new(new double[featureCount + 1], [.. Enumerable.Repeat(1.0, featureCount + 1)], totalRows, []);

    /// <summary>Derives mean, standard deviation and N from the sum of the clients' <see cref="MomentVector"/>s.</summary>
    /// <param name="schema">The task's schema.</param>
    /// <param name="sum">Sum over the surviving clients.</param>
    /// <param name="maxRows">The task's public maximum of rows per client.</param>
    /// <param name="momentError">
    /// Largest error of a weighted mean square, relative to the sum of weights, in units of the squared half range. Default: a rounding of 2^-24 of the
    /// segment's norm bound per client, times 4 because weights may average 1/4. Raise it when noise is added.
    /// </param>
    /// <exception cref="LearningException"><c>no-weight</c>: the sum holds no rows.</exception>
    public static Standardizer FromSum(DataSchema schema, ReadOnlySpan<double> sum, int maxRows, double? momentError = null)
    {
        VectorLayout layout = MomentVector.Layout(schema);
        double weight = layout.Slice(sum, MomentVector.Weight)[0];
        double rows = Math.Round(weight * maxRows);
        if (!double.IsFinite(rows) || rows < 1)
        {
            throw new LearningException("no-weight", "The sum of the clients' row weights is not positive.", "Repeat the standardisation round with clients that hold rows.");
        }

        IReadOnlyList<FeatureSchema> columns = MomentVector.Columns(schema);
        var means = new double[schema.Features.Count + 1];
        double[] scales = [.. Enumerable.Repeat(1.0, means.Length)];
        var notes = new List<string>();
        double resolution = momentError ?? SafetyFactor * QuantisationStep * Math.Sqrt(columns.Count);
        for (int j = 0; j < columns.Count; j++)
        {
            FeatureSchema column = columns[j];
            double mean = Math.Clamp(layout.Slice(sum, MomentVector.Means)[j] / weight, -1, 1);

            // Rounding and noise can push the variance of a near-constant column below 0; the comparison below catches that as well.
            double variance = (layout.Slice(sum, MomentVector.Squares)[j] / weight) - (mean * mean);
            means[j] = column.Centre + (mean * column.HalfRange);
            if (column.HalfRange > 0 && variance > resolution)
            {
                scales[j] = Math.Sqrt(variance) * column.HalfRange;
            }
            else
            {
                notes.Add($"'{column.Name}' is constant, or varies too little for its bounds to be measured; it is centred but not scaled.");
            }
        }

        return new Standardizer(means, scales, (long)rows, notes);
    }

    /// <summary>Derives mean, standard deviation and N from the noisy sum of all rows' <see cref="MomentRecords"/>.</summary>
    /// <remarks>
    /// N is the noisy number of rows in the sum, so that the sum must be over all rows, not over a sample. A column whose variance drowns in the noise gets the
    /// largest scale that the noise leaves likely, at most what <see cref="FromBounds"/> gives it, and a note; a column without range gets scale 1.
    /// </remarks>
    /// <param name="schema">The task's schema.</param>
    /// <param name="sum">Sum over the rows of the surviving clients with its noise, in <see cref="MomentVector.Layout"/>.</param>
    /// <param name="noiseDeviations">Per segment, standard deviation of each coordinate's noise in the sum, at least 0.</param>
    /// <exception cref="LearningException"><c>no-weight</c>: the number of rows is not told from 0.</exception>
    public static Standardizer FromNoisySum(DataSchema schema, ReadOnlySpan<double> sum, ReadOnlySpan<double> noiseDeviations)
    {
        var moments = new NoisyMoments(schema, sum, noiseDeviations);
        IReadOnlyList<FeatureSchema> columns = MomentVector.Columns(schema);
        var means = new double[schema.Features.Count + 1];
        double[] scales = [.. Enumerable.Repeat(1.0, means.Length)];
        var notes = new List<string>();
        for (int j = 0; j < columns.Count; j++)
        {
            FeatureSchema column = columns[j];
            means[j] = column.Centre + (moments.Mean(j) * column.HalfRange);
            double variance = moments.Variance(j, out bool isDrowned);
            scales[j] = column.HalfRange > 0 ? Math.Sqrt(variance) * column.HalfRange : 1;
            if (isDrowned || column.HalfRange is 0)
            {
                notes.Add(column.HalfRange > 0
                    ? $"'{column.Name}' varies less than the noise resolves; it is scaled by the largest standard deviation that is likely."
                    : $"'{column.Name}' is constant; it is centred but not scaled.");
            }
        }

        return new Standardizer(means, scales, (long)Math.Max(1, Math.Round(moments.Count)), notes);
    }

    /// <summary>From the public bounds alone: their centre as mean, <paramref name="fraction"/> of the half range as standard deviation.</summary>
    /// <remarks>
    /// Looks at no row and costs no privacy. Suits columns that fill their bounds; one that is skewed or has far outliers is left small and off centre, and training
    /// takes longer to use it.
    /// </remarks>
    /// <param name="schema">The task's schema.</param>
    /// <param name="totalRows">N: the public expected number of rows, at least 1; it divides the penalty.</param>
    /// <param name="fraction">Positive; ½ by default. A uniform column has 0.58.</param>
    public static Standardizer FromBounds(DataSchema schema, long totalRows, double fraction = BoundsFraction)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(totalRows, 1);
        ArgumentOutOfRangeException.ThrowIfEqual(fraction > 0 && double.IsFinite(fraction), false, nameof(fraction));
        IReadOnlyList<FeatureSchema> columns = MomentVector.Columns(schema);
        var means = new double[schema.Features.Count + 1];
        double[] scales = [.. Enumerable.Repeat(1.0, means.Length)];
        var notes = new List<string>();
        for (int j = 0; j < columns.Count; j++)
        {
            means[j] = columns[j].Centre;
            if (columns[j].HalfRange > 0)
            {
                scales[j] = fraction * columns[j].HalfRange;
            }
            else
            {
                notes.Add($"'{columns[j].Name}' is constant; it is centred but not scaled.");
            }
        }

        return new Standardizer(means, scales, totalRows, notes);
    }

    /// <summary>From rows in one place, exactly: the central baseline.</summary>
    public static Standardizer Fit(DataSet data, LabelKind labelKind)
    {
        var means = new double[data.FeatureCount + 1];
        double[] scales = [.. Enumerable.Repeat(1.0, means.Length)];
        var notes = new List<string>();
        int columns = labelKind == LabelKind.Numeric ? means.Length : means.Length - 1;
        for (int j = 0; j < columns; j++)
        {
            double[] column = [.. Enumerable.Range(0, data.Rows).Select(row => j < data.FeatureCount ? data.Row(row)[j] : data.Labels[row])];
            means[j] = column.Average();
            double deviation = Math.Sqrt(column.Average(x => (x - means[j]) * (x - means[j])));
            if (column.Max() > column.Min())
            {
                scales[j] = deviation;
            }
            else
            {
                notes.Add($"'{(j < data.FeatureCount ? data.FeatureNames[j] : "label")}' is constant; it is centred but not scaled.");
            }
        }

        return new Standardizer(means, scales, data.Rows, notes);
    }

    /// <summary>Standardised rows.</summary>
    /// <exception cref="ArgumentException">Another number of features.</exception>
    public DataSet Apply(DataSet data)
    {
        if (data.FeatureCount != FeatureCount)
        {
            throw new ArgumentException($"The data have {data.FeatureCount} features, the standardisation {FeatureCount}.", nameof(data));
        }

        var values = new double[data.Rows * FeatureCount];
        var labels = new double[data.Rows];
        for (int row = 0; row < data.Rows; row++)
        {
            ReadOnlySpan<double> features = data.Row(row);
            for (int j = 0; j < features.Length; j++)
            {
                values[(row * FeatureCount) + j] = (features[j] - shifts[j]) / factors[j];
            }

            labels[row] = (data.Labels[row] - LabelMean) / LabelScale;
        }

        return new DataSet(data.FeatureNames, values, labels);
    }

    /// <summary>A score of a linear model in the label's own unit.</summary>
    public double RestoreLabel(double standardised) => LabelMean + (standardised * LabelScale);

    /// <summary>Means of the features and the label, their scales, N: what the server publishes.</summary>
    public double[] ToArray() => [.. shifts, .. factors, TotalRows];

    /// <summary>The inverse of <see cref="ToArray"/>.</summary>
    /// <exception cref="ArgumentException">Not such an array.</exception>
    public static Standardizer FromArray(ReadOnlySpan<double> values)
    {
        int columns = (values.Length - 1) / 2;
        if (columns < 2 || values.Length != (2 * columns) + 1 || values[^1] is not (>= 1 and <= long.MaxValue / 2))
        {
            throw new ArgumentException("Not a standardisation: means, as many scales, and the number of rows.", nameof(values));
        }

        foreach (double value in values)
        {
            ArgumentOutOfRangeException.ThrowIfEqual(double.IsFinite(value), false, nameof(values));
        }

        foreach (double scale in values.Slice(columns, columns))
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scale, nameof(values));
        }

        return new Standardizer(values[..columns].ToArray(), values.Slice(columns, columns).ToArray(), (long)values[^1], []);
    }
}
