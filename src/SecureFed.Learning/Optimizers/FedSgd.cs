using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Training;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Optimizers;

/// <summary>θ(t+1) = θ(t) - α·(1/n)·Σ ∇L_i(θ(t)): every survivor counts the same, whatever its number of rows.</summary>
/// <param name="learningRate">α, positive.</param>
public sealed class FedSgd(double learningRate) : IServerOptimizer
{
    /// <summary>Segment of the gradient.</summary>
    public const string Gradient = "gradient";

    /// <inheritdoc/>
    public string Name => "fedsgd";

    /// <summary>α.</summary>
    public double LearningRate { get; } = learningRate > 0 && double.IsFinite(learningRate)
        ? learningRate
        : throw new ArgumentOutOfRangeException(nameof(learningRate), "The learning rate is positive.");

    /// <summary>A client's vector: the gradient of its mean loss, without a weight.</summary>
    public static double[] CreateVector(GlobalModel model, DataSet data, Objective objective) => LocalTrainer.FullGradient(model, data, objective);

    /// <inheritdoc/>
    public VectorLayout Layout(int parameterCount, double clipNorm) => new(new VectorSegment(Gradient, parameterCount, clipNorm));

    /// <inheritdoc/>
    public double[] InitialState(int parameterCount) => [];

    /// <inheritdoc/>
    public ServerStep Step(ReadOnlySpan<double> parameters, ReadOnlySpan<double> state, ReadOnlySpan<double> sum, int survivors)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(survivors, 1);
        ReadOnlySpan<double> gradients = Layout(parameters.Length, 1).Slice(sum, Gradient);
        double[] next = parameters.ToArray();
        for (int j = 0; j < next.Length; j++)
        {
            next[j] -= LearningRate * gradients[j] / survivors;
        }

        return new ServerStep(FiniteModel.Require(next), []);
    }
}
