namespace SecureFed.Learning.Trees;

/// <summary>Totally random trees: every split drawn from a public seed, so that no row decides where a tree splits and only leaf sums need noise.</summary>
/// <remarks>
/// Each node draws a feature by the public weights among those that still have an edge within the node's box, and one of these edges uniformly; with quantile bins both children then
/// hold rows. A node whose box has no edge left is not split. Server and clients draw alike from seed, tree and weights.
/// </remarks>
internal static class TreeDraw
{
    /// <summary>Writes the splits of one tree.</summary>
    /// <param name="options">The task's trees.</param>
    /// <param name="bins">Thresholds.</param>
    /// <param name="weights">Length F, not negative: how often a feature should be drawn, in proportion.</param>
    /// <param name="seed">The task's public seed.</param>
    /// <param name="tree">Number of the tree, from 0.</param>
    /// <param name="splits">Length 2·(2^depth - 1). Overwritten.</param>
    public static void Write(TreeOptions options, TreeBins bins, ReadOnlySpan<double> weights, ulong seed, int tree, Span<double> splits)
    {
        splits.Clear();
        double[] drawn = weights.ToArray();
        var sequence = new DeterministicSequence(seed, (ulong)tree + 1);
        var low = new int[options.FeatureCount];
        var high = new int[options.FeatureCount];
        for (int feature = 0; feature < high.Length; feature++)
        {
            high[feature] = bins.Edges(feature).Length;
        }

        Split(0, splits);

        void Split(int node, Span<double> into)
        {
            if (node >= options.SplitNodes)
            {
                return;
            }

            int feature = Draw();
            if (feature < 0)
            {
                return;
            }

            int edge = low[feature] + sequence.NextInt(high[feature] - low[feature]);
            into[2 * node] = feature + 1;
            into[(2 * node) + 1] = bins.Edges(feature)[edge];
            (int keptLow, int keptHigh) = (low[feature], high[feature]);
            high[feature] = edge;
            Split((2 * node) + 1, into);
            (low[feature], high[feature]) = (edge + 1, keptHigh);
            Split((2 * node) + 2, into);
            low[feature] = keptLow;
        }

        int Draw()
        {
            double total = 0;
            int last = -1;
            for (int feature = 0; feature < high.Length; feature++)
            {
                total += WeightOf(feature);
                last = WeightOf(feature) > 0 ? feature : last;
            }

            double at = sequence.NextDouble() * total;
            for (int feature = 0; feature < last; feature++)
            {
                at -= WeightOf(feature);
                if (at < 0)
                {
                    return feature;
                }
            }

            return last;
        }

        double WeightOf(int feature) => high[feature] > low[feature] ? drawn[feature] : 0;
    }
}
