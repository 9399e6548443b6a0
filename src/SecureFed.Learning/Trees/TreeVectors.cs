using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Trees;

/// <summary>What clients send in a training round of boosted trees, and the bounds that hold by construction.</summary>
/// <remarks>
/// <para>A row has |g| ≤ 1, h ≤ ¼ and g² + h² ≤ 1 for log loss (p = 0 and y = 1 is the extreme: (1 - p)²(1 + p²) falls in p), |g| ≤ 2 and h = 1 for squared error in half ranges.</para>
/// <para><see cref="TreeRule.Histogram"/>: <c>[gradient | hessian]</c>, each open node × feature × bin. A row is in one node and in one bin of each feature: norms √F·|g| and √F·h.</para>
/// <para><see cref="TreeRule.Random"/>: one segment <c>[g per tree and leaf | h per tree and leaf]</c>. A row is in one leaf of each of the round's K trees: norm √K·√(g² + h²), whatever F
/// is. One segment and not two, because noise is measured by the norm of the whole: h comes with g for nothing.</para>
/// <para>A client's vector is the sum over its rows divided by the task's greatest number of rows, so that by the triangle inequality the same bounds hold for it.</para>
/// </remarks>
public static class TreeVectors
{
    /// <summary>Segment of summed gradients.</summary>
    public const string Gradient = "gradient";

    /// <summary>Segment of summed hessians.</summary>
    public const string Hessian = "hessian";

    /// <summary>Segment of gradients and hessians per leaf.</summary>
    public const string LeafSums = "leaves";

    /// <summary>The layout of every training round, for a client's vector and for a row's.</summary>
    public static VectorLayout Layout(TreeOptions options)
    {
        bool isLogistic = options.Require().Kind == ModelKind.Logistic;
        if (options.Rule == TreeRule.Random)
        {
            return new VectorLayout(new VectorSegment(LeafSums, 2 * options.TreesPerRound * options.Leaves, Math.Sqrt(options.TreesPerRound) * (isLogistic ? 1 : Math.Sqrt(5))));
        }

        int cells = options.GreatestOpenNodes * options.FeatureCount * options.Bins;
        double root = Math.Sqrt(options.FeatureCount);
        return new VectorLayout(new VectorSegment(Gradient, cells, root * (isLogistic ? 1 : 2)), new VectorSegment(Hessian, cells, root * (isLogistic ? 0.25 : 1)));
    }

    /// <summary>The client's vector.</summary>
    /// <param name="round">The round at the client's rows.</param>
    /// <param name="maxRows">The task's public maximum of rows per client.</param>
    /// <exception cref="DataException"><c>too-many-rows</c>.</exception>
    public static double[] Create(TreeRecords round, int maxRows)
    {
        RowWeight.RequireAtMost(round.Count, maxRows);
        var vector = new double[round.Layout.Dimension];
        for (int row = 0; row < round.Count; row++)
        {
            round.Add(row, vector);
        }

        foreach (ref double sum in vector.AsSpan())
        {
            sum /= maxRows;
        }

        return vector;
    }
}
