using SecureFed.Cryptography.Bfv;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Encryption;
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
    private const int UsualTreesPerRound = 10;

    /// <param name="definition">The operator's.</param>
    /// <param name="roster">Under which the task is created.</param>
    /// <param name="existing">The task that was created before under that identifier; null if there is none. What the definition leaves to the roster is then as it was.</param>
    public static (TaskParameters? Parameters, string Fault) Create(TaskDefinition definition, Roster roster, TaskParameters? existing)
    {
        if (!Identifier.TryParse(definition.TaskId, out Identifier taskId))
            return (null, "taskId is 22 characters of base64url (16 random bytes).");
        if (definition.Model.Features.Any(feature => feature is null))
            return (null, "A feature is null; give each feature a name and public bounds.");
        if (definition.Model.Classes.Any(name => name is null))
            return (null, "A class is null; give each class a name.");
        try
        {
            ModelSpecification model = ToModel(definition.Model, definition.Privacy.Unit);
            TrainingSpecification training = model.Statistics is null ? ToTraining(definition.Training, model.Trees is null ? definition.Privacy.Unit : PrivacyUnit.None) : StatisticsSpecification.Training(definition.Training.GreatestRows);
            TaskSchedule schedule = model.Statistics is null ? ToSchedule(definition.Schedule) : new TaskSchedule(false, model.Statistics.Rounds, false, definition.Schedule.GreatestFailures);
            ExplanationSpecification? explanation = ToExplanation(definition);
            if (explanation?.FindFault(model) is { } unexplained)
                return (null, unexplained);
            TaskParameters parameters = new(
                taskId,
                definition.Name,
                model,
                training,
                schedule,
                new LearningTask(model, training, definition.Privacy.Unit, explanation).ShapesOf(schedule),
                ToCohort(definition.Cohort, definition.Privacy.Unit, existing?.Cohort.Organisations ?? roster.ClientOrganisations),
                new PhaseDeadlines(definition.Deadlines.AdvertiseMilliseconds, definition.Deadlines.PhaseMilliseconds, definition.Deadlines.GraceMilliseconds),
                definition.Protection,
                definition.RingBits,
                ToPrivacy(definition.Privacy, schedule, definition.Cohort.Greatest),
                definition.Flatten,
                definition.RequiresApproval,
                definition.Protection == ProtectionKind.Masking && definition.Encryption is null ? null
                    : definition.Encryption is null && existing?.Protection == definition.Protection ? existing.Encryption
                    : ToEncryption(definition, roster),
                explanation);
            return parameters.FindFault() is { } fault ? (null, fault) : (parameters, "");
        }
        catch (Exception exception) when (exception is ArgumentException or OverflowException or AccountingException)
        {
            return (null, exception.Message);
        }
    }

    private static EncryptionSpecification ToEncryption(TaskDefinition definition, Roster roster)
    {
        EncryptionDefinition encryption = definition.Encryption ?? new EncryptionDefinition();
        bool isSingle = definition.Protection == ProtectionKind.EncryptionSingleKey;
        BfvSet set = BfvSet.Named(encryption.Set ?? (isSingle ? BfvSet.S1 : BfvSet.A1).Name);
        Identifier[] enrolled = [.. roster.Entries.Where(entry => entry.Role == RosterRole.KeyHolder).Select(entry => entry.Id).Order()];
        Identifier[] holders = encryption.Holders is null
            ? isSingle ? [.. enrolled.Take(1)] : enrolled
            : [.. encryption.Holders.Select(text => Identifier.TryParse(text, out Identifier holder) ? holder : throw new ArgumentException($"'{text}' is no identifier of a key holder."))];
        if (holders.Except(enrolled).Any() || holders.Length == 0)
            throw new ArgumentException("Every key holder of the task is enrolled in the roster with the role KeyHolder, and there is at least one; ask the roster authority.");
        int corrupt = encryption.CorruptHolders ?? (holders.Length == 1 ? 0 : Math.Max(1, holders.Length * 2 / 5));
        return new EncryptionSpecification(
            set.Name,
            encryption.DroppedBits ?? BfvParameters.UsualDroppedBits(set, definition.RingBits),
            holders,
            encryption.Threshold ?? Math.Min(holders.Length, ((holders.Length + corrupt) / 2) + 1),
            corrupt);
    }

    private static TaskSchedule ToSchedule(ScheduleDefinition schedule) => new(
        schedule.Standardise,
        schedule.TrainRounds,
        schedule.Evaluate,
        schedule.GreatestFailures,
        schedule.EvaluateEvery,
        schedule.Patience,
        schedule.LeastImprovement,
        schedule.WaitForClients,
        schedule.GreatestStaleness,
        schedule.Explain);

    /// <summary>Stated groups without the round that compares them stay, so that the task's own check refuses them.</summary>
    private static ExplanationSpecification? ToExplanation(TaskDefinition definition) => definition.Explanation is { } asked
        ? new ExplanationSpecification(asked.FairnessFeature, asked.FairnessValues)
        : definition.Schedule.Explain ? ExplanationSpecification.Plain : null;

    private static ModelSpecification ToModel(ModelDefinition model, PrivacyUnit unit)
    {
        if (model.Kind == TaskModelKind.Statistics)
            return ToStatistics(model);
        bool isNetwork = model.Kind == TaskModelKind.Network;
        ModelSpecification specification = new(
            model.Kind,
            model.Length ?? 0,
            [.. model.Features.Select(ToFeature)],
            model.Label is null ? null : ToFeature(model.Label),
            model.L2Penalty,
            model.Classes,
            model.Hidden,
            model.Activation ?? (isNetwork ? NetworkActivation.Tanh : NetworkActivation.None),
            model.Output ?? (!isNetwork ? NetworkOutput.None : model.Classes.Count > 0 ? NetworkOutput.Softmax : NetworkOutput.Logistic),
            Trees: model.Kind == TaskModelKind.Trees || model.Trees is not null ? ToTrees(model.Trees ?? new TreeDefinition(), unit) : null);
        if (specification.Kind == TaskModelKind.Trees && specification.Label is null)
            throw new ArgumentException("Trees need features and a label.");
        return model.Kind == TaskModelKind.Vector ? specification : specification with { Length = checked((int)specification.ParameterCount) };
    }

    /// <summary>With noise splits are drawn at random unless the operator insists: a histogram's noise grows with the features, and its release for each level is one more to pay for.</summary>
    private static TreeSpecification ToTrees(TreeDefinition trees, PrivacyUnit unit)
    {
        TreeSplitRule rule = trees.Rule ?? (unit == PrivacyUnit.None ? TreeSplitRule.Histogram : TreeSplitRule.Random);
        return new TreeSpecification(
            trees.Count,
            trees.Depth,
            trees.Bins,
            trees.Shrinkage,
            trees.Lambda,
            rule,
            trees.TreesPerRound ?? (rule == TreeSplitRule.Histogram ? 1 : Enumerable.Range(1, UsualTreesPerRound).Last(k => trees.Count % k == 0)),
            trees.Loss);
    }

    /// <exception cref="ArgumentException">The questions are malformed.</exception>
    private static ModelSpecification ToStatistics(ModelDefinition model)
    {
        StatisticsDefinition asked = model.Statistics ?? throw new ArgumentException("A statistics task states its questions in model.statistics.");
        FeatureSpecification[] columns = [.. model.Features.Select(ToFeature)];
        StatisticsSpecification questions = new([.. asked.Questions.Select(q => ToStatistic(q, columns))], asked.Cells, asked.SearchRounds);
        return new ModelSpecification(model.Kind, StatisticsTask.ToQuery(columns, questions).ResultLength, columns, null, 0, Statistics: questions);
    }

    private static StatisticSpecification ToStatistic(StatisticDefinition? question, FeatureSpecification[] columns)
    {
        if (question is null || question.Domain.Any(value => value is null))
            throw new ArgumentException("A question, or a value of its list, is null.");
        return new StatisticSpecification(question.Kind, [.. question.Columns.Select(PlaceOf)], question.Probability, question.Edges, question.Domain, question.Threshold);

        int PlaceOf(string name) => Array.FindIndex(columns, c => string.Equals(c.Name, name, StringComparison.Ordinal)) is >= 0 and var place
            ? place
            : throw new ArgumentException($"A question names the column '{name}', which is none of the model's features.");
    }

    /// <summary>The least noise with which the whole schedule keeps its budget.</summary>
    private static PrivacySpecification ToPrivacy(PrivacyDefinition privacy, TaskSchedule schedule, int greatestCohort)
    {
        if (privacy.Unit == PrivacyUnit.None)
            return PrivacySpecification.None;
        if (privacy.SpareRounds is < 0 or > 1_000_000)
            throw new ArgumentException("privacy.spareRounds is 0 to 1,000,000.");
        bool isRecordLevel = privacy.Unit == PrivacyUnit.Record;
        double standardise = schedule.Standardise ? privacy.StandardiseShare : 0;
        double evaluate = schedule.Evaluate ? privacy.EvaluateShare : 0;
        double explain = schedule.Explain ? privacy.ExplainShare : 0;
        int releasesPerUnit = privacy.TreeLeaves > 0
            ? TreeAggregationAccountant.ReleasesPerRecord(privacy.TreeLeaves, Math.Max(1, schedule.TrainRounds / privacy.TreeLeaves))
            : schedule.TrainRounds;
        List<PlannedRelease> releases = [new(nameof(RoundKind.Train), checked(releasesPerUnit + privacy.SpareRounds), privacy.SamplingRate, 1 - standardise - evaluate - explain)];
        if (schedule.Standardise)
            releases.Add(new PlannedRelease(nameof(RoundKind.Standardise), 1, 1, standardise));
        if (schedule.Evaluate)
            releases.Add(new PlannedRelease(nameof(RoundKind.Evaluate), schedule.CountOf(RoundKind.Evaluate), 1, evaluate));
        if (schedule.Explain)
            releases.Add(new PlannedRelease(nameof(RoundKind.Explain), 1, 1, explain));
        double delta = privacy.Delta ?? DeltaChoice.For(isRecordLevel ? privacy.ExpectedRecords : greatestCohort);
        NoisePlan plan = NoisePlan.For(releases, privacy.Epsilon, delta);
        return new PrivacySpecification(
            privacy.Unit,
            privacy.Epsilon,
            delta,
            plan.Cap.Order,
            privacy.SamplingRate,
            privacy.ExpectedRecords,
            privacy.DataSet,
            [.. plan.Releases.Select(r => new ReleaseSpecification(Enum.Parse<RoundKind>(r.Release.Name), r.NoiseMultiplier, r.Units)).OrderBy(r => r.Kind)],
            privacy.TreeLeaves);
    }

    private static FeatureSpecification ToFeature(FeatureDefinition feature) => new(feature.Name, feature.LowerBound, feature.UpperBound);

    private static TrainingSpecification ToTraining(TrainingDefinition training, PrivacyUnit unit) => new(
        training.Optimizer,
        training.ServerLearningRate,
        training.LocalOptimizer,
        training.LocalLearningRate,
        training.AdamEpsilon,
        training.LearningRateDecay,
        training.LocalEpochs,
        training.BatchSize,
        training.ClipNorm,
        training.GreatestRows,
        training.ScaleByBounds,
        training.AverageIterates ?? (unit != PrivacyUnit.None),
        training.AdaptiveClip is { } clip ? new AdaptiveClipSpecification(clip.Lowest, clip.Greatest, clip.Quantile, clip.Rate) : null,
        training.ServerSchedule is { } schedule ? new ServerScheduleSpecification(schedule.Kind, schedule.WarmUpRounds, schedule.Floor, schedule.StepRounds, schedule.StepFactor) : null,
        training.ProximalWeight,
        training.AccumulatedBatches,
        training.CorrectDrift ? training.GradientClipNorm ?? training.ClipNorm : 0,
        training.MeasureDrift);

    private static CohortBounds ToCohort(CohortDefinition cohort, PrivacyUnit unit, int organisations) => new(
        cohort.Least,
        cohort.Greatest,
        cohort.Organisations is not { } planned ? organisations
            : planned >= organisations ? planned
            : throw new ArgumentException($"cohort.organisations is at least {organisations}, the organisations that the roster has now."),
        cohort.OrganisationCap,
        ExactDecimal.From(cohort.Gamma),
        ExactDecimal.From(cohort.DeltaDrop),
        cohort.ServerClass,
        cohort.Leaves,
        cohort.LeastDifference ?? (unit == PrivacyUnit.None ? 2 : 0)); // Noise does what the guard does, and against any number of sums.
}
