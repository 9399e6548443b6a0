namespace SecureFed.Learning.Optimizers;

/// <summary>v = β·v + Δ, θ += η·v: FedAvgM of Hsu, Qi and Brown 2019.</summary>
/// <remarks>
/// A constant direction is followed at up to η/(1 - β) of its length, so a rate that suits <see cref="PlainRule"/> is too large here.
/// State: v, as long as the parameters, 0 at first.
/// </remarks>
/// <param name="rate">η, positive.</param>
/// <param name="momentum">β in [0, 1).</param>
public sealed class MomentumRule(double rate, double momentum = 0.9) : IServerRule
{
    /// <summary>η.</summary>
    public double Rate { get; } = RuleArguments.RequireRate(rate);

    /// <summary>β.</summary>
    public double Momentum { get; } = RuleArguments.RequireDecay(momentum, nameof(momentum));

    /// <inheritdoc/>
    public double[] InitialState(int parameterCount) => new double[parameterCount];

    /// <inheritdoc/>
    public ServerStep Step(ReadOnlySpan<double> parameters, ReadOnlySpan<double> state, ReadOnlySpan<double> direction)
    {
        RuleArguments.RequireLength(parameters, direction);
        double[] velocity = RuleArguments.StateOrInitial(this, parameters.Length, state);
        double[] next = parameters.ToArray();
        for (int j = 0; j < next.Length; j++)
        {
            velocity[j] = (Momentum * velocity[j]) + direction[j];
            next[j] += Rate * velocity[j];
        }

        return new ServerStep(FiniteModel.Require(next), FiniteModel.Require(velocity));
    }
}
