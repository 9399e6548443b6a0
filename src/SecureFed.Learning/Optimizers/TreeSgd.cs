using System.Numerics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Optimizers;

/// <summary>DP-FTRL: gradient steps along differences of noised prefix sums, which come from a tree of sums and are noisier only with the logarithm of the rounds.</summary>
/// <remarks>
/// <para>Kairouz et al. 2021 (arXiv 2103.00039), Algorithm 1 and Appendix D. Round t of an epoch brings node t of a Fenwick tree over the L rounds: the sum of the rounds
/// (t - lowbit(t), t]. The prefix sum S(t) is node t plus the nodes of S(t - lowbit(t)), so Δ = -(S(t) - S(t - 1))/B - (λ/N)·w takes node t and gives back those nodes of
/// S(t - 1) that it replaces, with their noise. With <see cref="PlainRule"/> this is DP-FTRL, with <see cref="MomentumRule"/> its momentum variant (Section 4); the sums restart with each epoch.</para>
/// <para>State: t, then the nodes of S(t), earliest first, at most ⌊log₂ L⌋ + 1 vectors as long as the parameters, then the rule's state.</para>
/// <para>Assumes: rounds of an epoch in order, none left out. Clients that miss a round's own node are in later ones, so their rows are late and not lost.</para>
/// </remarks>
/// <param name="rule">How far to go.</param>
/// <param name="leaves">L, at least 1.</param>
/// <param name="expectedRecords">B, positive: the public expected number of rows of one leaf.</param>
/// <param name="penaltyPerRow">λ/N, at least 0.</param>
/// <param name="layers">Where the weights stand; null: everywhere but last, where the intercept is.</param>
public sealed class TreeSgd(IServerRule rule, int leaves, double expectedRecords, double penaltyPerRow, IReadOnlyList<DenseLayer>? layers = null) : IServerOptimizer
{
    private readonly RecordSgd step = new(rule, expectedRecords, penaltyPerRow, layers);

    /// <inheritdoc/>
    public string Name => "tree-sgd";

    /// <summary>How far to go.</summary>
    public IServerRule Rule => step.Rule;

    /// <summary>L.</summary>
    public int Leaves { get; } = leaves >= 1 ? leaves : throw new ArgumentOutOfRangeException(nameof(leaves), "A tree has at least one leaf.");

    /// <summary>B.</summary>
    public double ExpectedRecords => step.ExpectedRecords;

    /// <summary>λ/N.</summary>
    public double PenaltyPerRow => step.PenaltyPerRow;

    /// <inheritdoc/>
    /// <param name="parameterCount">Number of parameters.</param>
    /// <param name="clipNorm">Largest L2 norm of one row's gradient.</param>
    public VectorLayout Layout(int parameterCount, double clipNorm) => step.Layout(parameterCount, clipNorm);

    /// <inheritdoc/>
    public double[] InitialState(int parameterCount) => [0, .. Rule.InitialState(parameterCount)];

    /// <inheritdoc/>
    public ServerStep Step(ReadOnlySpan<double> parameters, ReadOnlySpan<double> state, ReadOnlySpan<double> sum, int survivors)
    {
        double[] before = state.IsEmpty ? InitialState(parameters.Length) : state.ToArray();
        int t = RequireRound(before, parameters.Length);
        int held = BitOperations.PopCount((uint)t);
        ReadOnlySpan<double> nodes = before.AsSpan(1, held * parameters.Length);
        t++;

        // Node t sums what as many of the latest nodes held as t has trailing zeros: they go, it comes.
        int replaced = BitOperations.TrailingZeroCount(t);
        ReadOnlySpan<double> kept = nodes[..^(replaced * parameters.Length)];
        double[] difference = sum.ToArray();
        for (int i = kept.Length; i < nodes.Length; i++)
        {
            difference[i % parameters.Length] -= nodes[i];
        }

        ServerStep next = step.Step(parameters, before.AsSpan(1 + nodes.Length), difference, survivors);
        return new ServerStep(next.Parameters, t == Leaves ? [0, .. next.State] : [t, .. kept, .. sum, .. next.State]);
    }

    private int RequireRound(double[] state, int parameterCount)
    {
        int t = state[0] >= 0 && state[0] < Leaves && Math.Floor(state[0]) == state[0] ? (int)state[0] : -1;
        int expected = 1 + (BitOperations.PopCount((uint)Math.Max(t, 0)) * parameterCount) + Rule.InitialState(parameterCount).Length;
        return t >= 0 && state.Length == expected
            ? t
            : throw new ArgumentException("The state belongs to no round of this tree.", nameof(state));
    }
}
