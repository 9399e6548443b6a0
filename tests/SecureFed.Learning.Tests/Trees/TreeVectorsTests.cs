using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Trees;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Tests.Trees;

public class TreeVectorsTests
{
    public static TheoryData<TreeRule, ModelKind, int> Cases() => new()
    {
        { TreeRule.Histogram, ModelKind.Logistic, 1 },
        { TreeRule.Histogram, ModelKind.Linear, 1 },
        { TreeRule.Random, ModelKind.Logistic, 1 },
        { TreeRule.Random, ModelKind.Logistic, 4 },
        { TreeRule.Random, ModelKind.Linear, 2 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_row_and_every_client_keeps_the_stated_norms_whatever_model_and_values(TreeRule rule, ModelKind kind, int perRound)
    {
        TreeOptions options = TreeExamples.Options(rule, 4, 3, 1, perRound, kind);
        DataSchema schema = TreeExamples.Schema(kind == ModelKind.Logistic ? LabelKind.Binary : LabelKind.Numeric);
        var sequence = new DeterministicSequence(17);
        for (int trial = 0; trial < 60; trial++)
        {
            // Values and numeric labels far outside the bounds, any finite model: nothing of it lengthens a vector.
            double[] values = [.. Enumerable.Range(0, 4 * 30).Select(_ => sequence.NextGaussian(0, Math.Pow(10, trial % 7)))];
            double[] labels = [.. Enumerable.Range(0, 30).Select(_ => kind == ModelKind.Logistic ? sequence.NextInt(2) : sequence.NextGaussian(0, 100))];
            TreeBins bins = TreeBins.FromBounds(schema, options.Bins);
            int round = sequence.NextInt(options.Rounds);
            double[] parameters = TreeEnsemble.Initial(options, schema.Label);
            parameters[0] = sequence.NextGaussian(0, 10);
            for (int tree = 0; tree < options.Trees; tree++)
            {
                for (int i = 0; i < options.TreeLength; i++)
                {
                    bool isFeature = i < 2 * options.SplitNodes && i % 2 == 0;
                    parameters[2 + (tree * options.TreeLength) + i] = isFeature ? sequence.NextInt(5) : sequence.NextGaussian(0, 5);
                }
            }

            var rows = new TreeRows(DataSet.Create(["a", "b", "c", "constant"], values, labels), bins, schema.Label);
            var records = new TreeRecords(rows, options, parameters, [], round, (ulong)trial);
            var vector = new double[records.Layout.Dimension];
            for (int row = 0; row < records.Count; row++)
            {
                records.Write(row, vector);
                RequireNorms(records.Layout, vector);
            }

            RequireNorms(records.Layout, TreeVectors.Create(records, 30));
        }
    }

    [Fact]
    public void A_certain_error_reaches_the_norm_of_one_leaf_per_tree()
    {
        TreeOptions options = TreeExamples.Options(TreeRule.Random, 4, 2, 1, 4);
        var rows = new TreeRows(DataSet.Create(["a", "b", "c", "constant"], [0, 0, 0, 1], [1]), TreeBins.FromBounds(TreeExamples.Schema(), 8), TreeExamples.Schema().Label);
        double[] parameters = TreeEnsemble.Initial(options, TreeExamples.Schema().Label);
        parameters[0] = -40;
        var records = new TreeRecords(rows, options, parameters, [], 0, 9);
        var vector = new double[records.Layout.Dimension];
        records.Write(0, vector);
        Assert.Equal(2, records.Layout.Segments[0].NormBound, 12);
        Assert.Equal(2, Math.Sqrt(vector.Sum(x => x * x)), 12);
        Assert.Equal(4, vector.Count(x => x < -0.5));
    }

    /// <summary>The greatest residual of a number is the whole range of its label: two half ranges, beside the hessian of 1. Labels and scores beyond the bounds count as the bounds.</summary>
    [Theory]
    [InlineData(TreeRule.Random, -8, 8, 2)]
    [InlineData(TreeRule.Random, -1e300, 1e9, 2)]
    [InlineData(TreeRule.Random, 8, -1e9, -2)]
    [InlineData(TreeRule.Random, 1e300, -8, -2)]
    [InlineData(TreeRule.Random, 1e300, 1e9, 0)]
    [InlineData(TreeRule.Random, -8, -8, 0)]
    [InlineData(TreeRule.Random, 0, 4, 0.5)]
    [InlineData(TreeRule.Histogram, -8, 8, 2)]
    [InlineData(TreeRule.Histogram, 1e300, -1e9, -2)]
    public void A_number_at_its_bounds_or_beyond_reaches_the_norm_and_no_more(TreeRule rule, double label, double score, double gradient)
    {
        int perRound = rule == TreeRule.Random ? 4 : 1;
        TreeOptions options = TreeExamples.Options(rule, 4, 2, 1, perRound, ModelKind.Linear);
        DataSchema schema = TreeExamples.Schema(LabelKind.Numeric);
        var rows = new TreeRows(DataSet.Create(["a", "b", "c", "constant"], [1e9, -1e9, 0, 1], [label]), TreeBins.FromBounds(schema, 8), schema.Label);
        double[] parameters = TreeEnsemble.Initial(options, schema.Label);
        parameters[0] = score;
        var records = new TreeRecords(rows, options, parameters, [], 0, 9);
        var vector = new double[records.Layout.Dimension];
        records.Write(0, vector);

        RequireNorms(records.Layout, vector);
        double[] g = [.. vector[..(vector.Length / 2)].Where(x => x != 0)];
        Assert.Equal(gradient is 0 ? [] : Enumerable.Repeat(gradient, 4), g); // Once per tree, or per feature.
        Assert.Equal(4, vector[(vector.Length / 2)..].Count(x => x is 1));
        if (Math.Abs(gradient) is 2)
        {
            double bound = Math.Sqrt(records.Layout.Segments.Sum(segment => segment.NormBound * segment.NormBound));
            Assert.Equal(bound, Math.Sqrt(vector.Sum(x => x * x)), 1e-12);
        }
    }

    /// <summary>Adding or leaving out a row changes a sum by that row's vector and by nothing else, so that the bound of a row is the sensitivity.</summary>
    [Fact]
    public void Leaving_out_a_row_changes_the_sum_by_its_own_vector()
    {
        TreeOptions options = TreeExamples.Options(TreeRule.Random, 4, 3, 0.3, 2, ModelKind.Linear);
        DataSchema schema = TreeExamples.Schema(LabelKind.Numeric);
        DataSet data = TreeExamples.Rows(30, 8, LabelKind.Numeric);
        double[] model = TreeEnsemble.Initial(options, schema.Label);
        TreeRecords Records(DataSet rows) => new(new TreeRows(rows, TreeBins.FromBounds(schema, 8), schema.Label), options, model, [], 0, 3);
        TreeRecords all = Records(data);
        var own = new double[all.Layout.Dimension];
        all.Write(17, own);
        double[] others = RecordVectors.Sum(Records(data.Select([.. Enumerable.Range(0, 30).Where(row => row != 17)])));
        Assert.Equal(RecordVectors.Sum(all), others.Zip(own, (x, y) => x + y), (x, y) => Math.Abs(x - y) < 1e-12);
    }

    [Fact]
    public void Cells_of_every_row_and_client_keep_their_norm()
    {
        DataSchema schema = TreeExamples.Schema(LabelKind.Numeric);
        DataSet data = TreeExamples.Rows(50, 2, LabelKind.Numeric);
        var records = new GridRecords(data, schema, 16);
        var vector = new double[records.Layout.Dimension];
        for (int row = 0; row < 50; row++)
        {
            records.Write(row, vector);
            Assert.Equal(5, vector.Sum());
            RequireNorms(records.Layout, vector);
        }

        double[] client = GridVector.Create(data, schema, 16, 80);
        RequireNorms(records.Layout, client);
        Assert.Equal(RecordVectors.Sum(records), client.Select(x => x * 80), (x, y) => Math.Abs(x - y) < 1e-12);
    }

    [Theory]
    [InlineData(TreeRule.Histogram, 1)]
    [InlineData(TreeRule.Random, 2)]
    public void Vectors_of_rows_add_up_to_their_clients_vector(TreeRule rule, int perRound)
    {
        TreeOptions options = TreeExamples.Options(rule, 4, 3, 0.3, perRound);
        DataSchema schema = TreeExamples.Schema();
        DataSet data = TreeExamples.Rows(40, 8);
        var rows = new TreeRows(data, TreeBins.FromBounds(schema, 8), schema.Label);
        double[] model = TreeEnsemble.Initial(options, schema.Label);
        var records = new TreeRecords(rows, options, model, [], 0, 3);
        Assert.Equal(RecordVectors.Sum(records), TreeVectors.Create(records, 64).Select(x => 64 * x), (x, y) => Math.Abs(x - y) < 1e-12);
    }

    [Fact]
    public void A_client_without_rows_sends_zeros_and_one_with_too_many_is_told()
    {
        TreeOptions options = TreeExamples.Options();
        DataSchema schema = TreeExamples.Schema();
        TreeBins bins = TreeBins.FromBounds(schema, 8);
        double[] model = TreeEnsemble.Initial(options, schema.Label);
        DataSet none = TreeExamples.Rows(5, 1).Select([]);
        Assert.All(TreeVectors.Create(new TreeRecords(new TreeRows(none, bins, schema.Label), options, model, [], 0, 1), 10), x => Assert.Equal(0, x));
        Assert.All(GridVector.Create(none, schema, 16, 10), x => Assert.Equal(0, x));
        var rows = new TreeRows(TreeExamples.Rows(11, 1), bins, schema.Label);
        Assert.Equal("too-many-rows", Assert.Throws<DataException>(() => TreeVectors.Create(new TreeRecords(rows, options, model, [], 0, 1), 10)).Code);
    }

    private static void RequireNorms(VectorLayout layout, double[] vector)
    {
        foreach (VectorSegment segment in layout.Segments)
        {
            double square = 0;
            foreach (double x in layout.Slice(vector, segment.Name))
                square += x * x;
            Assert.True(Math.Sqrt(square) <= segment.NormBound * (1 + 1e-12), $"{segment.Name}: {Math.Sqrt(square)} exceeds {segment.NormBound}.");
        }
    }
}
