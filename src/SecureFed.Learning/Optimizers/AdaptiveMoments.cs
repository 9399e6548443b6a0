namespace SecureFed.Learning.Optimizers;

/// <summary>What the adaptive rules of Reddi et al. 2021, Algorithm 2, share: all but the line that updates v.</summary>
internal sealed class AdaptiveMoments(double rate, double beta1, double tau)
{
    public double Rate { get; } = RuleArguments.RequireRate(rate);

    public double Beta1 { get; } = RuleArguments.RequireDecay(beta1, nameof(beta1));

    public double Tau { get; } = tau > 0 && double.IsFinite(tau) ? tau : throw new ArgumentOutOfRangeException(nameof(tau), "tau is positive.");

    /// <summary><c>[m | v]</c> = <c>[0 | τ²]</c>: the paper asks for v at least τ².</summary>
    public double[] InitialState(int parameterCount)
    {
        var state = new double[2 * parameterCount];
        state.AsSpan(parameterCount).Fill(Tau * Tau);
        return state;
    }

    /// <param name="parameters">The global model.</param>
    /// <param name="state"><c>[m | v]</c>. Overwritten.</param>
    /// <param name="direction">Δ.</param>
    /// <param name="secondMoment">The new v from the old one and Δ²; not negative.</param>
    public ServerStep Step(ReadOnlySpan<double> parameters, double[] state, ReadOnlySpan<double> direction, Func<double, double, double> secondMoment)
    {
        RuleArguments.RequireLength(parameters, direction);
        Span<double> m = state.AsSpan(..parameters.Length);
        Span<double> v = state.AsSpan(parameters.Length);
        double[] next = parameters.ToArray();
        for (int j = 0; j < next.Length; j++)
        {
            m[j] = (Beta1 * m[j]) + ((1 - Beta1) * direction[j]);
            v[j] = secondMoment(v[j], direction[j] * direction[j]);
            next[j] += Rate * m[j] / (Math.Sqrt(v[j]) + Tau);
        }

        return new ServerStep(FiniteModel.Require(next), FiniteModel.Require(state));
    }
}
