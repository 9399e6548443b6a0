namespace SecureFed.Client.Rounds;

/// <summary>Computes a client's vector for each round of a task.</summary>
public interface ILocalTrainer
{
    /// <returns>The concatenated segments of <see cref="RoundAssignment.Layout"/>, finite; clipped and protected afterwards by the client.</returns>
    ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default);
}
