namespace SecureFed.Learning.Training;

/// <summary>From batch gradients to the direction of one local step: their mean over k batches, the correction of drift and the proximal term.</summary>
/// <remarks>
/// The proximal term μ/2·‖θ - θ_global‖² is FedProx's (Li et al. 2020, Algorithm 2); the intercept belongs to θ. Batches count by their rows, so that k batches give the gradient of
/// one batch k times as large, up to rounding. With k = 1, μ = 0 and no correction a gradient passes unchanged.
/// </remarks>
/// <param name="options">k and μ.</param>
/// <param name="global">θ_global.</param>
/// <param name="correction">c - ∇L_i(a), or empty.</param>
internal sealed class LocalDirection(LocalTrainingOptions options, double[] global, double[] correction)
{
    private readonly double[] sum = new double[options.AccumulatedBatches > 1 ? global.Length : 0];
    private int batches;
    private int rows;

    /// <summary>Whether k batches are there.</summary>
    public bool IsComplete => batches == options.AccumulatedBatches;

    /// <param name="gradient">Mean gradient of a batch. Kept unless k is 1.</param>
    /// <param name="batchRows">Its rows.</param>
    public void Add(ReadOnlySpan<double> gradient, int batchRows)
    {
        batches++;
        rows += batchRows;
        for (int j = 0; j < sum.Length; j++)
        {
            sum[j] += gradient[j] * batchRows;
        }
    }

    /// <summary>Turns the gradient of the last batch into the direction of all that were added, and begins anew.</summary>
    public void Take(ReadOnlySpan<double> parameters, Span<double> gradient)
    {
        for (int j = 0; j < sum.Length; j++)
        {
            gradient[j] = sum[j] / rows;
        }

        for (int j = 0; j < correction.Length; j++)
        {
            gradient[j] += correction[j];
        }

        for (int j = 0; options.ProximalWeight > 0 && j < gradient.Length; j++)
        {
            gradient[j] += options.ProximalWeight * (parameters[j] - global[j]);
        }

        Array.Clear(sum);
        (batches, rows) = (0, 0);
    }
}
