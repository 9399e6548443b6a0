using System.Runtime.ExceptionServices;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Rounds;

/// <summary>A training vector that was computed on a model before the round to which it goes was open.</summary>
/// <remarks>
/// Buffered asynchronous aggregation (Nguyen et al. 2022, FedBuff, section 3): an update that is τ rounds behind counts 1/√(1 + τ). The whole vector is scaled, with FedAvg's hidden
/// weight too, so that the mean stays one. It is used once: the same numbers in two sums could be compared.
/// </remarks>
/// <param name="TrainRounds">Training rounds behind the model that it was computed on.</param>
/// <param name="ComputedOn">Kind of round and that model (<see cref="RoundRepetition"/>).</param>
/// <param name="Values">As the trainer gave it.</param>
/// <param name="Fault">What the trainer threw instead, in a task with noise.</param>
internal sealed record StaleUpdate(int TrainRounds, Digest ComputedOn, double[] Values, Exception? Fault = null)
{
    /// <summary>The vector as it counts in a round; null if it is too old or the round asks for another vector. Throws the fault, if there is one, in the round that has to hide it.</summary>
    public double[]? For(RoundAssignment assignment)
    {
        int behind = assignment.Model.CompletedTrainRounds - TrainRounds;
        if (assignment.Round.Kind != Protocol.Rounds.RoundKind.Train || behind < 0 || behind > assignment.Task.Schedule.GreatestStaleness)
            return null;
        if (Fault is not null)
            ExceptionDispatchInfo.Throw(Fault);
        double factor = 1 / Math.Sqrt(1 + behind);
        return [.. Values.Select(value => factor * value)];
    }
}
