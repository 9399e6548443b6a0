using SecureFed.Learning.Models;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Optimizers;

/// <summary>DP-SGD over the union of all clients' rows, one step per round (Abadi et al. 2016, Algorithm 1): Δ = -(Σ clipped gradients + noise)/B - (λ/N)·w.</summary>
/// <remarks>
/// <para>Each client draws its rows with the public rate q and sends the sum of their clipped gradients with its share of the noise; B = q·N is the public
/// expected number of rows. The number really drawn is never sent: it would tell how many rows a client holds, and dividing by it would make the
/// step depend on one row in a way that the clip norm does not bound.</para>
/// <para>The penalty does not depend on data, so the server adds it here and the rows' gradients carry none. The intercept is not penalised.</para>
/// </remarks>
/// <param name="rule">How far to go.</param>
/// <param name="expectedRecords">
/// B, positive. Survivors do not divide the sum, for B counts rows and is public in advance; a caller whose rounds lose clients may pass B times
/// survivors over cohort, both public as well, to keep the step's length.
/// </param>
/// <param name="penaltyPerRow">λ/N, at least 0.</param>
/// <param name="layers">Where the weights stand; null: everywhere but last, where the intercept is.</param>
public sealed class RecordSgd(IServerRule rule, double expectedRecords, double penaltyPerRow, IReadOnlyList<DenseLayer>? layers = null) : IServerOptimizer
{
    /// <summary>The only segment: the sum of gradients.</summary>
    public const string Gradient = "gradient";

    /// <inheritdoc/>
    public string Name => "record-sgd";

    /// <summary>How far to go.</summary>
    public IServerRule Rule { get; } = rule;

    /// <summary>B.</summary>
    public double ExpectedRecords { get; } = expectedRecords > 0 && double.IsFinite(expectedRecords)
        ? expectedRecords
        : throw new ArgumentOutOfRangeException(nameof(expectedRecords), "The expected number of records is positive.");

    /// <summary>λ/N.</summary>
    public double PenaltyPerRow { get; } = penaltyPerRow >= 0 && double.IsFinite(penaltyPerRow)
        ? penaltyPerRow
        : throw new ArgumentOutOfRangeException(nameof(penaltyPerRow), "The penalty is not negative.");

    /// <inheritdoc/>
    /// <param name="parameterCount">Number of parameters.</param>
    /// <param name="clipNorm">Largest L2 norm of one row's gradient.</param>
    public VectorLayout Layout(int parameterCount, double clipNorm) => LayoutOf(parameterCount, clipNorm);

    /// <inheritdoc/>
    public double[] InitialState(int parameterCount) => Rule.InitialState(parameterCount);

    /// <inheritdoc/>
    public ServerStep Step(ReadOnlySpan<double> parameters, ReadOnlySpan<double> state, ReadOnlySpan<double> sum, int survivors)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(survivors, 1);
        double[] direction = LayoutOf(parameters.Length, 1).Slice(sum, Gradient).ToArray();
        foreach (ref double x in direction.AsSpan())
        {
            x /= ExpectedRecords;
        }

        foreach (DenseLayer layer in layers ?? [new DenseLayer(0, direction.Length - 1, 1)])
        {
            for (int j = layer.Start; j < layer.Start + layer.WeightCount; j++)
            {
                direction[j] += PenaltyPerRow * parameters[j];
            }
        }

        foreach (ref double x in direction.AsSpan())
        {
            x = -x;
        }

        return Rule.Step(parameters, state, direction);
    }

    internal static VectorLayout LayoutOf(int parameterCount, double clipNorm) => new(new VectorSegment(Gradient, parameterCount, clipNorm));
}
