using SecureFed.Learning.Baselines;
using SecureFed.Learning.Data;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Scenarios;
using SecureFed.Learning.Trees;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Tests.Trees;

/// <summary>The scenarios' trees on the real data.</summary>
public class TreeRealDataTests
{
    /// <summary>What logistic regression reaches, by an independent implementation, and by how much trees are better.</summary>
    [Theory]
    [InlineData("finance", 0.7174, 0.03)]
    [InlineData("manufacturing", 0.8985, 0.05)]
    public void Federated_trees_are_the_central_ones_and_better_than_logistic_regression(string name, double logistic, double gain)
    {
        CsvTable table = SharedData.Table(name);
        var scenario = Scenario.ByName(name);
        TreeOptions options = OptionsOf(scenario.ExactTrees, table.Schema);
        TrainTestSplit split = TrainTestSplit.ByIndex(table.Data);
        double central = AucOf(TreeBaseline.Fit(split.Train, table.Schema, options, 1), split.Test);
        for (ulong seed = 1; seed <= 5; seed++)
        {
            double auc = AucOf(Grow(Scenario.Deal(table, scenario.DefaultClients, seed), options, seed, null, 0), split.Test);
            Assert.True(auc >= central - 0.005, $"AUC {auc}, central {central}");
            Assert.True(auc >= logistic + gain, $"AUC {auc}, logistic regression {logistic}");
        }
    }

    // h of the default cohort; z of training and of the binning round for ε = 4 at δ = 1e-5, from the accountant, rounded up.
    [Theory]
    [InlineData("finance", 6, 3.77, 5.21, 0.7174 + 0.03)]
    [InlineData("manufacturing", 4, 3.17, 5.21, 0.8985 + 0.02)]
    public void At_epsilon_4_random_trees_are_nearly_as_good_as_the_same_trees_without_noise(string name, int honest, double multiplier, double binningMultiplier, double least)
    {
        CsvTable table = SharedData.Table(name);
        var scenario = Scenario.ByName(name);
        TreeOptions options = OptionsOf(scenario.NoisedTrees, table.Schema);
        double gaps = 0;
        for (ulong seed = 1; seed <= 5; seed++)
        {
            ScenarioData data = Scenario.Deal(table, scenario.DefaultClients, seed);
            double factor = Math.Sqrt((double)data.Clients.Count / honest);
            double auc = AucOf(Grow(data, options, seed, factor * multiplier, factor * binningMultiplier), data.Test);
            gaps += AucOf(TreeBaseline.Fit(data.Pool(), data.Schema, options, seed), data.Test) - auc;
            Assert.True(auc > least, $"AUC {auc}");
        }

        Assert.True(gaps / 5 <= 0.02, $"mean gap {gaps / 5}");
    }

    private static TreeOptions OptionsOf(TreeSettings settings, DataSchema schema) => new(
        ModelKind.Logistic, schema.Features.Count, settings.Trees, settings.Depth, settings.Bins, settings.Shrinkage, settings.Lambda, settings.Rule, settings.TreesPerRound);

    private static double AucOf(TreeEnsemble model, DataSet test) => RocAuc.Exact(model.Scores(test), test.Labels);

    /// <summary>All rounds over sums that are rounded as a ring of 32 bits rounds them, or that carry noise.</summary>
    private static TreeEnsemble Grow(ScenarioData data, TreeOptions options, ulong seed, double? multiplier, double binningMultiplier)
    {
        int cells = multiplier is null ? GridVector.ExactCells : GridVector.NoisedCells;
        var random = new DeterministicSequence(seed, 0x74726565);
        VectorLayout grid = GridVector.Layout(data.Schema, cells);
        double unit = multiplier is null ? data.MaxRows : 1;
        double noise = binningMultiplier * grid.Segments[0].NormBound;
        TreeBins bins = TreeBins.FromGrid(
            data.Schema, cells, options.Bins, Release(data.Clients.Select(c => GridVector.Create(c, data.Schema, cells, data.MaxRows)), noise), unit, noise, options.Rule == TreeRule.Histogram);
        TreeRows[] rows = [.. data.Clients.Select(c => new TreeRows(c, bins, data.Schema.Label))];
        double trainNoise = (multiplier ?? 0) * TreeVectors.Layout(options).Segments[0].NormBound;
        var grower = new TreeGrower(options, bins, seed, unit, trainNoise);
        var model = new ServerStep(TreeEnsemble.Initial(options, data.Schema.Label, bins.LabelMean), []);
        for (int round = 0; round < options.Rounds; round++)
        {
            ServerStep current = model;
            double[] sum = Release(rows.Select(r => TreeVectors.Create(new TreeRecords(r, options, current.Parameters, current.State, round, seed), data.MaxRows)), trainNoise);
            model = grower.Step(current.Parameters, current.State, round, sum);
        }

        return new TreeEnsemble(options, model.Parameters);

        double[] Release(IEnumerable<double[]> clients, double deviation) => multiplier is null
            ? TreeExamples.Sum(clients.Select(vector => vector.Select(x => Math.Round(Math.ScaleB(x, 24)) / Math.ScaleB(1, 24)).ToArray()))
            : [.. TreeExamples.Sum(clients).Select(x => (x * data.MaxRows) + (deviation * random.NextGaussian()))];
    }
}
