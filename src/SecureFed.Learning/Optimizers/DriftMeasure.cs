using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Optimizers;

/// <summary>Another optimiser whose clients also send w·‖Δ‖², so that its sum tells how far their updates lie apart, and nobody's.</summary>
/// <remarks>
/// <para>Dispersion = Σ w·‖Δ_i‖²/Σ w - ‖Σ w·Δ_i/Σ w‖² = Σ w·‖Δ_i - mean‖²/Σ w, never negative: the weighted variance of the local models around their mean. For
/// <see cref="FedSgd"/> Δ is the gradient and w is 1.</para>
/// <para>The one coordinate is bounded by C², which w·‖Δ‖² keeps whenever ‖Δ‖ ≤ C. A client whose ‖Δ‖ is larger may be cut there (the pipeline clips each segment), and the dispersion
/// is then too small. Square and norm are of the update as it is clipped.</para>
/// <para>What it releases: one more number per round. With noise it has the same as every other coordinate, and its bound counts in the sensitivity.</para>
/// </remarks>
/// <param name="inner">Steps the model.</param>
public sealed class DriftMeasure(IServerOptimizer inner) : IServerOptimizer
{
    /// <summary>Segment of w·‖Δ‖².</summary>
    public const string Square = "square";

    /// <inheritdoc/>
    public string Name => inner.Name;

    /// <summary>A client's vector.</summary>
    /// <param name="vector">Its vector for the inner optimiser: w·Δ, w if there are weights, and what else it asks for.</param>
    /// <param name="parameterCount">Length of w·Δ.</param>
    /// <param name="weight">w, positive; 1 where there are none.</param>
    /// <param name="clipNorm">C.</param>
    public static double[] CreateVector(ReadOnlySpan<double> vector, int parameterCount, double weight, double clipNorm)
    {
        double norm = Norm(vector[..parameterCount]);
        double clipped = Math.Min(norm, clipNorm);
        return [.. vector, clipped * (clipped / weight)];
    }

    /// <summary>Reads the dispersion from a sum.</summary>
    /// <param name="sum">Sum of the survivors' vectors, the square last.</param>
    /// <param name="parameterCount">Length of Σ w·Δ.</param>
    /// <param name="weight">Σ w, positive; the number of survivors where there are no weights.</param>
    /// <param name="updateNoise">Standard deviation of the noise in each coordinate of Σ w·Δ; 0 without.</param>
    /// <param name="squareNoise">Standard deviation of the noise in the sum of squares; 0 without.</param>
    public static ClientDrift Decode(ReadOnlySpan<double> sum, int parameterCount, double weight, double updateNoise, double squareNoise)
    {
        // The noise adds d·σ² to the squared norm of the sum on average; without it the sums are the squares' own.
        double noiseSquare = parameterCount * updateNoise * updateNoise;
        double norm = Norm(sum[..parameterCount]);
        double meanSquare = ((norm * norm) - noiseSquare) / (weight * weight);
        double dispersion = (sum[^1] / weight) - meanSquare;

        // Var ‖x + n‖² = 4‖x‖²σ² + 2dσ⁴, with ‖x‖² at most what was seen.
        double normNoise = updateNoise * Math.Sqrt((4 * norm * norm) + (2 * noiseSquare)) / (weight * weight);
        double deviation = Math.Sqrt((squareNoise / weight * (squareNoise / weight)) + (normNoise * normNoise));
        return new ClientDrift(Math.Max(0, dispersion), Math.Max(0, meanSquare), deviation);
    }

    /// <inheritdoc/>
    public VectorLayout Layout(int parameterCount, double clipNorm) =>
        new([.. inner.Layout(parameterCount, clipNorm).Segments, new VectorSegment(Square, 1, clipNorm * clipNorm)]);

    /// <inheritdoc/>
    public double[] InitialState(int parameterCount) => inner.InitialState(parameterCount);

    /// <inheritdoc/>
    public ServerStep Step(ReadOnlySpan<double> parameters, ReadOnlySpan<double> state, ReadOnlySpan<double> sum, int survivors) =>
        inner.Step(parameters, state, sum[..^1], survivors);

    private static double Norm(ReadOnlySpan<double> vector)
    {
        double square = 0;
        foreach (double x in vector)
        {
            square += x * x;
        }

        return Math.Sqrt(square);
    }
}
