namespace SecureFed.Client.Rounds;

/// <summary>A client's records, each as the vector that it contributes to one round. For tasks that protect single records.</summary>
/// <remarks>Records are clipped, rounded and summed one by one inside the client; only the noised and masked sum of a secret sample leaves it.</remarks>
public interface IRecordSource
{
    /// <summary>Number of records; stays on the client.</summary>
    int Count { get; }

    /// <summary>Writes the vector of one record.</summary>
    /// <param name="record">0 to <see cref="Count"/> − 1.</param>
    /// <param name="vector">Length of the round's layout: its concatenated segments, to be overwritten entirely with finite numbers.</param>
    void Write(int record, Span<double> vector);
}
