using SecureFed.Learning.Baselines;
using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Trees;

namespace SecureFed.Learning.Tests.Trees;

public class TreeGrowingTests
{
    private static readonly DataSchema Schema = TreeExamples.Schema();

    [Theory]
    [InlineData(1, 300, 11UL)]
    [InlineData(2, 300, 12UL)]
    [InlineData(3, 500, 13UL)]
    [InlineData(4, 200, 14UL)]
    public void Trees_from_histograms_are_those_of_exact_greedy_boosting_over_the_same_thresholds(int depth, int count, ulong seed)
    {
        DataSet data = TreeExamples.Rows(count, seed);
        TreeOptions options = TreeExamples.Options(trees: 3, depth: depth);
        (TreeEnsemble model, TreeBins bins, _) = TreeExamples.Train([data], Schema, options, count);
        double[][] thresholds = [.. Enumerable.Range(0, 4).Select(feature => bins.Edges(feature).ToArray())];
        (double[] logits, List<(int Feature, double Threshold)?> splits) = NaiveBoosting.Train(data, thresholds, model.Offset, 3, depth, 0.3, 1);

        List<(int, double)?> found = [];
        for (int tree = 0; tree < 3; tree++)
        {
            for (int node = 0; node < options.SplitNodes; node++)
            {
                int at = 2 + (tree * options.TreeLength) + (2 * node);
                found.Add(model.Parameters[at] == 0 ? null : ((int)model.Parameters[at] - 1, model.Parameters[at + 1]));
            }
        }

        Assert.Equal(splits, found);
        Assert.Equal(logits, model.Scores(data), (a, b) => Math.Abs(a - b) < 1e-9);
    }

    [Theory]
    [InlineData(TreeRule.Histogram, 1, ModelKind.Logistic)]
    [InlineData(TreeRule.Random, 2, ModelKind.Logistic)]
    [InlineData(TreeRule.Histogram, 1, ModelKind.Linear)]
    public void Clients_grow_the_trees_that_all_rows_in_one_place_grow(TreeRule rule, int perRound, ModelKind kind)
    {
        LabelKind label = kind == ModelKind.Logistic ? LabelKind.Binary : LabelKind.Numeric;
        DataSchema schema = TreeExamples.Schema(label);
        DataSet all = TreeExamples.Rows(400, 21, label);
        TreeOptions options = TreeExamples.Options(rule, 6, 3, 0.3, perRound, kind);
        DataSet[] parts = [all.Select([.. Enumerable.Range(0, 37)]), all.Select([]), all.Select([.. Enumerable.Range(37, 200)]), all.Select([.. Enumerable.Range(237, 163)])];

        // Rows per client are powers of two, so that weights are exact; sums of the rest differ by rounding alone.
        (TreeEnsemble central, _, _) = TreeExamples.Train([all], schema, options, 512);
        (TreeEnsemble federated, _, _) = TreeExamples.Train(parts, schema, options, 512);
        Assert.Equal(central.Parameters.ToArray(), federated.Parameters.ToArray(), (a, b) => Math.Abs(a - b) < 1e-10);
    }

    [Fact]
    public void A_single_client_grows_bit_for_bit_what_the_baseline_grows()
    {
        DataSet data = TreeExamples.Rows(256, 22);
        TreeOptions options = TreeExamples.Options();
        double[] cells = GridVector.Create(data, Schema, GridVector.ExactCells, 256);
        TreeBins bins = TreeBins.FromGrid(Schema, GridVector.ExactCells, options.Bins, cells, 256, 0, true);
        var model = new ServerStep(TreeEnsemble.Initial(options, Schema.Label, bins.LabelMean), []);
        for (int round = 0; round < options.Rounds; round++)
        {
            // Rows that remember nothing: what is kept between rounds changes nothing.
            var rows = new TreeRows(data, bins, Schema.Label);
            model = new TreeGrower(options, bins, 0, 256).Step(
                model.Parameters, model.State, round, TreeVectors.Create(new TreeRecords(rows, options, model.Parameters, model.State, round, 0), 256));
        }

        Assert.Equal(TreeBaseline.Fit(data, Schema, options, 0).Parameters.ToArray(), model.Parameters);
    }

    [Theory]
    [InlineData(TreeRule.Histogram, 1)]
    [InlineData(TreeRule.Random, 1)]
    public void Loss_on_the_training_rows_falls_with_every_tree(TreeRule rule, int perRound)
    {
        DataSet data = TreeExamples.Rows(600, 31);
        TreeOptions options = TreeExamples.Options(rule, 20, 3, 0.1, perRound);
        (TreeEnsemble model, _, _) = TreeExamples.Train([data], Schema, options, 600);
        double before = double.PositiveInfinity;
        for (int trees = 0; trees <= options.Trees; trees++)
        {
            double[] parameters = model.Parameters.ToArray();
            parameters.AsSpan(2 + (trees * options.TreeLength)).Clear();
            double[] scores = new TreeEnsemble(options, parameters).Scores(data);
            double loss = 0;
            for (int row = 0; row < scores.Length; row++)
                loss += Objective.Loss(ModelKind.Logistic, scores[row], data.Labels[row]);
            Assert.True(loss < before, $"{loss} after {trees} trees, {before} before");
            before = loss;
        }
    }

    [Fact]
    public void Squared_error_trees_fit_a_number_in_its_own_unit()
    {
        DataSchema schema = TreeExamples.Schema(LabelKind.Numeric);
        DataSet data = TreeExamples.Rows(800, 32, LabelKind.Numeric);
        (TreeEnsemble model, _, _) = TreeExamples.Train([data], schema, TreeExamples.Options(trees: 30, kind: ModelKind.Linear), 800);
        double[] scores = model.Scores(data);
        double error = 0;
        for (int row = 0; row < scores.Length; row++)
            error += (scores[row] - data.Labels[row]) * (scores[row] - data.Labels[row]) / scores.Length;
        Assert.InRange(Math.Sqrt(error), 0, 0.4); // The label's own deviation is above 1.5; eight bins resolve it this far.
    }

    [Fact]
    public void A_constant_feature_is_never_split_and_gains_name_the_features_that_matter()
    {
        (TreeEnsemble model, _, double[] state) = TreeExamples.Train([TreeExamples.Rows(800, 33)], Schema, TreeExamples.Options(trees: 10), 800);
        for (int i = 0; i < model.Options.Trees * model.Options.SplitNodes; i++)
        {
            int at = 2 + (i / model.Options.SplitNodes * model.Options.TreeLength) + (2 * (i % model.Options.SplitNodes));
            Assert.NotEqual(4, model.Parameters[at]);
        }

        double[] importance = TreeImportance.Of(4, state);
        Assert.Equal(1, importance.Sum(), 12);
        Assert.Equal(0, importance[3]);
        Assert.Equal(0, Array.IndexOf(importance, importance.Max()));
    }

    [Fact]
    public void One_class_at_every_client_is_no_obstacle()
    {
        DataSet all = TreeExamples.Rows(400, 34);
        int[] positive = [.. Enumerable.Range(0, 400).Where(row => all.Labels[row] is 1)];
        int[] negative = [.. Enumerable.Range(0, 400).Where(row => all.Labels[row] is 0)];
        TreeOptions options = TreeExamples.Options();
        (TreeEnsemble parted, _, _) = TreeExamples.Train([all.Select(positive), all.Select(negative)], Schema, options, 512);
        (TreeEnsemble pooled, _, _) = TreeExamples.Train([all], Schema, options, 512);
        Assert.Equal(pooled.Scores(all), parted.Scores(all), (a, b) => Math.Abs(a - b) < 1e-10);
    }

    [Fact]
    public void Rows_of_one_class_alone_grow_trees_without_splits()
    {
        DataSet rows = TreeExamples.Rows(50, 35);
        DataSet ones = DataSet.Create(rows.FeatureNames, [.. Enumerable.Range(0, 50).SelectMany(row => rows.Row(row).ToArray())], [.. Enumerable.Repeat(1.0, 50)]);
        TreeBins bins = TreeBins.FromBounds(Schema, 8);
        TreeOptions options = TreeExamples.Options(trees: 1, depth: 1);
        double[] model = TreeEnsemble.Initial(options, Schema.Label);
        double[] sum = TreeVectors.Create(new TreeRecords(new TreeRows(ones, bins, Schema.Label), options, model, [], 0, 0), 50);
        var grown = new TreeEnsemble(options, new TreeGrower(options, bins, 0, 50).Step(model, [], 0, sum).Parameters);
        Assert.All(grown.Scores(ones), score => Assert.InRange(score, 0.1, 2));
        Assert.Equal("one-class-only", Assert.Throws<DataException>(() => TreeBaseline.Fit(ones, Schema, options, 0)).Code);
    }

    [Theory]
    [InlineData(TreeRule.Histogram, double.NaN, "sum-not-finite")]
    [InlineData(TreeRule.Random, double.PositiveInfinity, "sum-not-finite")]
    [InlineData(TreeRule.Histogram, 1e200, "sum-not-finite")]
    [InlineData(TreeRule.Random, -5, "no-weight")]
    [InlineData(TreeRule.Histogram, 0, "no-weight")]
    public void A_sum_that_no_rows_can_have_is_refused(TreeRule rule, double value, string code)
    {
        TreeOptions options = TreeExamples.Options(rule);
        double[] sum = [.. Enumerable.Repeat(value, TreeVectors.Layout(options).Dimension)];
        var grower = new TreeGrower(options, TreeBins.FromBounds(Schema, 8), 0, 100);
        Assert.Equal(code, Assert.Throws<LearningException>(() => grower.Step(TreeEnsemble.Initial(options, Schema.Label), [], 0, sum)).Code);
    }

    [Theory]
    [InlineData(TreeRule.Histogram)]
    [InlineData(TreeRule.Random)]
    public void False_sums_give_leaves_within_their_bound_and_noise_alone_gives_finite_trees(TreeRule rule)
    {
        TreeOptions options = TreeExamples.Options(rule, shrinkage: 0.5);
        var sequence = new DeterministicSequence(41);
        for (int trial = 0; trial < 30; trial++)
        {
            double[] sum = [.. Enumerable.Range(0, TreeVectors.Layout(options).Dimension).Select(_ => sequence.NextGaussian(trial % 2, 1000))];
            var grower = new TreeGrower(options, TreeBins.FromBounds(Schema, 8), 3, 1, 1000);
            double[] parameters = TreeEnsemble.Initial(options, Schema.Label);
            double[] state = [];
            for (int round = 0; round < options.Rounds; round++)
            {
                ServerStep step = grower.Step(parameters, state, round, sum);
                (parameters, state) = (step.Parameters, step.State);
            }

            var model = new TreeEnsemble(options, parameters);
            Assert.All(model.Scores(TreeExamples.Rows(20, 2)), score => Assert.InRange(Math.Abs(score), 0, options.Trees * 0.5 * TreeGrower.GreatestLeaf));
        }
    }

    [Fact]
    public void Rounds_beyond_the_last_tree_are_refused()
    {
        TreeOptions options = TreeExamples.Options(trees: 1, depth: 1);
        var grower = new TreeGrower(options, TreeBins.FromBounds(Schema, 8), 0, 1);
        double[] sum = [.. Enumerable.Repeat(1.0, TreeVectors.Layout(options).Dimension)];
        Assert.Equal("fully-grown", Assert.Throws<LearningException>(() => grower.Step(TreeEnsemble.Initial(options, Schema.Label), [], 1, sum)).Code);
    }

    [Fact]
    public void A_client_follows_a_model_that_is_not_the_one_it_followed_before()
    {
        DataSet data = TreeExamples.Rows(100, 51);
        TreeOptions options = TreeExamples.Options();
        (TreeEnsemble one, TreeBins bins, double[] state) = TreeExamples.Train([data], Schema, options, 128);
        double[] other = one.Parameters.ToArray();
        for (int i = 2 * options.SplitNodes; i < options.TreeLength; i++)
            other[2 + i] *= -1;
        var kept = new TreeRows(data, bins, Schema.Label);
        int round = options.Rounds - 1;
        TreeVectors.Create(new TreeRecords(kept, options, one.Parameters, state, round, 0), 128);
        double[] again = TreeVectors.Create(new TreeRecords(kept, options, other, state, round, 0), 128);
        double[] fresh = TreeVectors.Create(new TreeRecords(new TreeRows(data, bins, Schema.Label), options, other, state, round, 0), 128);
        Assert.Equal(fresh, again);
    }

    [Fact]
    public void Random_trees_are_the_same_for_one_seed_and_leave_no_side_without_thresholds_to_fall_to()
    {
        TreeOptions options = TreeExamples.Options(TreeRule.Random, 8, 4, 0.1, 8);
        TreeBins bins = TreeBins.FromBounds(Schema, 8);
        var rows = new TreeRows(TreeExamples.Rows(200, 61), bins, Schema.Label);
        double[] model = TreeEnsemble.Initial(options, Schema.Label);
        double[] Vector(ulong seed) => TreeVectors.Create(new TreeRecords(rows, options, model, [], 0, seed), 200);
        Assert.Equal(Vector(4), Vector(4));
        Assert.NotEqual(Vector(4), Vector(5));

        double[] grown = new TreeGrower(options, bins, 4, 200).Step(model, [], 0, Vector(4)).Parameters;
        for (int tree = 0; tree < options.Trees; tree++)
        {
            for (int node = 1; node < options.SplitNodes; node++)
            {
                // A child that splits by its parent's feature does so on its own side.
                (int child, int parent) = (2 + (tree * options.TreeLength) + (2 * node), 2 + (tree * options.TreeLength) + (2 * ((node - 1) / 2)));
                if (grown[child] != 0 && grown[child] == grown[parent])
                    Assert.True(node % 2 == 1 ? grown[child + 1] < grown[parent + 1] : grown[child + 1] > grown[parent + 1]);
            }
        }
    }

    public static TheoryData<TreeOptions> Impossible() =>
    [
        TreeExamples.Options() with { Trees = 0 },
        TreeExamples.Options() with { Depth = 7 },
        TreeExamples.Options() with { Bins = 1 },
        TreeExamples.Options() with { Bins = 257 },
        TreeExamples.Options() with { Shrinkage = 0 },
        TreeExamples.Options() with { Lambda = double.NaN },
        TreeExamples.Options() with { TreesPerRound = 2 },
        TreeExamples.Options(TreeRule.Random) with { TreesPerRound = 3 },
        TreeExamples.Options() with { FeatureCount = 0 },
    ];

    [Theory]
    [MemberData(nameof(Impossible))]
    public void Trees_out_of_range_are_refused(TreeOptions options)
    {
        Assert.NotNull(options.FindFault());
        Assert.ThrowsAny<ArgumentException>(() => TreeVectors.Layout(options));
    }

    [Fact]
    public void Numbers_that_are_no_trees_are_refused()
    {
        TreeOptions options = TreeExamples.Options();
        double[] model = new double[options.ParameterCount];
        Assert.ThrowsAny<ArgumentException>(() => new TreeEnsemble(options, model.AsSpan(1)));
        foreach (double feature in (double[])[-1, 5, 1.5, double.NaN])
        {
            model[2] = feature;
            Assert.ThrowsAny<ArgumentException>(() => new TreeEnsemble(options, model));
        }
    }
}
