using SecureFed.Learning.Data;
using SecureFed.Learning.Explanation;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Trees;

namespace SecureFed.Learning.Tests.Trees;

/// <summary>Boosted trees in the explanation round, which needs nothing of a model but its score.</summary>
public class TreeExplanationTests
{
    [Theory]
    [InlineData(ModelKind.Logistic)]
    [InlineData(ModelKind.Linear)]
    public void Dependence_is_the_mean_prediction_of_the_rows_as_they_are(ModelKind kind)
    {
        LabelKind label = kind == ModelKind.Logistic ? LabelKind.Binary : LabelKind.Numeric;
        DataSchema schema = TreeExamples.Schema(label);
        DataSet[] clients = [TreeExamples.Rows(300, 1, label), TreeExamples.Rows(200, 2, label)];
        (TreeEnsemble trees, TreeBins bins, _) = TreeExamples.Train(clients, schema, TreeExamples.Options(kind: kind), 300);
        var model = ExplainedModel.OfTrees(trees, schema, bins);
        var plan = new ExplanationPlan(schema, kind, isLinear: false, isRecordLevel: false, []);
        double[] sum = TreeExamples.Sum(clients.Select((rows, c) => ExplanationVector.Create(plan, model, rows, 300, (ulong)c)));
        ModelExplanation explanation = new ExplanationSum(plan, sum, [0], 300).Read(model.Marginal, trees.Parameters, 0);

        Assert.Null(explanation.Coefficients);
        Assert.Equal(500, explanation.Calibration.Sum(bin => bin.Rows), 1e-9);
        DataSet all = DataSet.Concatenate(clients);
        for (int j = 0; j < 4; j++)
        {
            foreach (DependencePoint point in explanation.Dependence[j].Points)
            {
                double mean = Enumerable.Range(0, all.Rows).Average(row =>
                {
                    double[] changed = all.Row(row).ToArray();
                    changed[j] = point.Value;
                    return trees.Predict(changed);
                });
                Assert.Equal(mean, point.Prediction.Value, 1e-9);
            }
        }

        Assert.True(explanation.Importance[0].Increase.Lower > 0);
        Assert.Equal(0, explanation.Importance[3].Increase.Value);
    }

    [Fact]
    public void The_grid_lies_where_the_rows_do_and_not_in_the_middle_of_wide_bounds()
    {
        var random = new DeterministicSequence(3);
        double[] values = [.. Enumerable.Range(0, 4000).Select(_ => Math.Min(1e5, -1000 * Math.Log(1 - random.NextUniform(0, 1))))];
        DataSet rows = DataSet.Create(["amount"], values, [.. values.Select((_, i) => (double)(i % 2))]);
        var schema = new DataSchema([new("amount", 0, 1e5)], new("y", 0, 1), LabelKind.Binary);
        var bins = TreeBins.FromGrid(schema, GridVector.ExactCells, 32, GridVector.Create(rows, schema, GridVector.ExactCells, 4000), 4000, 0, separatesRare: false);
        Standardizer marginal = bins.ToMarginal(schema);
        Assert.InRange(marginal.Means[0], 700, 1300);
        Assert.InRange(marginal.Scales[0], 500, 1300);
        Assert.Equal(5e4, TreeBins.FromBounds(schema, 32).ToMarginal(schema).Means[0], 2e3);
    }
}
