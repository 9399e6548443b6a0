namespace SecureFed.Learning.Optimizers;

/// <summary>m = β1·m + (1 - β1)·Δ, v = v - (1 - β2)·Δ²·sign(v - Δ²), θ += η·m/(√v + τ): FedYogi of Reddi et al. 2021, Algorithm 2.</summary>
/// <remarks>
/// v moves by a part of Δ² and not of v - Δ² as with <see cref="AdamRule"/>: after a long direction it comes down slowly, so steps do not grow suddenly where few clients
/// know a parameter. v never becomes negative: it goes down only where it is above Δ². State: <c>[m | v]</c>, 0 and τ² at first.
/// </remarks>
/// <param name="rate">η, positive.</param>
/// <param name="beta1">β1 in [0, 1).</param>
/// <param name="beta2">β2 in [0, 1).</param>
/// <param name="tau">τ, positive.</param>
public sealed class YogiRule(double rate, double beta1 = 0.9, double beta2 = 0.99, double tau = 1e-3) : IServerRule
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
        moments.Step(parameters, RuleArguments.StateOrInitial(this, parameters.Length, state), direction, (v, square) => v - ((1 - Beta2) * square * Sign(v - square)));

    // Math.Sign refuses NaN; here a NaN goes on into the state, which is then refused with its own code.
    private static double Sign(double x) => x > 0 ? 1 : x < 0 ? -1 : x;
}
