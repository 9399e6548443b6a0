using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Training;
using SecureFed.Learning.Trees;

namespace SecureFed.Learning.Scenarios;

/// <summary>The four scenarios with the hyper-parameters that were found for them.</summary>
internal static class ScenarioCatalogue
{
    public static IReadOnlyList<Scenario> All { get; } =
    [
        new Scenario(new FinanceData())
        {
            Name = "finance",
            Description = "Banks predict which borrowers will default, without showing each other their customers.",
            DefaultClients = 8,
            DefaultRounds = 10,
            // Plain gradient steps: the banks differ, and Adam's own scaling at every bank would bias their average.
            Local = new LocalTrainingOptions { Optimizer = LocalOptimizer.Sgd, Epochs = 3, BatchSize = 128, LearningRate = 0.5, LearningRateDecay = 0.85 },
            ClipNorm = 8,
            RecordLevel = new RecordLevelSettings { SamplingRate = 0.5, Rounds = 25, Rule = ServerRuleKind.Adam, ServerRate = 0.2, ClipNorm = 4 },
            Network = new NetworkSettings
            {
                Rounds = 12,
                Local = new LocalTrainingOptions { Epochs = 3, BatchSize = 64, LearningRate = 0.01, LearningRateDecay = 0.9 },
                RecordLevel = new RecordLevelSettings { SamplingRate = 0.25, Rounds = 100, Rule = ServerRuleKind.Adam, ServerRate = 0.05, ClipNorm = 4, StandardisationShare = 0.15 },
            },
        },
        new Scenario(new MedicalData())
        {
            Name = "medical",
            Description = "Hospitals diagnose tumours from image measurements, without pooling patients.",
            DefaultClients = 5,
            DefaultRounds = 10,
            Local = new LocalTrainingOptions { Epochs = 5, BatchSize = 32, LearningRate = 0.05, LearningRateDecay = 0.85 },
            ClipNorm = 8,
            RecordLevel = new RecordLevelSettings { SamplingRate = 0.5, Rounds = 15, Rule = ServerRuleKind.Adam, ServerRate = 0.2, ClipNorm = 1 },
            Network = new NetworkSettings
            {
                Rounds = 10,
                Local = new LocalTrainingOptions { Epochs = 3, BatchSize = 64, LearningRate = 0.01, LearningRateDecay = 0.9 },
                RecordLevel = new RecordLevelSettings { SamplingRate = 0.5, Rounds = 25, Rule = ServerRuleKind.Adam, ServerRate = 0.1, ClipNorm = 2 },
            },

            // Few rows: every leaf of a deeper tree would be noise, or a handful of patients, and bins are as hard to tell as leaves.
            ExactTrees = new TreeSettings(20, 2, 32, 0.3, TreeRule.Histogram),
            NoisedTrees = new TreeSettings(100, 3, 16, 0.1, TreeRule.Random, 20, BinningShare: 0.2),
        },
        new Scenario(new ManufacturingData())
        {
            Name = "manufacturing",
            Description = "Plants predict machine failures, without revealing how their lines run.",
            DefaultClients = 6,
            DefaultRounds = 15,

            // Ill-conditioned (temperatures, speed and torque go together) and few failures: the valley is flat, so steps are long (a logistic loss with
            // a 3 % minority is flat enough for 3) and the server steps further than the average, but local runs stay short, or each plant fits its own
            // few failures. All rows per step; fewer add noise. Measured: Adam ends up to 0.005 AUC off the baseline, this within 0.002.
            Local = new LocalTrainingOptions
            {
                Optimizer = LocalOptimizer.Sgd,
                Epochs = 30,
                BatchSize = int.MaxValue,
                LearningRate = 3,
                LearningRateDecay = 0.9,
            },
            ServerRate = 1.7,
            ClipNorm = 8,
            RecordLevel = new RecordLevelSettings { SamplingRate = 0.5, Rounds = 40, Rule = ServerRuleKind.Adam, ServerRate = 0.1, ClipNorm = 2 },
            Network = new NetworkSettings
            {
                Rounds = 20,
                Local = new LocalTrainingOptions { Epochs = 15, BatchSize = 32, LearningRate = 0.03, LearningRateDecay = 0.95 },
                RecordLevel = new RecordLevelSettings { SamplingRate = 0.25, Rounds = 120, Rule = ServerRuleKind.Adam, ServerRate = 0.1, ClipNorm = 4, StandardisationShare = 0.1 },
            },

            // Failures are products of two measurements, so trees are deep and see fine bins.
            ExactTrees = new TreeSettings(8, 5, 64, 0.5, TreeRule.Histogram),
            NoisedTrees = new TreeSettings(140, 4, 32, 0.1, TreeRule.Random, 20),
        },
        new Scenario(new SmartHomeData())
        {
            Name = "smart-home",
            Description = "Homes detect whether somebody is in, without telling anybody when they are away.",
            DefaultClients = 200,
            DefaultRounds = 3,
            DefaultDropout = 0.1,
            DropoutTolerance = 0.22,

            // Rounds are dear with 200 homes, epochs on a hundred rows are not: three rounds of long local training.
            Local = new LocalTrainingOptions { Epochs = 15, BatchSize = 16, LearningRate = 0.1, LearningRateDecay = 0.4 },
            ClipNorm = 8,

            // Rounds are dear here too: all rows of every home, a long step, and six rounds. Measured: with 4 to 40 rounds the mean loss of AUC stays below 0.0035.
            RecordLevel = new RecordLevelSettings { SamplingRate = 1, Rounds = 6, Rule = ServerRuleKind.Momentum, ServerRate = 4, ClipNorm = 3 },
            Network = new NetworkSettings
            {
                Rounds = 5,
                Local = new LocalTrainingOptions { Epochs = 15, BatchSize = 16, LearningRate = 0.05, LearningRateDecay = 0.5 },
                RecordLevel = new RecordLevelSettings { SamplingRate = 1, Rounds = 10, Rule = ServerRuleKind.Momentum, ServerRate = 2, ClipNorm = 4 },
            },
            ExactTrees = new TreeSettings(4, 4, 32, 0.5, TreeRule.Histogram),
            NoisedTrees = new TreeSettings(60, 4, 32, 0.1, TreeRule.Random, 20),
        },
    ];
}
