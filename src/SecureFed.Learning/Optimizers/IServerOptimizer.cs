using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Optimizers;

/// <summary>How the server steps the global model by a sum of protected vectors. Pure: state goes in and comes out.</summary>
public interface IServerOptimizer
{
    /// <summary>Name in tasks and on the command line.</summary>
    string Name { get; }

    /// <summary>Segments of the vector each client sends.</summary>
    /// <param name="parameterCount">Weights and intercept.</param>
    /// <param name="clipNorm">Largest L2 norm of a client's model segment.</param>
    VectorLayout Layout(int parameterCount, double clipNorm);

    /// <summary>State before the first round.</summary>
    double[] InitialState(int parameterCount);

    /// <summary>One step.</summary>
    /// <param name="parameters">The global model of the round.</param>
    /// <param name="state">State after the last step, or <see cref="InitialState"/>.</param>
    /// <param name="sum">Sum of the survivors' vectors in <see cref="Layout"/>.</param>
    /// <param name="survivors">Number of clients in the sum, at least 1.</param>
    /// <exception cref="LearningException"><c>no-weight</c> or <c>model-not-finite</c>: the round cannot be used.</exception>
    ServerStep Step(ReadOnlySpan<double> parameters, ReadOnlySpan<double> state, ReadOnlySpan<double> sum, int survivors);
}
