using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Trees;

namespace SecureFed.Learning.Tests.Trees;

/// <summary>Rows and small consortia for tests of boosted trees.</summary>
internal static class TreeExamples
{
    /// <summary>Four features on quarters in [-2, 2], the last constant; the label depends on two of them together.</summary>
    public static DataSchema Schema(LabelKind kind = LabelKind.Binary) => new(
        [new("a", -2, 2), new("b", -2, 2), new("c", 0, 4), new("constant", 1, 1)], kind == LabelKind.Binary ? new("y", 0, 1) : new("y", -8, 8), kind);

    public static DataSet Rows(int count, ulong seed, LabelKind kind = LabelKind.Binary)
    {
        var sequence = new DeterministicSequence(seed);
        var values = new double[4 * count];
        var labels = new double[count];
        for (int row = 0; row < count; row++)
        {
            double a = (sequence.NextInt(17) - 8) / 4.0;
            double b = (sequence.NextInt(17) - 8) / 4.0;
            double c = sequence.NextInt(5);
            double signal = (a > 0.5 && b < 0 ? 3 : 0) + (c >= 3 ? 1 : 0) + a;
            (values[4 * row], values[(4 * row) + 1], values[(4 * row) + 2], values[(4 * row) + 3]) = (a, b, c, 1);
            labels[row] = kind == LabelKind.Binary ? (sequence.NextBoolean(Objective.Sigmoid(signal - 1)) ? 1 : 0) : signal;
        }

        return DataSet.Create(["a", "b", "c", "constant"], values, labels);
    }

    public static TreeOptions Options(
        TreeRule rule = TreeRule.Histogram, int trees = 4, int depth = 3, double shrinkage = 0.3, int perRound = 1, ModelKind kind = ModelKind.Logistic) =>
        new(kind, 4, trees, depth, 8, shrinkage, 1, rule, perRound);

    /// <summary>All rounds of clients whose vectors are summed as they are, without a ring.</summary>
    public static (TreeEnsemble Model, TreeBins Bins, double[] State) Train(IReadOnlyList<DataSet> clients, DataSchema schema, TreeOptions options, int maxRows, ulong seed = 5)
    {
        double[] cells = Sum(clients.Select(data => GridVector.Create(data, schema, 64, maxRows)));
        TreeBins bins = TreeBins.FromGrid(schema, 64, options.Bins, cells, maxRows, 0, options.Rule == TreeRule.Histogram);
        TreeRows[] rows = [.. clients.Select(data => new TreeRows(data, bins, schema.Label))];
        var grower = new TreeGrower(options, bins, seed, maxRows);
        var step = new ServerStep(TreeEnsemble.Initial(options, schema.Label, bins.LabelMean), []);
        for (int round = 0; round < options.Rounds; round++)
        {
            ServerStep current = step;
            step = grower.Step(current.Parameters, current.State, round, Sum(rows.Select(r => TreeVectors.Create(new TreeRecords(r, options, current.Parameters, current.State, round, seed), maxRows))));
        }

        return (new TreeEnsemble(options, step.Parameters), bins, step.State);
    }

    public static double[] Sum(IEnumerable<double[]> vectors) => vectors.Aggregate((sum, vector) => [.. sum.Zip(vector, (x, y) => x + y)]);
}
