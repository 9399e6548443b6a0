using SecureFed.Client.Rounds;
using SecureFed.Protocol.Tasks;

/// <summary>Writes ∇ℓ, the gradient of one record's loss, at the parameters for which it was opened.</summary>
public delegate void RecordGradient(int record, Span<double> gradient);

/// <summary>Trains any model of which the application gives the gradient of one record, at every privacy unit.</summary>
/// <param name="records">Records of this client.</param>
/// <param name="open">From the global parameters to the gradients at them.</param>
public sealed class GradientTrainer(int records, Func<double[], RecordGradient> open) : ILocalTrainer, IRecordTrainer
{
    // Unit none or client: one vector for all records.
    public ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default)
    {
        TrainingSpecification training = assignment.Task.Training;
        double[] global = [.. assignment.Model.Parameters];
        if (training.ServerOptimizer == ServerOptimizerKind.FedSgd)
            return new(assignment.CreateVector(MeanGradient(global), records)); // the server subtracts

        double[] local = [.. global];
        for (int step = 0; step < training.LocalEpochs; step++)
        {
            double[] gradient = MeanGradient(local);
            for (int j = 0; j < local.Length; j++)
                local[j] -= training.LocalLearningRate * gradient[j];
        }

        double[] difference = [.. local.Zip(global, (trained, received) => trained - received)];
        return new(assignment.CreateVector(difference, records)); // the server adds
    }

    // Unit record: each record by itself. The library samples, clips, sums and adds noise.
    public ValueTask<IRecordSource> OpenRecordsAsync(RoundAssignment assignment, CancellationToken cancellationToken = default) =>
        new(new Source(records, open([.. assignment.Model.Parameters])));

    private double[] MeanGradient(double[] parameters)
    {
        RecordGradient gradientOf = open(parameters);
        double[] mean = new double[parameters.Length];
        double[] one = new double[parameters.Length];
        for (int record = 0; record < records; record++)
        {
            gradientOf(record, one);
            for (int j = 0; j < mean.Length; j++)
                mean[j] += one[j] / records;
        }

        return mean;
    }

    private sealed class Source(int records, RecordGradient gradientOf) : IRecordSource
    {
        public int Count => records;

        public void Write(int record, Span<double> vector) => gradientOf(record, vector);
    }
}
