using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Shared;

namespace SecureFed.Server.Tasks;

/// <summary>Turns an operator's definition into task parameters, or says what is wrong with it.</summary>
internal static class TaskDefinitions
{
    public static (TaskParameters? Parameters, string Fault) Create(TaskDefinition definition, Roster roster)
    {
        if (!Identifier.TryParse(definition.TaskId, out Identifier taskId))
            return (null, "taskId is 22 characters of base64url (16 random bytes).");
        if (definition.Model.Features.Any(feature => feature is null))
            return (null, "A feature is null; give each feature a name and public bounds.");
        try
        {
            ModelSpecification model = ToModel(definition.Model);
            TrainingSpecification training = ToTraining(definition.Training);
            TaskSchedule schedule = new(definition.Schedule.Standardise, definition.Schedule.TrainRounds, definition.Schedule.Evaluate, definition.Schedule.GreatestFailures);
            TaskParameters parameters = new(
                taskId,
                definition.Name,
                model,
                training,
                schedule,
                new LearningTask(model, training).ShapesOf(schedule),
                ToCohort(definition.Cohort, roster),
                new PhaseDeadlines(definition.Deadlines.AdvertiseMilliseconds, definition.Deadlines.PhaseMilliseconds, definition.Deadlines.GraceMilliseconds),
                definition.Protection,
                definition.RingBits);
            return parameters.FindFault() is { } fault ? (null, fault) : (parameters, "");
        }
        catch (Exception exception) when (exception is ArgumentException or OverflowException)
        {
            return (null, exception.Message);
        }
    }

    private static ModelSpecification ToModel(ModelDefinition model) => new(
        model.Kind,
        model.Kind == TaskModelKind.Vector ? model.Length ?? 0 : model.Features.Count + 1,
        [.. model.Features.Select(ToFeature)],
        model.Label is null ? null : ToFeature(model.Label),
        model.L2Penalty);

    private static FeatureSpecification ToFeature(FeatureDefinition feature) => new(feature.Name, feature.LowerBound, feature.UpperBound);

    private static TrainingSpecification ToTraining(TrainingDefinition training) => new(
        training.Optimizer,
        training.ServerLearningRate,
        training.LocalOptimizer,
        training.LocalLearningRate,
        training.AdamEpsilon,
        training.LearningRateDecay,
        training.LocalEpochs,
        training.BatchSize,
        training.ClipNorm,
        training.GreatestRows);

    private static CohortBounds ToCohort(CohortDefinition cohort, Roster roster) => new(
        cohort.Least,
        cohort.Greatest,
        roster.ClientOrganisations,
        cohort.OrganisationCap,
        ExactDecimal.From(cohort.Gamma),
        ExactDecimal.From(cohort.DeltaDrop),
        cohort.ServerClass,
        cohort.Leaves,
        cohort.LeastDifference);
}
