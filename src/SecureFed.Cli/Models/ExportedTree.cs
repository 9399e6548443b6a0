using System.Text.Json.Serialization;
using SecureFed.Learning.Models;
using SecureFed.Learning.Trees;

namespace SecureFed.Cli.Models;

/// <summary>One boosted tree: a row starts at the first node and follows splits to a leaf, whose value it gets.</summary>
/// <param name="Nodes">Children stand behind their parent, and every node but the first has one.</param>
internal sealed record ExportedTree(IReadOnlyList<ExportedNode> Nodes)
{
    /// <summary>A tree of the model's numbers. Nodes that do not split are left out: all their rows went on to the left.</summary>
    /// <param name="options">As the task had them.</param>
    /// <param name="numbers">The tree's numbers in <see cref="TreeEnsemble"/>.</param>
    public static ExportedTree Of(TreeOptions options, double[] numbers)
    {
        List<ExportedNode> nodes = [];
        Add(0);
        return new ExportedTree(nodes);

        int Add(int node)
        {
            while (node < options.SplitNodes && numbers[2 * node] is 0)
                node = (2 * node) + 1;
            int place = nodes.Count;
            if (node >= options.SplitNodes)
            {
                nodes.Add(new ExportedNode(Value: numbers[options.SplitNodes + node]));
                return place;
            }

            nodes.Add(new ExportedNode((int)numbers[2 * node] - 1, numbers[(2 * node) + 1]));
            int atMost = Add((2 * node) + 1);
            nodes[place] = nodes[place] with { AtMost = atMost, Above = Add((2 * node) + 2) };
            return place;
        }
    }

    /// <summary>The model of trees without a fault.</summary>
    /// <param name="trees">At least one.</param>
    /// <param name="kind">Logistic if scores are logits, else linear.</param>
    /// <param name="features">Number of features.</param>
    /// <param name="initialScore">Score before the first tree.</param>
    public static TreeEnsemble ToEnsemble(IReadOnlyList<ExportedTree> trees, ModelKind kind, int features, double initialScore)
    {
        TreeOptions options = OptionsOf(kind, features, trees.Count, Math.Max(1, trees.Max(tree => tree.Levels())));
        double[] parameters = new double[options.ParameterCount];
        (parameters[0], parameters[1]) = (initialScore, 1);
        for (int t = 0; t < trees.Count; t++)
            trees[t].Write(options, parameters.AsSpan(TreeEnsemble.HeaderLength + (t * options.TreeLength), options.TreeLength));
        return new TreeEnsemble(options, parameters);
    }

    /// <summary>Options of trees that are grown: how they came about is no matter any more.</summary>
    public static TreeOptions OptionsOf(ModelKind kind, int features, int trees, int depth) => new(kind, features, trees, depth, 2, 1, 0, TreeRule.Histogram);

    /// <summary>Whether the nodes are one tree of at most <see cref="TreeOptions.GreatestDepth"/> levels of splits by features that there are.</summary>
    public bool IsSound(int features)
    {
        if (Nodes is null or { Count: 0 })
            return false;
        int?[] levels = new int?[Nodes.Count];
        levels[0] = 0;
        for (int place = 0; place < Nodes.Count; place++)
        {
            // Parents come first, so a node that nobody has named by now is nobody's child.
            if (Nodes[place] is not { } node || levels[place] is not { } level || level > TreeOptions.GreatestDepth)
                return false;
            if (node is { Value: { } value, Feature: null, Threshold: null, AtMost: null, Above: null } && double.IsFinite(value))
                continue;
            if (node is not { Value: null, Feature: { } feature, Threshold: { } threshold, AtMost: { } atMost, Above: { } above }
                || level == TreeOptions.GreatestDepth || feature < 0 || feature >= features || !double.IsFinite(threshold) || !TryName(atMost) || !TryName(above))
            {
                return false;
            }

            bool TryName(int child)
            {
                bool isFree = child > place && child < levels.Length && levels[child] is null;
                if (isFree)
                    levels[child] = level + 1;
                return isFree;
            }
        }

        return true;
    }

    private int Levels(int place = 0) => Nodes[place] is { AtMost: { } atMost, Above: { } above } ? 1 + Math.Max(Levels(atMost), Levels(above)) : 0;

    private void Write(TreeOptions options, Span<double> numbers, int place = 0, int node = 0)
    {
        if (Nodes[place] is { Feature: { } feature, Threshold: { } threshold, AtMost: { } atMost, Above: { } above })
        {
            (numbers[2 * node], numbers[(2 * node) + 1]) = (feature + 1, threshold);
            Write(options, numbers, atMost, (2 * node) + 1);
            Write(options, numbers, above, (2 * node) + 2);
            return;
        }

        while (node < options.SplitNodes)
            node = (2 * node) + 1;
        numbers[options.SplitNodes + node] = Nodes[place].Value ?? 0;
    }
}

/// <summary>A split, or a leaf: a leaf has a value and nothing else.</summary>
/// <param name="Feature">Place of the feature that splits, from 0.</param>
/// <param name="Threshold">Compared with the feature's value.</param>
/// <param name="AtMost">Place of the node to which rows go whose value is the threshold or less.</param>
/// <param name="Above">Place of the node for all others.</param>
/// <param name="Value">Added to the score of the rows that arrive.</param>
internal sealed record ExportedNode(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Feature = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Threshold = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? AtMost = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Above = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Value = null);
