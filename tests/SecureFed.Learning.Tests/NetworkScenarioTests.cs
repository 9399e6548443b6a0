using SecureFed.Learning.Baselines;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Scenarios;

namespace SecureFed.Learning.Tests;

/// <summary>The scenarios' networks on the real data sets, against the same network fitted centrally.</summary>
public class NetworkScenarioTests
{
    // Logistic regression on the same rows, from the README of the shared data: what a network has to beat where there is something to gain.
    [Theory]
    [InlineData("finance", 0.7174 + 0.03)]
    [InlineData("medical", 0.9963 - 0.01)]
    [InlineData("manufacturing", 0.8985 + 0.06)]
    [InlineData("smart-home", 0.9939 - 0.003)]
    public void A_federated_network_is_about_as_good_as_the_central_one(string name, double least)
    {
        var scenario = Scenario.ByName(name);
        ScenarioData data = Scenario.Deal(SharedData.Table(name), scenario.DefaultClients, 1);
        GlobalModel start = StartOf(scenario, data, 1001);
        double central = CentralBaseline.Fit(data.Pool(), start, scenario.Penalty).Evaluate(data.Test).Auc!.Value;
        var simulation = new FederatedSimulation(data, scenario, 1)
        {
            Start = start,
            Local = scenario.Network.Local,
            Rounds = scenario.Network.Rounds,
            ServerRate = scenario.Network.ServerRate,
            ClipNorm = scenario.Network.ClipNorm,
        };
        (GlobalModel model, Standardizer standardizer) = simulation.Run();
        double auc = new BaselineFit(model, standardizer, 0, 0).Evaluate(data.Test).Auc!.Value;
        Assert.True(auc >= central - 0.006 && auc >= least, $"AUC {auc}, central {central}");
        Assert.True(simulation.LargestNorms[^1] < scenario.Network.ClipNorm, "The last updates are not clipped.");
    }

    // z of training and of the standardisation for epsilon 4 at delta 1e-5 together, from the accountant, rounded up; h of the default cohort.
    [Theory]
    [InlineData("finance", 6, 3.33, 2.99, 0.7174 + 0.03)]
    [InlineData("medical", 3, 3.65, 2.12, 0.9963 - 0.02)]
    [InlineData("manufacturing", 4, 3.53, 3.67, 0.8985 + 0.03)]
    [InlineData("smart-home", 136, 4.38, 2.12, 0.9939 - 0.01)]
    public void At_epsilon_4_a_network_is_still_better_than_logistic_regression_where_it_can_be(string name, int honest, double training, double standardisation, double least)
    {
        var scenario = Scenario.ByName(name);
        ScenarioData data = Scenario.Deal(SharedData.Table(name), scenario.DefaultClients, 2);
        var simulation = new RecordLevelSimulation(data, scenario, honest, 2) { Settings = scenario.Network.RecordLevel, Start = StartOf(scenario, data, 1002) };
        (GlobalModel model, Standardizer standardizer) = simulation.Run(training, standardisation);
        double auc = new BaselineFit(model, standardizer, 0, 0).Evaluate(data.Test).Auc!.Value;
        Assert.True(auc >= least, $"AUC {auc}");
    }

    [Fact]
    public void Settings_lie_in_their_ranges()
    {
        Assert.All(Scenario.All, scenario =>
        {
            NetworkSettings network = scenario.Network;
            network.Local.Validate();
            Assert.InRange(network.Rounds, 1, 30);
            Assert.InRange(network.RecordLevel.Rounds, 1, 150);
            Assert.InRange(network.RecordLevel.SamplingRate, double.Epsilon, 1);
            Assert.NotEmpty(network.RecordLevel.CreateRule().InitialState(1));
            Assert.NotNull(LayeredModel.Network(1, network.Hidden, Activation.Tanh, OutputKind.Logistic));
        });
    }

    private static GlobalModel StartOf(Scenario scenario, ScenarioData data, ulong seed) =>
        GlobalModel.Initial(LayeredModel.Network(data.Schema.Features.Count, scenario.Network.Hidden, Activation.Tanh, OutputKind.Logistic), seed);
}
