namespace SecureFed.Learning.Explanation;

/// <summary>Reads one group's figures from its noisy cells.</summary>
internal static class GroupCounts
{
    private const double LeastRows = 30;
    private const double RowResolution = 10;
    private const double LeastOfClass = 10;
    private const double ClassResolution = 5;

    /// <param name="name">Of the group.</param>
    /// <param name="cells">Rows by label and predicted class (00, 01, 10, 11), then the sum of p - ½.</param>
    /// <param name="noise">Standard deviation of the noise of each.</param>
    public static GroupMetrics Read(string name, ReadOnlySpan<double> cells, double noise)
    {
        (double trueNegatives, double falsePositives, double falseNegatives, double truePositives) = (cells[0], cells[1], cells[2], cells[3]);
        double negatives = trueNegatives + falsePositives;
        double positives = falseNegatives + truePositives;
        double rows = negatives + positives;
        Estimate count = new(Math.Max(0, rows), 2 * noise);
        if (!(rows >= Math.Max(LeastRows, RowResolution * 2 * noise)))
        {
            return new GroupMetrics(name, count, false, null, null, null, null, null, null);
        }

        double mean = Math.Clamp(0.5 + (cells[4] / rows), 0, 1);
        double meanNoise = noise * Math.Sqrt(1 + (4 * (mean - 0.5) * (mean - 0.5))) / rows;
        return new GroupMetrics(
            name,
            count,
            true,
            Share(positives, 2, rows, 4, noise),
            Share(falsePositives + truePositives, 2, rows, 4, noise),
            new Estimate(mean, Math.Sqrt((meanNoise * meanNoise) + (mean * (1 - mean) / rows))),
            Share(trueNegatives + truePositives, 2, rows, 4, noise),
            IsResolvedClass(positives, noise) ? Share(truePositives, 1, positives, 2, noise) : null,
            IsResolvedClass(negatives, noise) ? Share(falsePositives, 1, negatives, 2, noise) : null);
    }

    /// <summary>Greatest less smallest of a figure among the groups that have it.</summary>
    public static Estimate? Gap(IEnumerable<GroupMetrics> groups, Func<GroupMetrics, Estimate?> figure)
    {
        Estimate[] known = [.. groups.Select(figure).OfType<Estimate>().OrderBy(e => e.Value)];
        return known.Length < 2 ? null : new Estimate(known[^1].Value - known[0].Value, Math.Sqrt((known[^1].Error * known[^1].Error) + (known[0].Error * known[0].Error)));
    }

    private static bool IsResolvedClass(double rows, double noise) => rows >= Math.Max(LeastOfClass, ClassResolution * Math.Sqrt(2) * noise);

    /// <summary>Part of a number of cells in all of them. Its cells' noise is independent, so the share q moves by (1 - q)/N with its own and by -q/N with the other cells.</summary>
    private static Estimate Share(double part, int cells, double whole, int allCells, double noise)
    {
        double share = Math.Clamp(part / whole, 0, 1);
        double disturbed = noise * Math.Sqrt((cells * (1 - share) * (1 - share)) + ((allCells - cells) * share * share)) / whole;

        // One row of each kind more, so that a share of 0 or 1 in few rows is not stated without error (Agresti and Coull 1998).
        double smoothed = ((share * whole) + 1) / (whole + 2);
        return new Estimate(share, Math.Sqrt((disturbed * disturbed) + (smoothed * (1 - smoothed) / whole)));
    }
}
