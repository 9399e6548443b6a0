using SecureFed.Learning.Data;

namespace SecureFed.Learning.Metrics;

/// <summary>Area under the ROC curve: the probability that a positive row scores above a negative one, ties counting half.</summary>
public static class RocAuc
{
    /// <summary>Exactly, from the ranks of all rows (Mann and Whitney 1947), ties by midrank.</summary>
    /// <param name="scores">Any increasing function of the probability.</param>
    /// <param name="labels">0 or 1 per row.</param>
    /// <exception cref="ArgumentException">Lengths differ.</exception>
    /// <exception cref="DataException"><c>one-class-only</c>.</exception>
    public static double Exact(ReadOnlySpan<double> scores, ReadOnlySpan<double> labels)
    {
        if (scores.Length != labels.Length)
        {
            throw new ArgumentException($"{scores.Length} scores for {labels.Length} labels.", nameof(scores));
        }

        double[] sorted = scores.ToArray();
        double[] classes = labels.ToArray();
        Array.Sort(sorted, classes);
        double positives = classes.Sum();
        double negatives = classes.Length - positives;
        if (positives is 0 || negatives is 0)
        {
            throw OneClass();
        }

        double rankSum = 0;
        for (int start = 0, end; start < sorted.Length; start = end)
        {
            end = start + 1;
            double tied = classes[start];
            while (end < sorted.Length && sorted[end].Equals(sorted[start]))
            {
                tied += classes[end++];
            }

            rankSum += tied * (start + 1 + end) / 2;
        }

        return (rankSum - (positives * (positives + 1) / 2)) / (positives * negatives);
    }

    internal static DataException OneClass() => new(
        "one-class-only", "The rows evaluated are all of one class; the area under the ROC curve is not defined.", "Evaluate on rows of both classes.");
}
