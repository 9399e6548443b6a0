using SecureFed.Learning.Data;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Preprocessing;

/// <summary>Reads means and variances, in units of the half range, from a noisy sum of <see cref="MomentRecords"/>.</summary>
/// <remarks>
/// <para>With S₁, S₂ and n the noisy sums of u, u² and 1: mean m = S₁/n, variance s - m² with s = S₂/n. To first order the noise gives the variance
/// the standard error √(σ₂² + 4m²σ₁² + (2m² - s)²σ₃²)/n, σ being the noise of the three segments.</para>
/// <para>A variance below two standard errors is drowned: it may be 0 or negative. Two standard errors then stand in for it, the largest that it is likely
/// to be, but not more than ¼ (half of the half range squared), what <see cref="Standardizer.FromBounds"/> assumes. Both are
/// functions of released numbers and cost no privacy. Too large a scale makes a column count for less; it never blows noise up.</para>
/// </remarks>
internal sealed class NoisyMoments
{
    /// <summary>Standard errors within which a variance or a count is not told from 0.</summary>
    public const double Resolution = 2;

    // Per row at most, relative to the segment: what keeps a constant column without noise from being scaled by the rounding of its sums.
    private const double Rounding = 1.0 / (1 << 24);
    private const double LargestFallback = Standardizer.BoundsFraction * Standardizer.BoundsFraction;
    private readonly double[] sum;
    private readonly VectorLayout layout;
    private readonly double meanNoise, squareNoise, countNoise;

    /// <param name="schema">The task's schema.</param>
    /// <param name="sum">Noisy sum in <see cref="MomentVector.Layout"/>.</param>
    /// <param name="noiseDeviations">Per segment, standard deviation of each coordinate's noise.</param>
    /// <exception cref="LearningException"><c>no-weight</c>: the number of rows is not told from 0.</exception>
    public NoisyMoments(DataSchema schema, ReadOnlySpan<double> sum, ReadOnlySpan<double> noiseDeviations)
    {
        layout = MomentVector.Layout(schema);
        NoiseDeviations.Require(layout, noiseDeviations);
        (meanNoise, squareNoise, countNoise) = (noiseDeviations[0], noiseDeviations[1], noiseDeviations[2]);
        this.sum = sum.ToArray();
        Count = layout.Slice(sum, MomentVector.Weight)[0];
        if (!double.IsFinite(Count) || Count < 0.5 || Count <= Resolution * countNoise)
        {
            throw new LearningException(
                "no-weight", "The number of rows is not told from 0 by the noisy sum.", "Repeat the standardisation with more rows or more budget, or standardise by the public bounds.");
        }
    }

    /// <summary>Noisy number of rows, positive.</summary>
    public double Count { get; }

    /// <summary>m in [-1, 1].</summary>
    public double Mean(int column) => Math.Clamp(layout.Slice(sum, MomentVector.Means)[column] / Count, -1, 1);

    /// <summary>Variance, or what stands in for it when <paramref name="isDrowned"/>; in (0, 1].</summary>
    public double Variance(int column, out bool isDrowned)
    {
        double mean = Mean(column);
        double square = Math.Clamp(layout.Slice(sum, MomentVector.Squares)[column] / Count, 0, 1);
        double countWeight = (2 * mean * mean) - square;
        double error = Math.Sqrt(
            (squareNoise * squareNoise) + (4 * mean * mean * meanNoise * meanNoise) + (countWeight * countWeight * countNoise * countNoise)) / Count;
        error = Math.Max(error, Rounding);
        double variance = square - (mean * mean);
        isDrowned = !(variance > Resolution * error);
        return isDrowned ? Math.Min(Resolution * error, LargestFallback) : variance;
    }
}
