using System.Globalization;
using Google.Protobuf;
using SecureFed.Cli.Models.Onnx;
using Type = SecureFed.Cli.Models.Onnx.AttributeProto.Types.AttributeType;

namespace SecureFed.Cli.Models;

/// <summary>Boosted trees as one node <c>TreeEnsembleRegressor</c> of ONNX-ML, whose sum is read as any other score.</summary>
/// <remarks>
/// <para>The regressor and not the classifier, so that the prediction is called and shaped as that of other models. Every split is <c>BRANCH_LEQ</c>; the true branch takes equality.</para>
/// <para>Values and thresholds are compared in single precision, where values close to a threshold round to the same number as it does and then all go one way. They go with the threshold, as a
/// value equal to it must, unless among them is a value above it that rows are likely to have: one of up to six digits, or a whole number up to 2²⁴. So these go as they do in
/// <c>model predict</c>. What remains: a value of more digits above the threshold and within one part in 10⁷ of it may go with the threshold, and one equal to a threshold just below such a
/// round number may go with that.</para>
/// </remarks>
internal static class OnnxTrees
{
    public const string Domain = "ai.onnx.ml";

    /// <summary>Of the domain, beside set 13 of the default one. The operator is that of set 1.</summary>
    public const int OperatorSet = 2;

    // Up to here each has a number of single precision for itself, and shares it with none of six digits.
    private const double GreatestWhole = 1 << 24;

    private static readonly ByteString Split = ByteString.CopyFromUtf8("BRANCH_LEQ");
    private static readonly ByteString Leaf = ByteString.CopyFromUtf8("LEAF");

    /// <summary>Adds the node.</summary>
    /// <returns>Name of the score, rows × 1.</returns>
    public static string Add(GraphProto graph, ExportedModel model, string input)
    {
        (int Tree, int Place, ExportedNode Node)[] nodes = [.. model.Trees!.SelectMany((tree, t) => tree.Nodes.Select((node, n) => (t, n, node)))];
        (int Tree, int Place, ExportedNode Node)[] leaves = [.. nodes.Where(n => n.Node.Value is not null)];
        NodeProto proto = new() { Name = "scores", OpType = "TreeEnsembleRegressor", Domain = Domain };
        proto.Input.Add(input);
        proto.Output.Add("scores");
        proto.Attribute.Add(new AttributeProto { Name = "n_targets", I = 1, Type = Type.Int });
        proto.Attribute.Add(Floats("base_values", [(float)(model.InitialScore ?? 0)]));
        proto.Attribute.Add(Ints("nodes_treeids", nodes.Select(n => n.Tree)));
        proto.Attribute.Add(Ints("nodes_nodeids", nodes.Select(n => n.Place)));
        proto.Attribute.Add(Ints("nodes_featureids", nodes.Select(n => n.Node.Feature ?? 0)));
        proto.Attribute.Add(Floats("nodes_values", nodes.Select(n => n.Node.Threshold is { } threshold ? ToSingle(threshold) : 0)));
        proto.Attribute.Add(Ints("nodes_truenodeids", nodes.Select(n => n.Node.AtMost ?? 0)));
        proto.Attribute.Add(Ints("nodes_falsenodeids", nodes.Select(n => n.Node.Above ?? 0)));
        AttributeProto modes = new() { Name = "nodes_modes", Type = Type.Strings };
        modes.Strings.Add(nodes.Select(n => n.Node.Value is null ? Split : Leaf));
        proto.Attribute.Add(modes);
        proto.Attribute.Add(Ints("target_treeids", leaves.Select(n => n.Tree)));
        proto.Attribute.Add(Ints("target_nodeids", leaves.Select(n => n.Place)));
        proto.Attribute.Add(Ints("target_ids", leaves.Select(_ => 0)));
        proto.Attribute.Add(Floats("target_weights", leaves.Select(n => (float)n.Node.Value!.Value)));
        graph.Node.Add(proto);
        return "scores";
    }

    /// <summary>The threshold in single precision, by the rule above.</summary>
    public static float ToSingle(double threshold)
    {
        float nearest = (float)threshold;

        // Two numbers of six digits never share a number of single precision, and rounding that to six digits gives back the one that has it.
        double sixDigits = double.Parse(nearest.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return IsAbove(sixDigits) || (Math.Abs(nearest) <= GreatestWhole && IsAbove(Math.Round((double)nearest))) ? MathF.BitDecrement(nearest) : nearest;

        bool IsAbove(double value) => value > threshold && (float)value == nearest;
    }

    private static AttributeProto Ints(string name, IEnumerable<int> values)
    {
        AttributeProto attribute = new() { Name = name, Type = Type.Ints };
        attribute.Ints.Add(values.Select(value => (long)value));
        return attribute;
    }

    private static AttributeProto Floats(string name, IEnumerable<float> values)
    {
        AttributeProto attribute = new() { Name = name, Type = Type.Floats };
        attribute.Floats.Add(values);
        return attribute;
    }
}
