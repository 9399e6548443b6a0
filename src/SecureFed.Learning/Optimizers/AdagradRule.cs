namespace SecureFed.Learning.Optimizers;

/// <summary>m = β1·m + (1 - β1)·Δ, v = v + Δ², θ += η·m/(√v + τ): FedAdagrad of Reddi et al. 2021, Algorithm 2.</summary>
/// <remarks>Steps shrink as directions add up, like 1/√t along a constant one: a schedule of its own, for which no number of rounds has to be known. State: <c>[m | v]</c>, 0 and τ² at first.</remarks>
/// <param name="rate">η, positive.</param>
/// <param name="beta1">β1 in [0, 1); 0, without momentum, as in the paper's experiments.</param>
/// <param name="tau">τ, positive.</param>
public sealed class AdagradRule(double rate, double beta1 = 0, double tau = 1e-3) : IServerRule
{
    private readonly AdaptiveMoments moments = new(rate, beta1, tau);

    /// <summary>η.</summary>
    public double Rate => moments.Rate;

    /// <summary>β1.</summary>
    public double Beta1 => moments.Beta1;

    /// <summary>τ.</summary>
    public double Tau => moments.Tau;

    /// <inheritdoc/>
    public double[] InitialState(int parameterCount) => moments.InitialState(parameterCount);

    /// <inheritdoc/>
    public ServerStep Step(ReadOnlySpan<double> parameters, ReadOnlySpan<double> state, ReadOnlySpan<double> direction) =>
        moments.Step(parameters, RuleArguments.StateOrInitial(this, parameters.Length, state), direction, (v, square) => v + square);
}
