using SecureFed.Learning.Baselines;
using SecureFed.Learning.Data;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Scenarios;

namespace SecureFed.Learning.Tests;

public class ScenarioTests
{
    // By an independent implementation; see the README of the shared data.
    private static readonly Dictionary<string, double> CentralReference = new(StringComparer.Ordinal)
    {
        ["finance"] = 0.7174,
        ["medical"] = 0.9963,
        ["manufacturing"] = 0.8985,
        ["smart-home"] = 0.9939,
    };

    public static TheoryData<string> Names => [.. Scenario.All.Select(scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Baseline_reproduces_the_independent_central_reference(string name)
    {
        TrainTestSplit split = TrainTestSplit.ByIndex(SharedData.Table(name).Data);
        double auc = CentralBaseline.Fit(split.Train, ModelKind.Logistic, 1).Evaluate(split.Test).Auc!.Value;
        Assert.Equal(CentralReference[name], auc, 0.0003);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Federated_model_reaches_the_baseline_on_real_data(string name)
    {
        CsvTable table = SharedData.Table(name);
        var scenario = Scenario.ByName(name);
        for (ulong seed = 1; seed <= 2; seed++)
        {
            ScenarioData data = Scenario.Deal(table, scenario.DefaultClients, seed);
            double auc = RequireWithinBaseline(scenario, data, seed);
            Assert.True(auc >= CentralReference[name] - 0.005 + 0.002, $"{name}: {auc}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Federated_model_reaches_the_baseline_on_synthetic_data(string name)
    {
        var scenario = Scenario.ByName(name);
        ScenarioData data = scenario.Generate(scenario.DefaultClients, 42);
        Assert.InRange(RequireWithinBaseline(scenario, data, 42), 0.75, 0.99);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Federated_evaluation_agrees_with_the_exact_one_on_real_data(string name)
    {
        CsvTable table = SharedData.Table(name);
        ScenarioData data = Scenario.Deal(table, Scenario.ByName(name).DefaultClients, 3);
        BaselineFit fit = CentralBaseline.Fit(data.Pool(), ModelKind.Logistic, 1);
        ModelMetrics exact = fit.Evaluate(data.Test);
        IReadOnlyList<DataSet> parts = Partition.Iid(data.Test, data.Clients.Count > 50 ? 200 : 5, 4);
        int maxRows = parts.Max(part => part.Rows);
        double[] sum = FederatedSimulation.Sum(parts.Select(part => ClassificationCounts.Create(fit.Model, fit.Standardizer.Apply(part), maxRows)));
        (ModelMetrics secure, HistogramAuc? auc) = ClassificationCounts.Decode(sum, maxRows);
        Assert.Equal(exact.Rows, secure.Rows);
        Assert.Equal(exact.Accuracy, secure.Accuracy);
        Assert.Equal(exact.Loss, secure.Loss, 0.001);
        Assert.Equal(exact.Auc!.Value, secure.Auc!.Value, 0.001);
        Assert.True(Math.Abs(exact.Auc.Value - auc!.Value) <= auc.ErrorBound + 1e-12);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Equal_seeds_generate_equal_rows_within_the_schema_and_other_seeds_others(string name)
    {
        var scenario = Scenario.ByName(name);
        ScenarioData first = scenario.Generate(4, 7);
        ScenarioData again = scenario.Generate(4, 7);
        ScenarioData other = scenario.Generate(4, 8);
        Assert.Equal(Values(first.Pool()), Values(again.Pool()));
        Assert.NotEqual(Values(first.Pool()), Values(other.Pool()));
        Assert.All(first.Clients.Append(first.Test), data => first.Schema.Check(data));
        Assert.Equal(4, first.Clients.Count);
    }

    [Theory]
    [InlineData("finance", 0.1, 0.35)]
    [InlineData("medical", 0.25, 0.5)]
    [InlineData("manufacturing", 0.025, 0.045)]
    [InlineData("smart-home", 0.2, 0.45)]
    public void Generated_positive_rate_is_the_documented_one(string name, double least, double most)
    {
        var scenario = Scenario.ByName(name);
        DataSet all = scenario.Generate(scenario.DefaultClients, 1).Pool();
        Assert.InRange(all.Labels.ToArray().Average(), least, most);
    }

    [Fact]
    public void Banks_are_not_identically_distributed()
    {
        IReadOnlyList<DataSet> banks = Scenario.ByName("finance").Generate(8, 1).Clients;
        double[] rates = [.. banks.Select(bank => bank.Labels.ToArray().Average())];
        Assert.True(rates.Max() > 1.3 * rates.Min());
        Assert.True(banks.Max(bank => bank.Rows) > 1.5 * banks.Min(bank => bank.Rows));
    }

    [Fact]
    public void A_fifth_of_the_joined_rows_is_the_test_set()
    {
        ScenarioData data = Scenario.ByName("medical").Generate(5, 2);
        int all = data.Clients.Sum(client => client.Rows) + data.Test.Rows;
        Assert.Equal((all + 4) / 5, data.Test.Rows);
    }

    [Fact]
    public void An_unknown_scenario_names_the_known_ones()
    {
        var error = Assert.Throws<LearningException>(() => Scenario.ByName("retail"));
        Assert.Equal("unknown-scenario", error.Code);
        Assert.Contains("smart-home", error.Hint, StringComparison.Ordinal);
    }

    private static double RequireWithinBaseline(Scenario scenario, ScenarioData data, ulong seed)
    {
        double baseline = CentralBaseline.Fit(data.Pool(), scenario.ModelKind, scenario.Penalty).Evaluate(data.Test).Auc!.Value;
        var simulation = new FederatedSimulation(data, scenario, seed);
        (GlobalModel model, Standardizer standardizer) = simulation.Run();
        double auc = ModelEvaluation.Evaluate(model, data.Test, standardizer).Auc!.Value;
        Assert.Equal(baseline, auc, 0.003);
        Assert.True(simulation.LargestNorms[^1] < scenario.ClipNorm / 2, "The clip norm bites at the end of training.");
        return auc;
    }

    private static double[] Values(DataSet data) => [.. Enumerable.Range(0, data.Rows).SelectMany(row => data.Row(row).ToArray()), .. data.Labels];
}
