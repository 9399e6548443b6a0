using SecureFed.Learning.Data;
using SecureFed.Learning.Models;

namespace SecureFed.Learning.Trees;

/// <summary>A client's rows on their way through the trees: keeps bins and scores between rounds, so that a round costs its own trees only.</summary>
/// <remarks>Never leaves the client. Follows any model of the task: scores are computed anew when the trees behind them are others.</remarks>
public sealed class TreeRows
{
    private readonly DataSet data;
    private readonly FeatureSchema label;
    private readonly double[] sums;
    private double[] followed = [];
    private int followedTrees;

    /// <param name="data">Rows as they are.</param>
    /// <param name="bins">The task's thresholds.</param>
    /// <param name="label">The label's public bounds.</param>
    /// <exception cref="ArgumentException">Another number of features.</exception>
    public TreeRows(DataSet data, TreeBins bins, FeatureSchema label)
    {
        if (data.FeatureCount != bins.FeatureCount)
        {
            throw new ArgumentException($"{bins.FeatureCount} features have bins; the rows have {data.FeatureCount}.", nameof(data));
        }

        this.data = data;
        this.label = label;
        Bins = bins;
        sums = new double[data.Rows];
        Gradients = new double[data.Rows];
        Hessians = new double[data.Rows];
        BinNumbers = new byte[data.Rows * data.FeatureCount];
        for (int row = 0; row < data.Rows; row++)
        {
            ReadOnlySpan<double> values = data.Row(row);
            for (int feature = 0; feature < values.Length; feature++)
            {
                BinNumbers[(row * values.Length) + feature] = (byte)bins.BinOf(feature, values[feature]);
            }
        }
    }

    /// <summary>Number of rows.</summary>
    public int Count => data.Rows;

    /// <summary>The task's thresholds.</summary>
    public TreeBins Bins { get; }

    /// <summary>g of every row at the model followed last: p - y for log loss, else (ŷ - y)/half range with ŷ and y clamped to the label's bounds.</summary>
    internal double[] Gradients { get; }

    /// <summary>h of every row: p(1 - p), or 1.</summary>
    internal double[] Hessians { get; }

    /// <summary>Bin of every value, rows one after the other.</summary>
    internal byte[] BinNumbers { get; }

    internal ReadOnlySpan<double> Row(int row) => data.Row(row);

    /// <summary>Brings gradients and hessians to the first trees of a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="trees">Trees of it that are complete.</param>
    internal void Follow(TreeEnsemble model, int trees)
    {
        ReadOnlySpan<double> complete = model.Parameters[..TreeEnsemble.OffsetOf(model.Options, trees)];
        if (trees < followedTrees || !complete[..Math.Min(complete.Length, followed.Length)].SequenceEqual(followed) || followed.Length == 0)
        {
            sums.AsSpan().Clear();
            followedTrees = 0;
        }

        for (int row = 0; row < Count; row++)
        {
            for (int tree = followedTrees; tree < trees; tree++)
            {
                sums[row] += model.LeafValue(tree, model.LeafOf(tree, Row(row)));
            }

            (Gradients[row], Hessians[row]) = Slopes(model, model.Offset + (model.Factor * sums[row]), data.Labels[row]);
        }

        followed = complete.ToArray();
        followedTrees = trees;
    }

    private (double Gradient, double Hessian) Slopes(TreeEnsemble model, double score, double y)
    {
        if (model.Kind == ModelKind.Logistic)
        {
            double p = Objective.Sigmoid(score);
            return (p - y, p * (1 - p));
        }

        double low = label.LowerBound;
        double high = label.UpperBound;
        return label.HalfRange > 0 ? ((Math.Clamp(score, low, high) - Math.Clamp(y, low, high)) / label.HalfRange, 1) : (0, 1);
    }
}
