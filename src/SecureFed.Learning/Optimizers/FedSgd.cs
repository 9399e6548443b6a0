using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Training;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Optimizers;

/// <summary>A server rule along -(1/n)·Σ ∇L_i(θ): every survivor counts the same, whatever its number of rows.</summary>
/// <param name="rule">How far the server goes along the negative mean gradient.</param>
public sealed class FedSgd(IServerRule rule) : IServerOptimizer
{
    /// <summary>Segment of the gradient.</summary>
    public const string Gradient = "gradient";

    /// <summary>θ(t+1) = θ(t) - α·(1/n)·Σ ∇L_i(θ(t)).</summary>
    /// <param name="learningRate">α, positive.</param>
    public FedSgd(double learningRate)
        : this(new PlainRule(learningRate))
    {
    }

    /// <inheritdoc/>
    public string Name => "fedsgd";

    /// <summary>How far the server goes along the negative mean gradient.</summary>
    public IServerRule Rule { get; } = rule;

    /// <summary>A client's vector: the gradient of its mean loss, without a weight.</summary>
    public static double[] CreateVector(GlobalModel model, DataSet data, Objective objective) => LocalTrainer.FullGradient(model, data, objective);

    /// <inheritdoc/>
    public VectorLayout Layout(int parameterCount, double clipNorm) => new(new VectorSegment(Gradient, parameterCount, clipNorm));

    /// <inheritdoc/>
    public double[] InitialState(int parameterCount) => Rule.InitialState(parameterCount);

    /// <inheritdoc/>
    public ServerStep Step(ReadOnlySpan<double> parameters, ReadOnlySpan<double> state, ReadOnlySpan<double> sum, int survivors)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(survivors, 1);
        ReadOnlySpan<double> gradients = Layout(parameters.Length, 1).Slice(sum, Gradient);

        // Subtracting and adding the negative are the same operation in IEEE 754, so the sign may move into the divisor.
        return RuleArguments.StepAlong(Rule, parameters, state, gradients, -survivors);
    }
}
