using SecureFed.Learning.Optimizers;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Client.Rounds;

/// <summary>What a round asks of a client's trainer, after the policy was checked.</summary>
/// <param name="Task">Task parameters.</param>
/// <param name="Round">Round parameters; their layout says which segments to fill.</param>
/// <param name="Model">The global model that the update refers to.</param>
public sealed record RoundAssignment(TaskParameters Task, RoundParameters Round, ModelState Model)
{
    /// <summary>The segments to fill. A count for adaptive clipping is not among them: the pipeline makes it.</summary>
    public UpdateLayout Layout => Round.Layout.Computed;

    /// <summary>1, 2, … among the training rounds of the schedule. Rounds of other kinds and failed ones do not count, as they do in <see cref="RoundParameters.Number"/>.</summary>
    public int TrainRound => Model.CompletedTrainRounds + 1;

    /// <summary>One client's training vector in the form that the task's optimiser asks for: with FedSGD the gradient as it is, else [w·Δ | w] with w = rows / greatest rows.</summary>
    /// <param name="update">With FedSGD ∇L_i, the mean gradient over the client's rows; else Δ, the locally trained model less <see cref="Model"/>'s parameters. As long as these.</param>
    /// <param name="rows">Rows that it was trained on, 1 to the task's public maximum. Stays hidden in the sum; not used by FedSGD, where every client counts the same.</param>
    /// <exception cref="ArgumentException">Another length, or too many or too few rows.</exception>
    /// <exception cref="InvalidOperationException">The round asks for something else: records one by one, or the vector of a built-in model.</exception>
    public double[] CreateVector(ReadOnlySpan<double> update, int rows)
    {
        string[] segments = [.. Layout.Segments.Select(segment => segment.Name)];
        if (Task.Privacy.Unit == PrivacyUnit.Record || segments is not ([FedSgd.Gradient] or [FedAvg.WeightedDelta, FedAvg.Weight]))
            throw new InvalidOperationException($"This {Round.Kind} round does not ask for one update of the model; fill the segments of its layout, or at record level implement IRecordTrainer.");
        if (update.Length != Model.Parameters.Count)
            throw new ArgumentException($"The model has {Model.Parameters.Count} parameters and the update {update.Length}.", nameof(update));
        if (segments.Length == 1)
            return update.ToArray();
        if (rows < 1 || rows > Task.Training.GreatestRows)
            throw new ArgumentOutOfRangeException(nameof(rows), $"A client of this task has 1 to {Task.Training.GreatestRows} rows: take a sample of them, or ask the operator for a task with a larger maximum.");
        double weight = (double)rows / Task.Training.GreatestRows;
        double[] vector = new double[update.Length + 1];
        for (int j = 0; j < update.Length; j++)
            vector[j] = weight * update[j];
        vector[^1] = weight;
        return vector;
    }
}
