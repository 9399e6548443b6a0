namespace SecureFed.Learning.Optimizers;

/// <summary>How far the server goes along a direction: the second half of a server optimiser, whose first half makes the direction from the clients' sum.</summary>
/// <remarks>
/// Pure: state goes in and comes out, and belongs to one model. A rule reads nothing but the direction, so that it costs no privacy beyond the sum's.
/// A direction points downhill: the mean of the clients' model differences, or the negative gradient.
/// </remarks>
public interface IServerRule
{
    /// <summary>State before the first step; empty when the rule keeps none.</summary>
    double[] InitialState(int parameterCount);

    /// <summary>One step.</summary>
    /// <param name="parameters">The global model.</param>
    /// <param name="state">State after the last step, or <see cref="InitialState"/>; empty means the latter as well.</param>
    /// <param name="direction">As long as the parameters.</param>
    /// <exception cref="LearningException"><c>model-not-finite</c>: the step cannot be used.</exception>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    ServerStep Step(ReadOnlySpan<double> parameters, ReadOnlySpan<double> state, ReadOnlySpan<double> direction);
}
