namespace SecureFed.Learning.Optimizers;

/// <summary>m = β1·m + (1 - β1)·Δ, v = β2·v + (1 - β2)·Δ², θ += η·m/(√v + τ): FedAdam of Reddi et al. 2021, Algorithm 2.</summary>
/// <remarks>
/// As in the paper the moments are not corrected for their start, v begins at τ², and no step count is kept: the first steps have about length η per
/// parameter, the ones around the tenth twice that. State: <c>[m | v]</c>, 0 and τ² at first.
/// </remarks>
/// <param name="rate">η, positive: about the length of a step in every parameter, whatever the direction's length.</param>
/// <param name="beta1">β1 in [0, 1).</param>
/// <param name="beta2">β2 in [0, 1).</param>
/// <param name="tau">τ, positive: directions well below it are followed as by <see cref="MomentumRule"/>.</param>
public sealed class AdamRule(double rate, double beta1 = 0.9, double beta2 = 0.99, double tau = 1e-3) : IServerRule
{
    private readonly AdaptiveMoments moments = new(rate, beta1, tau);

    /// <summary>η.</summary>
    public double Rate => moments.Rate;

    /// <summary>β1.</summary>
    public double Beta1 => moments.Beta1;

    /// <summary>β2.</summary>
    public double Beta2 { get; } = RuleArguments.RequireDecay(beta2, nameof(beta2));

    /// <summary>τ.</summary>
    public double Tau => moments.Tau;

    /// <inheritdoc/>
    public double[] InitialState(int parameterCount) => moments.InitialState(parameterCount);

    /// <inheritdoc/>
    public ServerStep Step(ReadOnlySpan<double> parameters, ReadOnlySpan<double> state, ReadOnlySpan<double> direction) =>
        moments.Step(parameters, RuleArguments.StateOrInitial(this, parameters.Length, state), direction, (v, square) => (Beta2 * v) + ((1 - Beta2) * square));
}
