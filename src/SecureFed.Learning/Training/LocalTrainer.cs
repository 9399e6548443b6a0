using SecureFed.Learning.Data;
using SecureFed.Learning.Models;

namespace SecureFed.Learning.Training;

/// <summary>The client's part of federated learning, before clipping.</summary>
public static class LocalTrainer
{
    // A loss this far above the one of the received model cannot be a rough start; parameters will overflow next.
    private const double ExplosionFactor = 1e9;

    /// <summary>FedAvg: several epochs of batches from the global model (McMahan et al. 2017, Algorithm 1, ClientUpdate).</summary>
    /// <param name="model">The global model of this round.</param>
    /// <param name="data">The client's standardised rows.</param>
    /// <param name="objective">Loss, penalty and N of the task.</param>
    /// <param name="options">The task's local training.</param>
    /// <param name="round">Counted from 1; sets the learning rate.</param>
    /// <param name="shuffleSeed">Order of the rows. Not a secret, but differing between clients and rounds.</param>
    /// <exception cref="TrainingDivergedException">The loss or a parameter ran away.</exception>
    /// <exception cref="ArgumentException">Features and model do not fit, no rows, or options out of range.</exception>
    public static LocalUpdate Train(
        GlobalModel model, DataSet data, Objective objective, LocalTrainingOptions options, int round, ulong shuffleSeed)
    {
        Require(model, data, objective);
        options.Validate();
        double[] parameters = model.Parameters.ToArray();
        var gradient = new double[parameters.Length];
        var stepper = new Stepper(options, round, parameters.Length);
        var order = new DeterministicSequence(shuffleSeed, (ulong)round);
        int[] rows = [.. Enumerable.Range(0, data.Rows)];
        double limit = ExplosionFactor * (1 + objective.Mean(parameters, data));
        double loss = 0;
        for (int epoch = 0; epoch < options.Epochs; epoch++)
        {
            order.Shuffle<int>(rows);
            loss = 0;
            for (int start = 0; start < rows.Length; start += Math.Min(options.BatchSize, rows.Length))
            {
                ReadOnlySpan<int> batch = rows.AsSpan(start, Math.Min(options.BatchSize, rows.Length - start));
                double batchLoss = objective.Gradient(parameters, data, batch, gradient);
                if (!(batchLoss <= limit))
                {
                    throw new TrainingDivergedException(round, batchLoss);
                }

                loss += batchLoss * batch.Length / rows.Length;
                stepper.Step(parameters, gradient);
            }
        }

        double finalLoss = objective.Mean(parameters, data);
        return finalLoss <= limit
            ? new LocalUpdate(Difference(parameters, model.Parameters), loss, data.Rows)
            : throw new TrainingDivergedException(round, finalLoss);
    }

    /// <summary>FedSGD: the gradient of the client's mean loss at the global model, over all its rows.</summary>
    /// <exception cref="ArgumentException">Features and model do not fit, or no rows.</exception>
    public static double[] FullGradient(GlobalModel model, DataSet data, Objective objective)
    {
        Require(model, data, objective);
        var gradient = new double[model.Parameters.Length];
        int[] rows = [.. Enumerable.Range(0, data.Rows)];
        objective.Gradient(model.Parameters, data, rows, gradient);
        return gradient;
    }

    private static void Require(GlobalModel model, DataSet data, Objective objective)
    {
        if (data.Rows == 0 || data.FeatureCount != model.FeatureCount || objective.Kind != model.Kind || objective.TotalRows < 1
            || (objective.Model ?? model.Shape).ParameterCount != model.Parameters.Length)
        {
            throw new ArgumentException(
                $"A {model.Kind} model of {model.FeatureCount} features cannot be trained on {data.Rows} rows of {data.FeatureCount} features for a {objective.Kind} objective.",
                nameof(data));
        }
    }

    private static double[] Difference(ReadOnlySpan<double> local, ReadOnlySpan<double> global)
    {
        double[] delta = local.ToArray();
        for (int j = 0; j < delta.Length; j++)
        {
            delta[j] -= global[j];
        }

        return delta;
    }
}
