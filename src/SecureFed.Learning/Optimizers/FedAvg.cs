using SecureFed.Learning.Training;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Optimizers;

/// <summary>A server rule along Σ w·Δ / Σ w: the mean of the clients' local models, weighted by their rows (McMahan et al. 2017).</summary>
/// <remarks>Clients send <c>[w·Δ | w]</c> with w = rows/maximum rows; the server sees neither a client's w nor its Δ, only the two sums.</remarks>
/// <param name="rule">How far the server goes along the mean difference.</param>
/// <param name="leastMeanWeight">
/// The divisor is at least this times the number of clients, 0 to 1; 0 does without. With noise the sum of weights can come near 0 or below, which
/// would make a step of noise alone as long as one likes (McMahan et al. 2018, "Learning differentially private recurrent language models", section 3: the clipped estimator).
/// </param>
public sealed class FedAvg(IServerRule rule, double leastMeanWeight = 0) : IServerOptimizer
{
    /// <summary>Segment of w·Δ.</summary>
    public const string WeightedDelta = "delta";

    /// <summary>Segment of w.</summary>
    public const string Weight = "weight";

    // Half of the smallest weight that a task with a million rows per client could have: below it the sum is rounding or noise.
    private const double LeastWeight = 5e-7;

    /// <summary>θ += serverRate · mean difference.</summary>
    /// <param name="serverRate">Positive; 1 is the plain average.</param>
    public FedAvg(double serverRate = 1)
        : this(new PlainRule(serverRate))
    {
    }

    /// <inheritdoc/>
    public string Name => "fedavg";

    /// <summary>How far the server goes along the mean difference.</summary>
    public IServerRule Rule { get; } = rule;

    /// <summary>A client's vector.</summary>
    /// <param name="update">Outcome of local training.</param>
    /// <param name="maxRows">The task's public maximum of rows per client.</param>
    /// <exception cref="Data.DataException"><c>too-few-rows</c> or <c>too-many-rows</c>.</exception>
    public static double[] CreateVector(LocalUpdate update, int maxRows)
    {
        double weight = RowWeight.Of(update.Rows, maxRows);
        return [.. update.Delta.Select(delta => weight * delta), weight];
    }

    /// <inheritdoc/>
    public VectorLayout Layout(int parameterCount, double clipNorm) =>
        new(new VectorSegment(WeightedDelta, parameterCount, clipNorm), new VectorSegment(Weight, 1, 1));

    /// <inheritdoc/>
    public double[] InitialState(int parameterCount) => Rule.InitialState(parameterCount);

    /// <inheritdoc/>
    public ServerStep Step(ReadOnlySpan<double> parameters, ReadOnlySpan<double> state, ReadOnlySpan<double> sum, int survivors)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(survivors, 1);
        double weight = DivisorOf(sum, survivors);
        return RuleArguments.StepAlong(Rule, parameters, state, Layout(parameters.Length, 1).Slice(sum, WeightedDelta), weight);
    }

    /// <summary>What a sum is divided by: its weight, the last coordinate, or more if that is small.</summary>
    /// <exception cref="LearningException"><c>no-weight</c>.</exception>
    internal double DivisorOf(ReadOnlySpan<double> sum, int survivors)
    {
        double weight = Math.Max(sum[^1], leastMeanWeight * survivors);
        return weight > LeastWeight
            ? weight
            : throw new LearningException("no-weight", "The sum of the clients' row weights is not positive.", "Repeat the round with clients that hold rows.");
    }
}
