using SecureFed.Learning.Data;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Trees;

namespace SecureFed.Learning.Baselines;

/// <summary>What federated trees are compared with: the same algorithm with all rows in one place, exact sums and exact quantiles of the public grid.</summary>
public static class TreeBaseline
{
    /// <param name="train">Training rows as they are.</param>
    /// <param name="schema">Their columns and public bounds.</param>
    /// <param name="options">Trees.</param>
    /// <param name="seed">Draws random trees; unused with histograms.</param>
    /// <exception cref="LearningException"><c>one-class-only</c>: all labels are the same.</exception>
    public static TreeEnsemble Fit(DataSet train, DataSchema schema, TreeOptions options, ulong seed)
    {
        if (train.Rows == 0 || train.Labels.IndexOfAnyExcept(train.Labels[0]) < 0)
        {
            throw new DataException("one-class-only", "All training rows have the same label.", "Provide rows whose labels differ.");
        }

        double[] cells = GridVector.Create(train, schema, GridVector.ExactCells, train.Rows);
        TreeBins bins = TreeBins.FromGrid(schema, GridVector.ExactCells, options.Bins, cells, train.Rows, 0, options.Rule == TreeRule.Histogram);
        var rows = new TreeRows(train, bins, schema.Label);
        var grower = new TreeGrower(options, bins, seed, train.Rows);
        var model = new ServerStep(TreeEnsemble.Initial(options, schema.Label, bins.LabelMean), []);
        for (int round = 0; round < options.Rounds; round++)
        {
            var records = new TreeRecords(rows, options, model.Parameters, model.State, round, seed);
            model = grower.Step(model.Parameters, model.State, round, TreeVectors.Create(records, train.Rows));
        }

        return new TreeEnsemble(options, model.Parameters);
    }
}
