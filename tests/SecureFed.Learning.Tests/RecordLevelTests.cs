using SecureFed.Learning.Baselines;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Scenarios;

namespace SecureFed.Learning.Tests;

public class RecordLevelTests
{
    // z of a standardisation with half of epsilon 4 at delta 1e-5, from the accountant over integer orders, rounded up.
    private const double StandardisationMultiplier = 2.16;

    // Per scenario: h of its default cohort, z of training for epsilon 4 at delta 1e-5 together with the standardisation, rounded up, and the greatest gap.
    public static TheoryData<string, int, double, double> Scenarios => new()
    {
        { "finance", 6, 3.63, 0.01 },
        { "medical", 3, 2.91, 0.02 },
        { "manufacturing", 4, 4.50, 0.02 },
        { "smart-home", 136, 3.37, 0.01 },
    };

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void At_epsilon_4_the_model_is_nearly_as_good_as_the_central_one_on_real_data(string name, int honest, double multiplier, double greatestGap)
    {
        var scenario = Scenario.ByName(name);
        Compare(Scenario.Deal(SharedData.Table(name), scenario.DefaultClients, 1), scenario, honest, multiplier, greatestGap);
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void At_epsilon_4_the_model_is_nearly_as_good_as_the_central_one_on_synthetic_data(string name, int honest, double multiplier, double greatestGap)
    {
        var scenario = Scenario.ByName(name);
        Compare(scenario.Generate(scenario.DefaultClients, 20_260_101), scenario, honest, multiplier, greatestGap);
    }

    [Fact]
    public void Settings_lie_in_their_ranges()
    {
        Assert.All(Scenario.All, scenario =>
        {
            RecordLevelSettings settings = scenario.RecordLevel;
            Assert.InRange(settings.SamplingRate, double.Epsilon, 1);
            Assert.InRange(settings.Rounds, 1, 60);
            Assert.InRange(settings.StandardisationShare, 0, 0.99);
            Assert.Equal(settings.Standardisation == StandardisationKind.PublicBounds, settings.StandardisationShare is 0);
            Assert.NotEmpty(settings.CreateRule().InitialState(1));
        });
    }

    private static void Compare(ScenarioData data, Scenario scenario, int honest, double multiplier, double greatestGap)
    {
        double baseline = CentralBaseline.Fit(data.Pool(), ModelKind.Logistic, scenario.Penalty).Evaluate(data.Test).Auc!.Value;
        for (ulong seed = 1; seed <= 2; seed++)
        {
            (GlobalModel model, Standardizer standardizer) = new RecordLevelSimulation(data, scenario, honest, seed).Run(multiplier, StandardisationMultiplier);
            double auc = new BaselineFit(model, standardizer, 0, 0).Evaluate(data.Test).Auc!.Value;
            Assert.True(baseline - auc < greatestGap, $"AUC {auc}, baseline {baseline}");
        }
    }
}
