namespace SecureFed.Learning.Trees;

/// <summary>What the state of <see cref="TreeGrower"/> says of the features.</summary>
public static class TreeImportance
{
    // Part of the draws that goes to all features alike: a feature that noise made look useless is looked at again. Measured under noise: ½ is better than ¼ and than 1.
    private const double Even = 0.5;

    /// <summary>Each feature's part of the total gain, in [0, 1], summing to 1; all 0 before the first split.</summary>
    public static double[] Of(int featureCount, ReadOnlySpan<double> state)
    {
        if (state.IsEmpty)
        {
            return new double[featureCount];
        }

        double[] gains = [.. state[..featureCount].ToArray().Select(gain => Math.Max(0, gain))];
        double total = gains.Sum();
        return total > 0 ? [.. gains.Select(gain => gain / total)] : gains;
    }

    /// <summary>How often random trees should draw each feature: a part evenly, the rest by mean gain per split so far.</summary>
    internal static double[] DrawWeights(int featureCount, ReadOnlySpan<double> state)
    {
        double[] even = [.. Enumerable.Repeat(1.0 / featureCount, featureCount)];
        if (state.IsEmpty)
        {
            return even;
        }

        var means = new double[featureCount];
        for (int feature = 0; feature < featureCount; feature++)
        {
            means[feature] = Math.Max(0, state[feature]) / Math.Max(1, state[featureCount + feature]);
        }

        double total = means.Sum();
        return total > 0 ? [.. means.Select((mean, feature) => (Even * even[feature]) + ((1 - Even) * mean / total))] : even;
    }
}
