using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>The questions of a statistics task (<see cref="TaskModelKind.Statistics"/>).</summary>
/// <remarks>
/// Each round is a training round whose "model" is the result so far (<see cref="ModelState.Parameters"/>: per statistic its values, as many error bounds, -1 where nothing is told, and its further numbers) and whose
/// <see cref="ModelState.OptimizerState"/> holds the averaged sums and the brackets of the searches: so the log holds every question and every answer, and an auditor computes them again.
/// Optimisers are not used, and stand in the task as <see cref="Training"/> says.
/// </remarks>
/// <param name="Statistics">1 to 256 questions; they share every round.</param>
/// <param name="Cells">k: cells into which each round of a search divides its bracket, 2 to 256.</param>
/// <param name="SearchRounds">R: rounds of a task that searches, 1 to 64. More rounds find the place more finely and share the budget.</param>
public sealed record StatisticsSpecification(IReadOnlyList<StatisticSpecification> Statistics, int Cells, int SearchRounds)
{
    private const int GreatestStatistics = 256;
    private const int GreatestCells = 256;
    private const int GreatestRounds = 64;

    /// <summary>Training rounds of the task: one if nothing is searched.</summary>
    public int Rounds => Statistics.Any(s => s.IsSearch) ? SearchRounds : 1;

    /// <summary>What stands in place of optimisers.</summary>
    /// <param name="greatestRows">Public maximum of rows at a client; hidden weights are w = rows / maximum. 1 at record level, where it is not used.</param>
    public static TrainingSpecification Training(int greatestRows) =>
        new(ServerOptimizerKind.FedSgd, 1, LocalOptimizerKind.Sgd, 1, 1, 1, 1, 1, 1, greatestRows);

    internal string? FindFault(ModelSpecification model)
    {
        if (model.Label is not null || model.L2Penalty != 0)
            return "A statistics task has columns, but no label and no penalty.";
        if (Statistics.Count is < 1 or > GreatestStatistics || Cells is < 2 or > GreatestCells || SearchRounds is < 1 or > GreatestRounds)
            return $"A statistics task asks 1 to {GreatestStatistics} statistics; its searches have 2 to {GreatestCells} cells and 1 to {GreatestRounds} rounds.";
        int wrong = Statistics.TakeWhile(s => s.IsWellFormed(model.Features.Count)).Count();
        return wrong == Statistics.Count ? null : $"Statistic {wrong + 1} is malformed: its kind, columns, probability, edges, list or threshold are out of range.";
    }

    /// <summary>What a task that asks this may not do otherwise.</summary>
    internal string? FindFault(TaskParameters task)
    {
        if (task.Schedule.Standardise || task.Schedule.Evaluate || task.Schedule.Explain || task.Schedule.TrainRounds != Rounds)
            return $"A statistics task has {Rounds} round(s) of questions and no others.";
        if (task.Training != Training(task.Training.GreatestRows))
            return "A statistics task uses no optimiser; leave the training settings but the greatest rows out.";
        return task.Privacy.IsTree || task.Privacy.SamplingRate < 1 || task.Flattens
            ? "A statistics task sums every record as it is: sampling rate 1, no tree, not flattened."
            : null;
    }

    internal void Write(CanonicalWriter writer) => writer.List(Statistics, (w, s) => s.Write(w)).Count(Cells).Count(SearchRounds);

    internal static StatisticsSpecification Read(ref CanonicalReader reader) =>
        new(reader.List(GreatestStatistics, 1 + 4 + 8 + 4 + 4 + 8, StatisticSpecification.Read), reader.Count(GreatestCells), reader.Count(GreatestRounds));
}
