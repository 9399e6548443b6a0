namespace SecureFed.Client.Rounds;

/// <summary>Gives the vectors of single records, as tasks with privacy unit record demand: there <see cref="SecureFedClient.RunAsync"/> calls this instead of <see cref="ILocalTrainer"/>.</summary>
public interface IRecordTrainer
{
    /// <returns>All records of this client; the sample is drawn afterwards, by the client library.</returns>
    ValueTask<IRecordSource> OpenRecordsAsync(RoundAssignment assignment, CancellationToken cancellationToken = default);
}
