using System.Buffers.Binary;
using System.Globalization;
using SecureFed.Cli.Audit;
using SecureFed.Cli.Models;
using SecureFed.Cli.Models.Onnx;
using SecureFed.Learning;
using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Trees;
using Type = SecureFed.Cli.Models.Onnx.AttributeProto.Types.AttributeType;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>Boosted trees in ONNX, walked in single precision by the attributes of their bytes as ONNX-ML defines TreeEnsembleRegressor, against the model that was exported.</summary>
public class OnnxTreesTests
{
    // Columns as data have them: amounts, an age, a status, a share; steps of the values that their rows hold.
    private static readonly (FeatureSchema Column, double Step)[] Columns =
        [(new("amount", -1_000_000, 2_000_000), 1), (new("age", 20, 80), 1), (new("status", -10, 10), 0.5), (new("share", 0, 0.8), 0.001), (new("size", 0, 40), 0.01)];

    [Theory]
    [InlineData("linear", 1)]
    [InlineData("linear", 2)]
    [InlineData("logistic", 3)]
    [InlineData("logistic", 4)]
    public void The_node_sends_rows_where_the_trees_do_at_thresholds_too(string output, ulong seed)
    {
        DeterministicSequence random = new(seed);
        ExportedModel model = ModelOf(output, random);
        ModelProto proto = ModelProto.Parser.ParseFrom(OnnxModel.Encode(model));
        Assert.Equal([("", 13), ("ai.onnx.ml", 2)], proto.OpsetImport.Select(o => (o.Domain, o.Version)));
        Assert.Equal([("features", 5L), ("prediction", 1L)], proto.Graph.Input.Concat(proto.Graph.Output).Select(v => (v.Name, v.Type.TensorType.Shape.Dim[^1].DimValue)));
        NodeProto ensemble = proto.Graph.Node[0];
        Assert.Equal(("ai.onnx.ml", "TreeEnsembleRegressor"), (ensemble.Domain, ensemble.OpType));
        Assert.Equal(output is "linear" ? ["Mul", "Add"] : ["Sigmoid"], proto.Graph.Node.Skip(1).Select(n => n.OpType));
        Assert.Equal(proto.Graph.Node.Skip(1).Select(n => n.Input[0]), proto.Graph.Node.SkipLast(1).Select(n => n.Output.Single()));

        IScoringModel ours = model.ToModel();
        double[][] thresholds = [.. Columns.Select((_, feature) => model.Trees!.SelectMany(t => t.Nodes).Where(n => n.Feature == feature).Select(n => n.Threshold!.Value).ToArray())];
        for (int row = 0; row < 4000; row++)
        {
            double[] features = [.. Columns.Select((column, j) => Value(column.Column, column.Step, thresholds[j], random))];
            double score = ours.Score(features);
            double expected = output is "linear" ? model.LabelMean + (model.LabelScale * score) : 1 / (1 + Math.Exp(-score));
            Assert.Equal(expected, Run(proto.Graph, [.. features.Select(x => (float)x)]), 2e-5);
        }
    }

    [Theory]
    [InlineData(0.1, 0.1)] // Single precision rounds it up.
    [InlineData(0.7, 0.7)] // Down.
    [InlineData(2.9999999999999996, 3)] // A hair below a whole number.
    [InlineData(34.299999999999997, 34.3)]
    [InlineData(16777214.999999, 16777215)]
    [InlineData(120.34599999, 120.346)]
    [InlineData(-1e-60, 0)]
    [InlineData(0, 0)]
    [InlineData(-0.3, -0.3)]
    [InlineData(1234567.99, 1234568)]
    [InlineData(790499000, 790499000)] // Whole numbers beyond 2^24 share numbers of single precision with others.
    public void A_threshold_keeps_values_of_few_digits_on_their_side(double threshold, double value)
    {
        float single = OnnxTrees.ToSingle(threshold);
        Assert.Equal(value <= threshold, (float)value <= single);
        Assert.True(single == (float)threshold || single == MathF.BitDecrement((float)threshold));
    }

    [Fact]
    public void Values_of_six_digits_keep_their_side_whatever_the_threshold_beside_them()
    {
        DeterministicSequence random = new(11);
        for (int trial = 0; trial < 50_000; trial++)
        {
            double value = double.Parse($"{random.NextInt(2_000_000) - 1_000_000}e{random.NextInt(12) - 8}", CultureInfo.InvariantCulture);
            double beside = value * (1 + (random.NextGaussian() * Math.Pow(10, -7 - random.NextInt(9))));
            foreach (double threshold in (double[])[value, Math.BitIncrement(value), Math.BitDecrement(value), beside, (float)value])
                Assert.True(value <= threshold == (float)value <= OnnxTrees.ToSingle(threshold), $"{value:R} at {threshold:R}");
        }
    }

    [Fact]
    public void A_value_equal_to_a_threshold_stays_with_it_but_for_a_round_number_just_above()
    {
        double[] edges = [.. Columns.SelectMany(c => new TreeGrid(c.Column, GridVector.ExactCells).Edges.ToArray())];
        double[] moved = [.. edges.Where(edge => (float)edge > OnnxTrees.ToSingle(edge))];
        Assert.InRange(moved.Length, 0, edges.Length / 50);
        Assert.All(moved, edge => Assert.Contains(
            (double[])[Math.Ceiling(edge), double.Parse(((float)edge).ToString("E5", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)],
            round => round > edge && round - edge <= 1.2e-7 * Math.Abs(edge)));
    }

    /// <summary>Half of the values lie on a threshold, or are the next that a row can hold on either side.</summary>
    private static double Value(FeatureSchema column, double step, double[] thresholds, DeterministicSequence random)
    {
        if (thresholds.Length == 0 || random.NextBoolean(0.5))
            return random.NextUniform(column.LowerBound, column.UpperBound);
        double threshold = thresholds[random.NextInt(thresholds.Length)];
        double below = Math.Round(Math.Floor(threshold / step) * step, 6);
        bool isBesideRound = OnnxTrees.ToSingle(threshold) < (float)threshold; // Then the round number above keeps its side, and not the threshold's own value.
        return random.NextInt(isBesideRound ? 2 : 3) switch { 0 => below, 1 => Math.Round(below + step, 6), _ => threshold };
    }

    private static ExportedModel ModelOf(string output, DeterministicSequence random)
    {
        TreeGrid[] grids = [.. Columns.Select(c => new TreeGrid(c.Column, GridVector.ExactCells))];
        return new(
            ExportedModel.FormatName,
            1,
            "trees",
            "task",
            "digest",
            [.. Columns.Select(c => new ExportedFeature(c.Column.Name, c.Column.LowerBound, c.Column.UpperBound, 0, 1))],
            new ColumnBounds("y", -20, 30),
            output is "linear" ? 5 : 0,
            output is "linear" ? 2.5 : 1,
            [],
            output,
            null,
            0.375,
            [.. Enumerable.Range(0, 12).Select(_ => new ExportedTree(Grow(0)))]);

        ExportedNode[] Grow(int level)
        {
            int feature = random.NextInt(Columns.Length);
            if (level == 4 || random.NextBoolean(0.15))
                return [new ExportedNode(Value: random.NextGaussian())];

            // Thresholds that a rounded product has made, and those at which rows lie.
            double threshold = grids[feature].Edges[random.NextInt(grids[feature].Cells - 1)];
            if (random.NextBoolean(0.3))
                threshold = Math.Round(Math.Round(threshold / Columns[feature].Step) * Columns[feature].Step, 6);
            ExportedNode[] atMost = Grow(level + 1);
            ExportedNode[] above = Grow(level + 1);
            return [new ExportedNode(feature, threshold, 1, 1 + atMost.Length), .. atMost.Select(n => Moved(n, 1)), .. above.Select(n => Moved(n, 1 + atMost.Length))];
        }

        static ExportedNode Moved(ExportedNode node, int by) => node with { AtMost = node.AtMost + by, Above = node.Above + by };
    }

    private static float Run(GraphProto graph, float[] features)
    {
        Dictionary<string, float> constants = graph.Initializer.ToDictionary(t => t.Name, t => BinaryPrimitives.ReadSingleLittleEndian(t.RawData.Span), StringComparer.Ordinal);
        float value = 0;
        foreach (NodeProto node in graph.Node)
        {
            value = node.OpType switch
            {
                "TreeEnsembleRegressor" => Walk(node.Attribute.ToDictionary(a => a.Name, StringComparer.Ordinal), features),
                "Mul" => value * constants[node.Input[1]],
                "Add" => value + constants[node.Input[1]],
                "Sigmoid" => 1 / (1 + MathF.Exp(-value)),
                _ => throw new InvalidOperationException(node.OpType),
            };
        }

        return value;
    }

    private static float Walk(Dictionary<string, AttributeProto> attributes, float[] features)
    {
        long[] Ints(string name) => attributes[name] is { Type: Type.Ints } a ? [.. a.Ints] : throw new InvalidOperationException(name);
        float[] Floats(string name) => attributes[name] is { Type: Type.Floats } a ? [.. a.Floats] : throw new InvalidOperationException(name);
        Assert.True(attributes["n_targets"] is { I: 1, Type: Type.Int } && attributes["nodes_modes"].Type == Type.Strings);
        (long[] trees, long[] ids, long[] columns, float[] values) = (Ints("nodes_treeids"), Ints("nodes_nodeids"), Ints("nodes_featureids"), Floats("nodes_values"));
        (long[] yes, long[] no, string[] modes) = (Ints("nodes_truenodeids"), Ints("nodes_falsenodeids"), [.. attributes["nodes_modes"].Strings.Select(s => s.ToStringUtf8())]);
        (long[] ofTree, long[] ofNode, long[] targets, float[] weights) = (Ints("target_treeids"), Ints("target_nodeids"), Ints("target_ids"), Floats("target_weights"));
        Assert.All((int[])[ids.Length, columns.Length, values.Length, yes.Length, no.Length, modes.Length], length => Assert.Equal(trees.Length, length));
        Assert.All((int[])[ofNode.Length, targets.Length, weights.Length, modes.Count(m => m == "LEAF")], length => Assert.Equal(ofTree.Length, length));
        Assert.All(targets, target => Assert.Equal(0, target));
        Dictionary<(long, long), int> places = Enumerable.Range(0, ids.Length).ToDictionary(i => (trees[i], ids[i]));
        Dictionary<(long, long), float> votes = Enumerable.Range(0, ofNode.Length).ToDictionary(i => (ofTree[i], ofNode[i]), i => weights[i]);
        float sum = 0;
        foreach (long tree in trees.Distinct())
        {
            int place = places[(tree, 0)];
            while (modes[place] == "BRANCH_LEQ")
                place = places[(tree, features[columns[place]] <= values[place] ? yes[place] : no[place])];
            Assert.Equal("LEAF", modes[place]);
            sum += votes[(tree, ids[place])];
        }

        return sum + Assert.Single(Floats("base_values"));
    }
}
