using SecureFed.Learning.Data;
using SecureFed.Learning.Preprocessing;

namespace SecureFed.Learning.Trees;

/// <summary>Public thresholds of every feature: the only places where trees split. Immutable.</summary>
/// <remarks>Bin b of a feature holds the values above its edge b - 1 and up to its edge b; a feature without edges is never split.</remarks>
public sealed class TreeBins
{
    private const double Tag = 6;
    private readonly double[][] edges;

    private TreeBins(double[][] edges, double rows, double labelMean)
    {
        this.edges = edges;
        Rows = rows;
        LabelMean = labelMean;
    }

    /// <summary>Rows that the binning round counted, or 0 without one. Noisy at record level.</summary>
    public double Rows { get; }

    /// <summary>Mean label as the binning round has it (the part of positive rows of a binary one); the centre of the bounds without one.</summary>
    public double LabelMean { get; }

    /// <summary>F.</summary>
    public int FeatureCount => edges.Length;

    /// <summary>Thresholds of a feature, ascending and distinct.</summary>
    public ReadOnlySpan<double> Edges(int feature) => edges[feature];

    /// <summary>The bin of a value, from 0.</summary>
    public int BinOf(int feature, double value) => TreeGrid.CellOf(edges[feature], value);

    /// <summary>Whether these are thresholds of such trees: of every feature, and in no more bins than a histogram has room for.</summary>
    public bool Fit(TreeOptions options) => edges.Length == options.FeatureCount && Array.TrueForAll(edges, thresholds => thresholds.Length < options.Bins);

    /// <summary>From the public bounds alone, one bin per cell of a grid of B cells: looks at no row.</summary>
    public static TreeBins FromBounds(DataSchema schema, int bins) => new(
        [.. schema.Features.Select(feature => feature.HalfRange > 0 ? Distinct(new TreeGrid(feature, bins).Edges) : [])], 0, schema.Label.Centre);

    /// <summary>Quantiles of the summed cells: edges where the cumulated count passes k/B of the feature's rows.</summary>
    /// <remarks>
    /// A cell that alone passes several of these gets one edge; a column with no more occupied cells than bins has one after each if asked. Of noisy counts the running maximum of the cumulated
    /// counts is taken; the edges are then off by that noise, which costs resolution and nothing else.
    /// </remarks>
    /// <param name="schema">The task's columns.</param>
    /// <param name="cells">C of the round.</param>
    /// <param name="bins">B.</param>
    /// <param name="sum">Sum over the survivors.</param>
    /// <param name="rowsPerUnit">Rows that 1 in the sum stands for: the greatest number of rows of a client, or 1 for sums over records.</param>
    /// <param name="noiseDeviation">Standard deviation of the noise of each count in the sum; 0 without noise.</param>
    /// <param name="separatesRare">
    /// Whether a column with at most B occupied cells has all of them apart. Serves a search for the best split; edges that are drawn at random should have rows on both sides. Not under noise.
    /// </param>
    /// <exception cref="LearningException"><c>no-weight</c>: the sum holds no rows, or they are not told from noise.</exception>
    public static TreeBins FromGrid(DataSchema schema, int cells, int bins, ReadOnlySpan<double> sum, double rowsPerUnit, double noiseDeviation, bool separatesRare)
    {
        ReadOnlySpan<double> counts = GridVector.Layout(schema, cells).Slice(sum, GridVector.CellCounts);
        int features = schema.Features.Count;
        double total = 0;
        foreach (double count in counts)
        {
            total += count;
        }

        double rows = total / (features + 1) * rowsPerUnit;
        double error = noiseDeviation * rowsPerUnit * Math.Sqrt(counts.Length) / (features + 1);
        if (!double.IsFinite(rows) || rows < Math.Max(0.5, 3 * error))
        {
            throw new LearningException("no-weight", "The binning round holds no rows that can be told from noise.", "Repeat it with more rows or more budget, or leave the standardisation round out.");
        }

        double[][] thresholds = [.. Enumerable.Range(0, features).Select(_ => Array.Empty<double>())];
        for (int feature = 0; feature < features; feature++)
        {
            if (schema.Features[feature].HalfRange > 0)
            {
                thresholds[feature] = Quantiles(new TreeGrid(schema.Features[feature], cells), counts.Slice(feature * cells, cells), total / (features + 1), bins, separatesRare && noiseDeviation == 0);
            }
        }

        return new TreeBins(thresholds, rows, MeanLabel(schema, cells, counts[(features * cells)..], total / (features + 1)));
    }

    /// <summary>A mean and a deviation for every feature, as an explanation needs them: those of its edges, which are quantiles; by the public bounds without a binning round, for a feature with fewer than two edges, and for the label.</summary>
    public Standardizer ToMarginal(DataSchema schema)
    {
        var bounds = Standardizer.FromBounds(schema, 1);
        double[] means = bounds.Means.ToArray();
        double[] scales = bounds.Scales.ToArray();
        for (int feature = 0; feature < edges.Length; feature++)
        {
            if (Rows > 0 && edges[feature].Length > 1)
            {
                double mean = edges[feature].Average();
                means[feature] = mean;
                scales[feature] = Math.Sqrt(edges[feature].Average(edge => (edge - mean) * (edge - mean)));
            }
        }

        return Standardizer.FromArray([.. means, bounds.LabelMean, .. scales, bounds.LabelScale, 1]);
    }

    /// <summary>What the server publishes: a tag, rows, mean label, F, the number of edges of each feature, and the edges.</summary>
    public double[] ToArray() => [Tag, Rows, LabelMean, edges.Length, .. edges.Select(e => (double)e.Length), .. edges.SelectMany(e => e)];

    /// <summary>The inverse of <see cref="ToArray"/>.</summary>
    /// <exception cref="ArgumentException">Not such an array.</exception>
    public static TreeBins FromArray(ReadOnlySpan<double> values)
    {
        foreach (double value in values)
        {
            Require(double.IsFinite(value));
        }

        Require(values.Length >= 4 && values[0] is Tag && values[1] >= 0 && values[3] >= 1 && values[3] <= values.Length - 4);
        int features = (int)values[3];
        var thresholds = new double[features][];
        int offset = 4 + features;
        for (int feature = 0; feature < features; feature++)
        {
            double count = values[4 + feature];
            Require(count is >= 0 and < TreeOptions.GreatestBins && Math.Floor(count) == count && count <= values.Length - offset);
            thresholds[feature] = values.Slice(offset, (int)count).ToArray();
            for (int edge = 1; edge < thresholds[feature].Length; edge++)
            {
                Require(thresholds[feature][edge] > thresholds[feature][edge - 1]);
            }

            offset += (int)count;
        }

        Require(offset == values.Length && values[3] == features);
        return new TreeBins(thresholds, values[1], values[2]);

        static void Require(bool condition) => ArgumentOutOfRangeException.ThrowIfEqual(condition, false, nameof(values));
    }

    private static double[] Quantiles(TreeGrid grid, ReadOnlySpan<double> counts, double total, int bins, bool separatesRare)
    {
        var chosen = new List<double>();
        double cumulated = 0;
        double greatest = 0;
        int passed = 0;
        int last = counts.Length - 1;
        double least = 0.25 * total / counts.Length / bins;
        int occupied = 0;
        foreach (double count in counts)
        {
            occupied += count > least ? 1 : 0;
        }

        bool isEach = separatesRare && occupied <= bins;

        // The bin behind the last edge has to hold rows too: what is above the last occupied cell gives no edge.
        double end = total - least;
        for (int cell = 0; cell < last && chosen.Count < bins - 1; cell++)
        {
            cumulated += counts[cell];
            greatest = Math.Max(greatest, cumulated);
            int reached = (int)Math.Min(bins, Math.Floor(greatest / total * bins * (1 + 1e-9)));
            if ((isEach ? counts[cell] > least : reached > passed) && greatest < end)
            {
                chosen.Add(grid.Edges[cell]);
                passed = reached;
            }
        }

        return Distinct(chosen.ToArray());
    }

    private static double MeanLabel(DataSchema schema, int cells, ReadOnlySpan<double> counts, double total)
    {
        if (schema.LabelKind == LabelKind.Binary)
        {
            double ones = counts[1] / (counts[0] + counts[1]);
            return double.IsFinite(ones) ? Math.Clamp(ones, 0, 1) : 0.5;
        }

        var grid = new TreeGrid(schema.Label, cells);
        double mean = 0;
        for (int cell = 0; cell < counts.Length; cell++)
        {
            double below = cell == 0 ? schema.Label.LowerBound : grid.Edges[cell - 1];
            double above = cell == counts.Length - 1 ? schema.Label.UpperBound : grid.Edges[cell];
            mean += counts[cell] / total * (below + ((above - below) / 2));
        }

        return Math.Clamp(mean, schema.Label.LowerBound, schema.Label.UpperBound);
    }

    private static double[] Distinct(ReadOnlySpan<double> ascending)
    {
        var distinct = new List<double>(ascending.Length);
        foreach (double edge in ascending)
        {
            if (distinct.Count == 0 || edge > distinct[^1])
            {
                distinct.Add(edge);
            }
        }

        return [.. distinct];
    }
}
