using SecureFed.Learning.Data;
using SecureFed.Learning.Preprocessing;

namespace SecureFed.Learning.Explanation;

/// <summary>The public values at which a feature is set: mean -2 to +2 standard deviations in nine steps, kept within the public bounds.</summary>
/// <remarks>
/// Means and deviations are the released ones, so that the grid costs no privacy. The weights are those of a normal density at the nine places: the marginal that stands in
/// for the values of other rows where single rows are protected.
/// </remarks>
public static class DependenceGrid
{
    /// <summary>G: places per feature.</summary>
    public const int Points = 9;

    private const double Reach = 2;

    /// <summary>Share of each place in the public marginal; they add up to 1.</summary>
    public static IReadOnlyList<double> Weights { get; } = Normalise([.. Enumerable.Range(0, Points).Select(k => Math.Exp(-Place(k) * Place(k) / 2))]);

    /// <summary>Values of one feature in its own unit, ascending; several are equal where the bounds cut them off.</summary>
    public static double[] Of(FeatureSchema feature, double mean, double scale) =>
        [.. Enumerable.Range(0, Points).Select(k => Math.Clamp(mean + (Place(k) * scale), feature.LowerBound, feature.UpperBound))];

    /// <summary>The same, standardised, for every feature: row by row, one row a feature.</summary>
    internal static double[] Standardised(DataSchema schema, Standardizer marginal, Standardizer standardizer)
    {
        var grid = new double[schema.Features.Count * Points];
        for (int j = 0; j < schema.Features.Count; j++)
        {
            (double mean, double scale) = (standardizer.Means[j], standardizer.Scales[j]);
            double[] values = Of(schema.Features[j], marginal.Means[j], marginal.Scales[j]);
            for (int k = 0; k < Points; k++)
            {
                grid[(j * Points) + k] = (values[k] - mean) / scale;
            }
        }

        return grid;
    }

    private static double Place(int k) => (k * (2 * Reach / (Points - 1))) - Reach;

    private static double[] Normalise(double[] weights)
    {
        double sum = weights.Sum();
        return [.. weights.Select(w => w / sum)];
    }
}
