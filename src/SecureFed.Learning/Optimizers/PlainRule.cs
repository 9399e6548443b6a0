namespace SecureFed.Learning.Optimizers;

/// <summary>θ += η·Δ. Keeps no state.</summary>
/// <param name="rate">η, positive; 1 is the plain average of FedAvg.</param>
public sealed class PlainRule(double rate) : IServerRule
{
    /// <summary>η.</summary>
    public double Rate { get; } = RuleArguments.RequireRate(rate);

    /// <inheritdoc/>
    public double[] InitialState(int parameterCount) => [];

    /// <inheritdoc/>
    public ServerStep Step(ReadOnlySpan<double> parameters, ReadOnlySpan<double> state, ReadOnlySpan<double> direction) => Step(parameters, direction, 1);

    // (η·sum)/divisor, in this order: η·(sum/divisor) may differ in the last bit, and then a log written before rules existed would not replay.
    internal ServerStep Step(ReadOnlySpan<double> parameters, ReadOnlySpan<double> sum, double divisor)
    {
        RuleArguments.RequireLength(parameters, sum);
        double[] next = parameters.ToArray();
        for (int j = 0; j < next.Length; j++)
        {
            next[j] += Rate * sum[j] / divisor;
        }

        return new ServerStep(FiniteModel.Require(next), []);
    }
}
