using SecureFed.Cryptography.Randomness;
using SecureFed.Learning.Data;
using SecureFed.Learning.Scenarios;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Service.Tests.Consortium;

/// <summary>Task definitions for tests: as small as the thresholds allow and with short patience.</summary>
internal static class Definitions
{
    /// <summary>A vector task for a cohort of exactly <paramref name="clients"/>.</summary>
    public static TaskDefinition Vector(int length = 4, int clients = 3, int rounds = 1, double clipNorm = 100, decimal deltaDrop = 0) => new()
    {
        TaskId = NewId(),
        Name = "vector test",
        Model = new ModelDefinition { Kind = TaskModelKind.Vector, Length = length },
        Training = new TrainingDefinition { ClipNorm = clipNorm },
        Schedule = new ScheduleDefinition { TrainRounds = rounds },
        Cohort = new CohortDefinition { Least = clients, Greatest = clients, DeltaDrop = deltaDrop },
        Privacy = PrivacyDefinition.None,
        Deadlines = new DeadlineDefinition { AdvertiseMilliseconds = 30_000, PhaseMilliseconds = 10_000, GraceMilliseconds = 300 },
    };

    /// <summary>The same with the article's server step.</summary>
    public static TaskDefinition FedSgd(int length, double learningRate) => Vector(length) with
    {
        Training = new TrainingDefinition { Optimizer = ServerOptimizerKind.FedSgd, ServerLearningRate = learningRate, ClipNorm = 10 },
    };

    /// <summary>A vector task with noise at client level, on a data set of its own; the model moves against the noisy sum.</summary>
    public static TaskDefinition Noisy(int length = 4, int rounds = 1, int greatestFailures = 2, double epsilon = 4, string? dataSet = null) => FedSgd(length, 0.1) with
    {
        Name = "noisy",
        Schedule = new ScheduleDefinition { TrainRounds = rounds, GreatestFailures = greatestFailures },
        Privacy = new PrivacyDefinition { Epsilon = epsilon, Delta = 1e-6, DataSet = dataSet ?? NewId() },
    };

    /// <summary>The same at record level.</summary>
    public static TaskDefinition Records(int length = 4, int expectedRecords = 100, double samplingRate = 1, double epsilon = 4, string? dataSet = null) => Noisy(length) with
    {
        Name = "records",
        Privacy = new PrivacyDefinition
        {
            Unit = PrivacyUnit.Record,
            Epsilon = epsilon,
            Delta = 1e-6,
            SamplingRate = samplingRate,
            ExpectedRecords = expectedRecords,
            DataSet = dataSet ?? NewId(),
        },
    };

    /// <summary>The article's linear regression.</summary>
    public static TaskDefinition Article() => Vector() with
    {
        Name = "article",
        Model = new ModelDefinition { Kind = TaskModelKind.Linear, Features = [new("x", 0, 4)], Label = new("y", 0, 8), L2Penalty = ArticleExample.Penalty },
        Training = new TrainingDefinition
        {
            LocalOptimizer = LocalOptimizerKind.Adam,
            AdamEpsilon = ArticleExample.Local.AdamEpsilon,
            LocalLearningRate = ArticleExample.Local.LearningRate,
            LearningRateDecay = ArticleExample.Local.LearningRateDecay,
            LocalEpochs = ArticleExample.Local.Epochs,
            BatchSize = ArticleExample.Local.BatchSize,
            ClipNorm = ArticleExample.ClipNorm,
            GreatestRows = 3,
        },
        Schedule = new ScheduleDefinition { TrainRounds = ArticleExample.Rounds },
    };

    public static FeatureDefinition ToFeature(FeatureSchema feature) => new(feature.Name, feature.LowerBound, feature.UpperBound);

    public static string NewId() => Identifier.Random(OperatingSystemRandomSource.Instance).ToString();
}
