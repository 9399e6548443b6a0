namespace SecureFed.Client.Rounds;

/// <summary>Computes a client's vector for each round of a task. The seam for models of your own: TRAINERS.md of this project shows one.</summary>
/// <remarks>
/// Called once per attempt at a round, after the task and the round were checked; never for two rounds at once. Need not be deterministic.
/// What it throws leaves <see cref="SecureFedClient.RunAsync"/> if the task has no noise; with noise a zero vector is contributed and <see cref="RoundOutcome.Fault"/> tells.
/// </remarks>
public interface ILocalTrainer
{
    /// <returns>
    /// The concatenated segments of <see cref="RoundAssignment.Layout"/>, finite; <see cref="RoundAssignment.CreateVector"/> makes them of one update. Clipped and protected afterwards by the client.
    /// </returns>
    ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default);
}
