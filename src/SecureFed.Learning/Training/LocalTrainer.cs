using SecureFed.Learning.Data;
using SecureFed.Learning.Models;

namespace SecureFed.Learning.Training;

/// <summary>The client's part of federated learning, before clipping.</summary>
public static class LocalTrainer
{
    // A loss this far above the one of the received model cannot be a rough start; parameters will overflow next.
    private const double ExplosionFactor = 1e9;

    // A rough start of a client whose rows differ from all others costs tens, not a million times the loss of the zero model.
    private const double RunawayFactor = 1e6;

    /// <summary>FedAvg: several epochs of batches from the global model (McMahan et al. 2017, Algorithm 1, ClientUpdate).</summary>
    /// <param name="model">The global model of this round.</param>
    /// <param name="data">The client's standardised rows.</param>
    /// <param name="objective">Loss, penalty and N of the task.</param>
    /// <param name="options">The task's local training.</param>
    /// <param name="round">Counted from 1; sets the learning rate.</param>
    /// <param name="shuffleSeed">Order of the rows. Not a secret, but differing between clients and rounds.</param>
    /// <param name="correction">Added to the gradient of every step: c - ∇L_i(a) of <see cref="Optimizers.DriftCorrection"/>. Empty: none.</param>
    /// <exception cref="TrainingDivergedException">The loss or a parameter ran away.</exception>
    /// <exception cref="ArgumentException">Features and model do not fit, no rows, or options out of range.</exception>
    public static LocalUpdate Train(
        GlobalModel model, DataSet data, Objective objective, LocalTrainingOptions options, int round, ulong shuffleSeed, ReadOnlySpan<double> correction = default)
    {
        Require(model, data, objective);
        options.Validate();
        if (correction.Length != 0 && correction.Length != model.Parameters.Length)
        {
            throw new ArgumentException($"A correction of {correction.Length} coordinates does not fit {model.Parameters.Length} parameters.", nameof(correction));
        }

        double[] parameters = model.Parameters.ToArray();
        var gradient = new double[parameters.Length];
        var stepper = new Stepper(options, round, parameters.Length);
        var direction = new LocalDirection(options, model.Parameters.ToArray(), correction.ToArray());
        var order = new DeterministicSequence(shuffleSeed, (ulong)round);
        int[] rows = [.. Enumerable.Range(0, data.Rows)];
        double limit = ExplosionFactor * (1 + RequireSound(model, data, objective, round));
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
                direction.Add(gradient, batch.Length);
                if (direction.IsComplete || start + batch.Length == rows.Length)
                {
                    direction.Take(parameters, gradient);
                    stepper.Step(parameters, gradient);
                }
            }
        }

        double finalLoss = objective.Mean(parameters, data);
        return finalLoss <= limit
            ? new LocalUpdate(Difference(parameters, model.Parameters), loss, data.Rows)
            : throw new TrainingDivergedException(round, finalLoss);
    }

    /// <summary>Refuses to go on from a global model that has run away: local training alone would not show it, for it compares with the model it begins from.</summary>
    /// <returns>The mean loss of the model over the rows.</returns>
    /// <exception cref="TrainingDivergedException">The loss is a million times that of the model with which training starts.</exception>
    public static double RequireSound(GlobalModel model, DataSet data, Objective objective, int round)
    {
        double loss = objective.Mean(model.Parameters, data);
        return loss <= RunawayFactor * (1 + objective.Mean(new double[model.Parameters.Length], data)) ? loss : throw TrainingDivergedException.OfGlobalModel(round, loss);
    }

    /// <summary>What to add to the gradients of local steps so that this client does not drift from the others: c - ∇L_i(a), see <see cref="Optimizers.DriftCorrection"/>.</summary>
    /// <param name="anchor">a: the model at which c was taken.</param>
    /// <param name="mean">c.</param>
    /// <param name="data">The client's standardised rows.</param>
    /// <param name="objective">Loss, penalty and N of the task.</param>
    public static double[] CorrectionOf(GlobalModel anchor, ReadOnlySpan<double> mean, DataSet data, Objective objective)
    {
        double[] correction = FullGradient(anchor, data, objective);
        for (int j = 0; j < correction.Length; j++)
        {
            correction[j] = mean[j] - correction[j];
        }

        return correction;
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
