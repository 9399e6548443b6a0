using SecureFed.Learning.Data;
using SecureFed.Learning.Statistics;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Shared;

/// <summary>A statistics task in the terms of the learning library. Compiled into client and server, as <see cref="LearningTask"/>.</summary>
internal static class StatisticsTask
{
    /// <exception cref="ArgumentException">The questions are malformed.</exception>
    public static StatisticsQuery ToQuery(IEnumerable<FeatureSpecification> columns, StatisticsSpecification questions) => new(
        [.. columns.Select(c => new FeatureSchema(c.Name, c.LowerBound, c.UpperBound))],
        [.. questions.Statistics.Select(s => new Statistic((StatisticKind)s.Kind, s.Columns) { Probability = s.Probability, Edges = s.Edges, Domain = s.Domain, Threshold = s.Threshold })],
        questions.Cells,
        questions.SearchRounds);

    /// <summary>The same for a task that somebody else made.</summary>
    /// <exception cref="InvalidOperationException">The questions are malformed.</exception>
    public static StatisticsQuery? Read(ModelSpecification model)
    {
        try
        {
            return model.Statistics is null ? null : ToQuery(model.Features, model.Statistics);
        }
        catch (ArgumentException exception)
        {
            throw new InvalidOperationException(exception.Message, exception);
        }
    }

    /// <summary>The state before the first round.</summary>
    public static ModelState Initial(StatisticsQuery query) => new(query.InitialResult(), [], query.InitialState(), 0, [], 0, [], []);

    /// <summary>Whether a model that somebody sent can be a state of these questions.</summary>
    public static bool Fits(StatisticsQuery query, ModelState state) =>
        state.Parameters.Count == query.ResultLength && state.Standardisation.Count == 0 && state.Averaged.Count == 0 && state.Best.Count == 0 && query.IsState([.. state.OptimizerState]);

    /// <summary>From a released sum to the answers so far and the next question.</summary>
    /// <param name="query">The task's questions.</param>
    /// <param name="task">Task.</param>
    /// <param name="current">State before the round.</param>
    /// <param name="round">The closed round.</param>
    /// <param name="sum">Its sum, decoded.</param>
    /// <exception cref="InvalidOperationException">The current state is none of these questions.</exception>
    public static ModelState Step(StatisticsQuery query, TaskParameters task, ModelState current, ServerRound round, double[] sum)
    {
        if (!Fits(query, current) || sum.Length < query.Length)
            throw new InvalidOperationException("A published state or a released sum belongs to other questions.");
        bool isRecordLevel = task.Privacy.Unit == PrivacyUnit.Record;
        double scale = round.Parameters.Layout.Segments[0].Scale;
        double noise = Math.Sqrt(round.NoiseVariance) / scale;
        int rows = isRecordLevel ? 1 : task.Training.GreatestRows;
        SumError error = isRecordLevel ? SumError.OfRecords(noise, scale, task.Privacy.GreatestRecordsIn(round.Parameters.Kind))
            : task.Privacy.HasNoise ? SumError.OfClients(noise, scale, round.SurvivorCount, rows)
            : SumError.Exact(scale, task.Cohort.Greatest, rows);
        StatisticsStep step = StatisticsStep.Next(query, [.. current.OptimizerState], [.. sum.Select(value => value * rows)], error);
        return current with { Parameters = step.Result, OptimizerState = step.State, CompletedTrainRounds = current.CompletedTrainRounds + 1 };
    }
}
