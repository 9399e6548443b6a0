using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Optimizers;

/// <summary><see cref="FedAvg"/> whose clients correct every local step by c - ∇L_i(a), so that their models do not drift apart: SCAFFOLD for clients without state.</summary>
/// <remarks>
/// <para>SCAFFOLD (Karimireddy et al. 2020, Algorithm 1, option I) lets each client keep the gradient c_i that it had at the last model it received, and gives all of them the
/// mean c. Here nobody keeps anything: besides <c>[w·Δ | w]</c> a client sends w·∇L_i(θ), its full gradient at the model it received; the server publishes the mean c with the
/// model a = θ at which it was taken, and in the next round each client computes ∇L_i(a) anew. With all clients in both sums, Σ w·(c - ∇L_i(a)) = 0: corrections move no mean.
/// (Mime, Karimireddy et al. 2021, also does without state, but asks for the gradients at the new model in a round of their own.) Taking ∇L_i at the <i>new</i>
/// model instead would mix gradients of two models; for local runs that reach their optimum the error then obeys e(t+1) = e(t) - e(t-1), which oscillates for ever.</para>
/// <para>What it releases: per round the sum of the clients' gradients besides that of their updates. With noise it has the same as every other coordinate: the segment's norm bound
/// counts in the sensitivity, so the noise on w·Δ grows by about √2, and noise in c moves all local steps of the next round alike. The model blob grows by two vectors.</para>
/// <para>State: the rule's, then c, then a; before the first round the rule's alone. A client finds c and a at the end of it, <see cref="TryRead"/>.</para>
/// </remarks>
/// <param name="average">Averages and steps.</param>
/// <param name="gradientNorm">Largest L2 norm of w·∇L_i.</param>
public sealed class DriftCorrection(FedAvg average, double gradientNorm) : IServerOptimizer
{
    /// <summary>Segment of w·∇L_i.</summary>
    public const string Gradient = "gradient";

    /// <inheritdoc/>
    public string Name => "fedavg-corrected";

    /// <summary>A client's vector.</summary>
    /// <param name="averaged">Its vector for <see cref="FedAvg"/>; w comes last.</param>
    /// <param name="gradient">∇L_i at the round's model, as long as the model.</param>
    public static double[] CreateVector(ReadOnlySpan<double> averaged, ReadOnlySpan<double> gradient)
    {
        if (averaged.Length != gradient.Length + 1)
        {
            throw new ArgumentException($"A gradient of {gradient.Length} coordinates does not fit an update of {averaged.Length - 1}.", nameof(gradient));
        }

        double[] vector = [.. averaged, .. gradient];
        double weight = averaged[^1];
        foreach (ref double x in vector.AsSpan(averaged.Length))
        {
            x *= weight;
        }

        return vector;
    }

    /// <summary>What the server's state tells clients; false before the first round, when there is nothing to correct by.</summary>
    /// <param name="state">State after the last step, or empty.</param>
    /// <param name="parameterCount">Weights and intercept.</param>
    /// <param name="mean">c.</param>
    /// <param name="anchor">a: the model at which c was taken.</param>
    public static bool TryRead(ReadOnlySpan<double> state, int parameterCount, out ReadOnlySpan<double> mean, out ReadOnlySpan<double> anchor)
    {
        if (state.Length < 2 * parameterCount)
        {
            mean = [];
            anchor = [];
            return false;
        }

        mean = state[^(2 * parameterCount)..^parameterCount];
        anchor = state[^parameterCount..];
        return true;
    }

    /// <inheritdoc/>
    public VectorLayout Layout(int parameterCount, double clipNorm) =>
        new([.. average.Layout(parameterCount, clipNorm).Segments, new VectorSegment(Gradient, parameterCount, gradientNorm)]);

    /// <inheritdoc/>
    public double[] InitialState(int parameterCount) => average.InitialState(parameterCount);

    /// <inheritdoc/>
    public ServerStep Step(ReadOnlySpan<double> parameters, ReadOnlySpan<double> state, ReadOnlySpan<double> sum, int survivors)
    {
        double[] mean = Layout(parameters.Length, 1).Slice(sum, Gradient).ToArray();
        ReadOnlySpan<double> averaged = sum[..^parameters.Length];
        ServerStep step = average.Step(parameters, RuleState(state, parameters.Length), averaged, survivors);
        double divisor = average.DivisorOf(averaged, survivors);
        foreach (ref double x in mean.AsSpan())
        {
            x /= divisor;
        }

        return new ServerStep(step.Parameters, [.. step.State, .. FiniteModel.Require(mean), .. parameters]);
    }

    private ReadOnlySpan<double> RuleState(ReadOnlySpan<double> state, int parameterCount)
    {
        int length = average.InitialState(parameterCount).Length;
        return state.IsEmpty || state.Length == length || state.Length == length + (2 * parameterCount)
            ? state[..Math.Min(length, state.Length)]
            : throw new ArgumentException($"The state has {state.Length} numbers; the rule keeps {length}, and gradient and model are {parameterCount} each.", nameof(state));
    }
}
