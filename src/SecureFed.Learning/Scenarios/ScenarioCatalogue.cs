using SecureFed.Learning.Training;

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
            Local = new LocalTrainingOptions { Epochs = 1, BatchSize = 64, LearningRate = 0.05, LearningRateDecay = 0.8 },
            ClipNorm = 8,
        },
        new Scenario(new MedicalData())
        {
            Name = "medical",
            Description = "Hospitals diagnose tumours from image measurements, without pooling patients.",
            DefaultClients = 5,
            DefaultRounds = 10,
            Local = new LocalTrainingOptions { Epochs = 1, BatchSize = 32, LearningRate = 0.05, LearningRateDecay = 0.9 },
            ClipNorm = 8,
        },
        new Scenario(new ManufacturingData())
        {
            Name = "manufacturing",
            Description = "Plants predict machine failures, without revealing how their lines run.",
            DefaultClients = 6,
            DefaultRounds = 12,
            Local = new LocalTrainingOptions { Epochs = 2, BatchSize = 64, LearningRate = 0.1, LearningRateDecay = 0.85 },
            ClipNorm = 8,
        },
        new Scenario(new SmartHomeData())
        {
            Name = "smart-home",
            Description = "Homes detect whether somebody is in, without telling anybody when they are away.",
            DefaultClients = 200,
            DefaultRounds = 3,
            DefaultDropout = 0.1,
            DropoutTolerance = 0.22,
            Local = new LocalTrainingOptions { Epochs = 10, BatchSize = 16, LearningRate = 0.05, LearningRateDecay = 0.5 },
            ClipNorm = 8,
        },
    ];
}
