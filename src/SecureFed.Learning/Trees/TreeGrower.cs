using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;

namespace SecureFed.Learning.Trees;

/// <summary>The server's part of boosted trees: from a round's summed gradients and hessians to splits and leaf values. Deterministic, without randomness.</summary>
/// <remarks>
/// <para>Friedman 2001, section 3; second-order gains and leaf values of Chen and Guestrin 2016, equations 6 and 7: value -η·G/(H + λ), gain G_L²/(H_L + λ) + G_R²/(H_R + λ) - G²/(H + λ).
/// Ties go to the first feature and its first edge. Sides whose hessians sum to less than <see cref="LeastHessian"/> rows' worth are not split off.</para>
/// <para>State: gain by feature, then how often each was used to split; the gain of a random tree is that of its leaf sums less what their noise adds on average.</para>
/// <para>Assumes sums over the cohort's rows. A sum that is malformed in value (not finite, no hessian at all) is refused; one that is merely false gives a false model, as with any other model.</para>
/// </remarks>
/// <param name="options">The task's trees.</param>
/// <param name="bins">Their thresholds.</param>
/// <param name="seed">The task's public seed; unused with histograms.</param>
/// <param name="rowsPerUnit">Rows that 1 in a sum stands for: the greatest number of rows of a client, or 1 for sums over records.</param>
/// <param name="noiseDeviation">Standard deviation of the noise of each coordinate of the first segment, in the segment's units; 0 without noise.</param>
public sealed class TreeGrower(TreeOptions options, TreeBins bins, ulong seed, double rowsPerUnit, double noiseDeviation = 0)
{
    /// <summary>Smallest sum of hessians on either side of a split.</summary>
    public const double LeastHessian = 1;

    /// <summary>Largest step of a leaf before shrinkage: what a nearly empty leaf, or noise, can do to a score.</summary>
    public const double GreatestLeaf = 4;

    private const double LeastGain = 1e-4;
    private const double LeastTotal = 1e-6;
    private readonly double noise = noiseDeviation * rowsPerUnit;

    /// <summary>Length of the state.</summary>
    public int StateLength => 2 * options.FeatureCount;

    /// <summary>One round.</summary>
    /// <param name="parameters">The round's model.</param>
    /// <param name="state">State beside it; empty before the first round.</param>
    /// <param name="completedRounds">Training rounds behind it.</param>
    /// <param name="sum">Sum over the survivors in <see cref="TreeVectors.Layout"/>.</param>
    /// <exception cref="LearningException"><c>no-weight</c>, <c>sum-not-finite</c> or <c>fully-grown</c>: the round cannot be used.</exception>
    /// <exception cref="ArgumentException">Sum, state or model of another length.</exception>
    public ServerStep Step(ReadOnlySpan<double> parameters, ReadOnlySpan<double> state, int completedRounds, ReadOnlySpan<double> sum)
    {
        if (completedRounds < 0 || completedRounds >= options.Rounds)
        {
            throw new LearningException("fully-grown", "All trees of the model are grown.", "Define the task with more trees, or with as many rounds as they take.");
        }

        double[] rows = Require(sum);
        double[] next = WithDraws(options, bins, parameters, state, options.TreesAfter(completedRounds), seed);
        double[] gains = state.Length == 0 ? new double[StateLength] : state.ToArray();
        if (options.Rule == TreeRule.Random)
        {
            FillLeaves(next, gains, options.TreesAfter(completedRounds), rows);
        }
        else
        {
            Grow(next, gains, options.TreesAfter(completedRounds), completedRounds % options.Depth, rows);
        }

        return new ServerStep(FiniteModel.Require(next), FiniteModel.Require(gains));
    }

    /// <summary>The model with the splits of the round's random trees; as it is with histograms.</summary>
    internal static double[] WithDraws(TreeOptions options, TreeBins bins, ReadOnlySpan<double> parameters, ReadOnlySpan<double> state, int firstTree, ulong seed)
    {
        if (parameters.Length != options.ParameterCount || (state.Length != 0 && state.Length != 2 * options.FeatureCount) || !bins.Fit(options))
        {
            throw new ArgumentException("Model, state and bins do not belong to these trees.", nameof(parameters));
        }

        double[] next = parameters.ToArray();
        if (options.Rule == TreeRule.Random)
        {
            double[] weights = TreeImportance.DrawWeights(options.FeatureCount, state);
            for (int tree = firstTree; tree < firstTree + options.TreesPerRound; tree++)
            {
                TreeDraw.Write(options, bins, weights, seed, tree, next.AsSpan(TreeEnsemble.OffsetOf(options, tree), 2 * options.SplitNodes));
            }
        }

        return next;
    }

    private double[] Require(ReadOnlySpan<double> sum)
    {
        int dimension = TreeVectors.Layout(options).Dimension;
        if (sum.Length != dimension)
        {
            throw new ArgumentException($"The sum has {sum.Length} coordinates, the layout {dimension}.", nameof(sum));
        }

        double[] rows = sum.ToArray();
        double hessian = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] *= rowsPerUnit;
            hessian += i >= dimension / 2 ? rows[i] : 0;
            if (!double.IsFinite(rows[i]) || !double.IsFinite(rows[i] * rows[i] * dimension))
            {
                throw new LearningException("sum-not-finite", "The sum of gradients is not finite.", "Repeat the round; if it happens again, look for a client that contributes false values.");
            }
        }

        // Noise may exceed all hessians where rows are few; the leaves then hardly step, and refusing the sum would only spend budget on another.
        return noise > 0 || hessian > LeastTotal
            ? rows
            : throw new LearningException("no-weight", "The sum holds no hessian that could divide the gradients.", "Repeat the round with clients that hold rows.");
    }

    private void FillLeaves(double[] model, double[] gains, int firstTree, double[] rows)
    {
        int half = rows.Length / 2;
        for (int k = 0; k < options.TreesPerRound; k++)
        {
            Span<double> tree = model.AsSpan(TreeEnsemble.OffsetOf(options, firstTree + k), options.TreeLength);
            ReadOnlySpan<double> g = rows.AsSpan(k * options.Leaves, options.Leaves);
            ReadOnlySpan<double> h = rows.AsSpan(half + (k * options.Leaves), options.Leaves);
            for (int leaf = 0; leaf < g.Length; leaf++)
            {
                tree[(2 * options.SplitNodes) + leaf] = Value(g[leaf], h[leaf]);
            }

            for (int node = 0; node < options.SplitNodes; node++)
            {
                int feature = (int)tree[2 * node] - 1;
                if (feature >= 0)
                {
                    gains[feature] += SplitGain(node, g, h);
                    gains[options.FeatureCount + feature]++;
                }
            }
        }
    }

    /// <summary>Gain of one split of a random tree, from the leaves below it.</summary>
    private double SplitGain(int node, ReadOnlySpan<double> g, ReadOnlySpan<double> h)
    {
        int level = int.Log2(node + 1);
        int width = options.Leaves >> level;
        int first = (node + 1 - (1 << level)) * width;
        (double leftG, double leftH) = (Sum(g.Slice(first, width / 2)), Sum(h.Slice(first, width / 2)));
        (double rightG, double rightH) = (Sum(g.Slice(first + (width / 2), width / 2)), Sum(h.Slice(first + (width / 2), width / 2)));
        double spread = noise * noise * width / 2;
        return Score(leftG, leftH, spread) + Score(rightG, rightH, spread) - Score(leftG + rightG, leftH + rightH, 2 * spread);
    }

    private void Grow(double[] model, double[] gains, int tree, int level, double[] rows)
    {
        Span<double> numbers = model.AsSpan(TreeEnsemble.OffsetOf(options, tree), options.TreeLength);
        int first = (1 << level) - 1;
        for (int open = 0; open < 1 << level; open++)
        {
            Split split = Best(rows, open);
            if (split.Feature >= 0)
            {
                numbers[2 * (first + open)] = split.Feature + 1;
                numbers[(2 * (first + open)) + 1] = bins.Edges(split.Feature)[split.Edge];
                gains[split.Feature] += split.Gain;
                gains[options.FeatureCount + split.Feature]++;
            }

            if (level == options.Depth - 1)
            {
                numbers[(2 * options.SplitNodes) + (2 * open)] = Value(split.LeftG, split.LeftH);
                numbers[(2 * options.SplitNodes) + (2 * open) + 1] = split.Feature >= 0 ? Value(split.RightG, split.RightH) : 0;
            }
        }
    }

    /// <summary>The best split of a node; without one, all its rows on the left.</summary>
    private Split Best(double[] rows, int open)
    {
        int half = rows.Length / 2;
        int offset = open * options.FeatureCount * options.Bins;
        Split best = new(-1, 0, LeastGain, Sum(rows.AsSpan(offset, options.Bins)), Sum(rows.AsSpan(half + offset, options.Bins)), 0, 0);
        for (int feature = 0; feature < options.FeatureCount; feature++, offset += options.Bins)
        {
            ReadOnlySpan<double> g = rows.AsSpan(offset, options.Bins);
            ReadOnlySpan<double> h = rows.AsSpan(half + offset, options.Bins);
            (double totalG, double totalH) = (Sum(g), Sum(h));
            double whole = Score(totalG, totalH, 0);
            (double leftG, double leftH) = (0, 0);
            for (int edge = 0; edge < bins.Edges(feature).Length; edge++)
            {
                leftG += g[edge];
                leftH += h[edge];
                if (leftH < LeastHessian || totalH - leftH < LeastHessian)
                {
                    continue;
                }

                double gain = Score(leftG, leftH, 0) + Score(totalG - leftG, totalH - leftH, 0) - whole;
                if (gain > best.Gain)
                {
                    best = new Split(feature, edge, gain, leftG, leftH, totalG - leftG, totalH - leftH);
                }
            }
        }

        return best;
    }

    private double Value(double g, double h)
    {
        double divisor = Divisor(h);
        return divisor > 0 ? options.Shrinkage * Math.Clamp(-g / divisor, -GreatestLeaf, GreatestLeaf) : 0;
    }

    private double Score(double g, double h, double spread)
    {
        double divisor = Divisor(h);
        return divisor > 0 ? ((g * g) - spread) / divisor : 0;
    }

    // A leaf whose hessian drowns in the noise must not step far: one deviation more stands in the divisor.
    private double Divisor(double h) => Math.Max(h, 0) + options.Lambda + noise;

    private static double Sum(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double value in values)
        {
            sum += value;
        }

        return sum;
    }

    private readonly record struct Split(int Feature, int Edge, double Gain, double LeftG, double LeftH, double RightG, double RightH);
}
