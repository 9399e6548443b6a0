using SecureFed.Learning.Data;
using SecureFed.Learning.Models;

namespace SecureFed.Learning.Trees;

/// <summary>A sum of regression trees, read from the model's numbers: score = offset + factor · Σ leaf values. Immutable.</summary>
/// <remarks>
/// Numbers: offset, factor, then each tree's split nodes level by level as pairs of feature (1-based; 0 = not split, all rows go left) and threshold (a value at most that goes left),
/// then its leaf values from left to right. Trees that are not grown yet are zeros, so that the score is defined from the first round on. Thresholds lie within the public bounds, so
/// values beyond those go where the bound would.
/// </remarks>
public sealed class TreeEnsemble : IScoringModel
{
    /// <summary>Numbers before the first tree.</summary>
    public const int HeaderLength = 2;

    private readonly double[] parameters;

    /// <param name="options">The task's trees.</param>
    /// <param name="parameters">As many numbers as the options say; copied.</param>
    /// <exception cref="ArgumentException">Another length, a number that is not finite, or a feature that there is not.</exception>
    public TreeEnsemble(TreeOptions options, ReadOnlySpan<double> parameters)
    {
        options.Require();
        if (parameters.Length != options.ParameterCount)
        {
            throw new ArgumentException($"{parameters.Length} numbers are no model of {options.ParameterCount}.", nameof(parameters));
        }

        foreach (double parameter in parameters)
        {
            ArgumentOutOfRangeException.ThrowIfEqual(double.IsFinite(parameter), false, nameof(parameters));
        }

        for (int tree = 0; tree < options.Trees; tree++)
        {
            for (int node = 0; node < options.SplitNodes; node++)
            {
                double feature = parameters[OffsetOf(options, tree) + (2 * node)];
                if (!(feature >= 0 && feature <= options.FeatureCount && Math.Floor(feature) == feature))
                {
                    throw new ArgumentException("A tree splits by a feature that there is not.", nameof(parameters));
                }
            }
        }

        Options = options;
        this.parameters = parameters.ToArray();
    }

    /// <summary>The task's trees.</summary>
    public TreeOptions Options { get; }

    /// <summary>Logistic for log loss, linear for squared error.</summary>
    public ModelKind Kind => Options.Kind;

    /// <inheritdoc/>
    public OutputKind Output => Kind == ModelKind.Logistic ? OutputKind.Logistic : OutputKind.Linear;

    /// <inheritdoc/>
    public int FeatureCount => Options.FeatureCount;

    /// <inheritdoc/>
    public int WorkspaceLength => 0;

    /// <summary>All numbers of the model.</summary>
    public ReadOnlySpan<double> Parameters => parameters;

    /// <summary>Score without any tree.</summary>
    public double Offset => parameters[0];

    /// <summary>What 1 of a leaf value is worth: 1 for logits, half the label's range otherwise.</summary>
    public double Factor => parameters[1];

    /// <summary>Numbers of a model without trees.</summary>
    /// <param name="options">The task's trees.</param>
    /// <param name="label">The label's public bounds.</param>
    /// <param name="mean">Mean label, where known; a logistic model then starts from its log odds, kept within one part in a hundred million.</param>
    public static double[] Initial(TreeOptions options, FeatureSchema label, double? mean = null)
    {
        var initial = new double[options.Require().ParameterCount];
        double part = Math.Clamp(mean ?? 0.5, 1e-8, 1 - 1e-8);
        (initial[0], initial[1]) = options.Kind == ModelKind.Logistic
            ? (mean is null ? 0 : (float)Math.Log(part / (1 - part)), 1) // Single precision: platforms differ in the last bit of a logarithm, and auditors compute it again.
            : (mean ?? label.Centre, label.HalfRange);
        return initial;
    }

    /// <inheritdoc/>
    public double Score(ReadOnlySpan<double> features)
    {
        double sum = 0;
        for (int tree = 0; tree < Options.Trees; tree++)
        {
            sum += LeafValue(tree, LeafOf(tree, features));
        }

        return Offset + (Factor * sum);
    }

    /// <inheritdoc/>
    public double Score(ReadOnlySpan<double> features, Span<double> workspace) => Score(features);

    /// <inheritdoc/>
    public double[] Outputs(DataSet data) => Scores(data);

    /// <inheritdoc/>
    public double[] Scores(DataSet data)
    {
        var scores = new double[data.Rows];
        for (int row = 0; row < scores.Length; row++)
        {
            scores[row] = Score(data.Row(row));
        }

        return scores;
    }

    /// <summary>Probability of the positive class, or the predicted number.</summary>
    public double Predict(ReadOnlySpan<double> features) => Kind == ModelKind.Logistic ? Objective.Sigmoid(Score(features)) : Score(features);

    /// <summary>The leaf that a row reaches, from 0 on the left.</summary>
    public int LeafOf(int tree, ReadOnlySpan<double> features) => NodeAfter(tree, Options.Depth, features) - Options.SplitNodes;

    /// <summary>Where a row is after so many levels: the index of the node.</summary>
    internal int NodeAfter(int tree, int levels, ReadOnlySpan<double> features)
    {
        ReadOnlySpan<double> splits = parameters.AsSpan(OffsetOf(Options, tree));
        int node = 0;
        for (int level = 0; level < levels; level++)
        {
            int feature = (int)splits[2 * node];
            node = (2 * node) + (feature == 0 || features[feature - 1] <= splits[(2 * node) + 1] ? 1 : 2);
        }

        return node;
    }

    internal double LeafValue(int tree, int leaf) => parameters[OffsetOf(Options, tree) + (2 * Options.SplitNodes) + leaf];

    internal static int OffsetOf(TreeOptions options, int tree) => HeaderLength + (tree * options.TreeLength);
}
