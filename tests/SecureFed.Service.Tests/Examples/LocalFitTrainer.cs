using SecureFed.Client.Rounds;

/// <summary>For libraries that train but show no gradient: contributes what a local fit changed, weighted by its rows (FedAvg).</summary>
/// <param name="rows">Rows of this client.</param>
/// <param name="fit">From the global parameters to the locally fitted ones.</param>
public sealed class LocalFitTrainer(int rows, Func<double[], double[]> fit) : ILocalTrainer
{
    public ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default)
    {
        double[] global = [.. assignment.Model.Parameters];
        double[] difference = [.. fit(global).Zip(global, (fitted, received) => fitted - received)];
        return new(assignment.CreateVector(difference, rows));
    }
}
