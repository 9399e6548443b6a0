using SecureFed.Learning.Data;

namespace SecureFed.Learning.Tests.Trees;

/// <summary>Exact greedy boosting of log loss over given thresholds, written from the formulas of Chen and Guestrin 2016 by looking at every row for every threshold.</summary>
internal static class NaiveBoosting
{
    /// <summary>Logits of the training rows after so many trees, and the splits of the trees in the order in which they were found: level by level, left to right.</summary>
    public static (double[] Logits, List<(int Feature, double Threshold)?> Splits) Train(
        DataSet data, double[][] thresholds, double offset, int trees, int depth, double shrinkage, double lambda)
    {
        double[] logits = [.. Enumerable.Repeat(offset, data.Rows)];
        List<(int, double)?> splits = [];
        for (int tree = 0; tree < trees; tree++)
        {
            double[] g = new double[data.Rows];
            double[] h = new double[data.Rows];
            for (int row = 0; row < data.Rows; row++)
            {
                double p = 1 / (1 + Math.Exp(-logits[row]));
                (g[row], h[row]) = (p - data.Labels[row], p * (1 - p));
            }

            List<int[]> nodes = [[.. Enumerable.Range(0, data.Rows)]];
            for (int level = 0; level < depth; level++)
            {
                List<int[]> children = [];
                foreach (int[] node in nodes)
                {
                    (int Feature, double Threshold)? split = Best(data, node, thresholds, g, h, lambda);
                    splits.Add(split);
                    children.Add([.. node.Where(row => split is not { } s || data.Row(row)[s.Feature] <= s.Threshold)]);
                    children.Add([.. node.Where(row => split is { } s && data.Row(row)[s.Feature] > s.Threshold)]);
                }

                nodes = children;
            }

            foreach (int[] leaf in nodes)
            {
                double value = shrinkage * -leaf.Sum(row => g[row]) / (leaf.Sum(row => h[row]) + lambda);
                foreach (int row in leaf)
                    logits[row] += value;
            }
        }

        return (logits, splits);
    }

    private static (int Feature, double Threshold)? Best(DataSet data, int[] node, double[][] thresholds, double[] g, double[] h, double lambda)
    {
        (int, double)? best = null;
        double greatest = 1e-4;
        for (int feature = 0; feature < thresholds.Length; feature++)
        {
            foreach (double threshold in thresholds[feature])
            {
                int[] left = [.. node.Where(row => data.Row(row)[feature] <= threshold)];
                int[] right = [.. node.Where(row => data.Row(row)[feature] > threshold)];
                if (left.Sum(row => h[row]) < 1 || right.Sum(row => h[row]) < 1)
                    continue;
                double gain = Score(left) + Score(right) - Score(node);
                if (gain > greatest + 1e-9)
                    (best, greatest) = ((feature, threshold), gain);
            }
        }

        return best;

        double Score(int[] rows)
        {
            double sum = rows.Sum(row => g[row]);
            return sum * sum / (rows.Sum(row => h[row]) + lambda);
        }
    }
}
