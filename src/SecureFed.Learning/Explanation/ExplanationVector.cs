using SecureFed.Learning.Data;

namespace SecureFed.Learning.Explanation;

/// <summary>What a client contributes to the explanation where clients or nobody are protected: the sum of its rows' vectors over the public greatest number of rows.</summary>
/// <remarks>
/// A part longer than its bound is shortened to it, which takes a client whose rows are on average twice as far from the centre as all rows, or a model that is wrong with confidence.
/// </remarks>
public static class ExplanationVector
{
    /// <summary>The client's vector.</summary>
    /// <param name="plan">The task's, not one for rows.</param>
    /// <param name="model">The finished model.</param>
    /// <param name="data">The client's rows as they are; may be none.</param>
    /// <param name="maxRows">The task's public maximum of rows per client.</param>
    /// <param name="shuffleSeed">Of the permutation of each feature's values among the rows; not a secret.</param>
    /// <exception cref="DataException"><c>too-many-rows</c>.</exception>
    /// <exception cref="ArgumentException">Model or data do not fit the plan, or it is one for rows.</exception>
    public static double[] Create(ExplanationPlan plan, ExplainedModel model, DataSet data, int maxRows, ulong shuffleSeed)
    {
        if (plan.IsRecordLevel)
        {
            throw new ArgumentException("Where rows are protected each row has a vector of its own.", nameof(plan));
        }

        RowWeight.RequireAtMost(data.Rows, maxRows);
        int[][] partners = [.. Enumerable.Range(0, data.FeatureCount).Select(j => Permutation(data.Rows, shuffleSeed, j))];
        var contribution = new RowContribution(plan, model, data);
        var vector = new double[plan.Layout.Dimension];
        for (int row = 0; row < data.Rows; row++)
        {
            int own = row;
            contribution.Add(row, j => partners[j][own], vector);
        }

        foreach (ExplanationPart part in plan.Parts)
        {
            Shorten(vector.AsSpan(part.Offset, part.Length), maxRows, part);
        }

        return vector;
    }

    /// <summary>Which row's value takes the place of each row's.</summary>
    public static int[] Permutation(int rows, ulong shuffleSeed, int feature)
    {
        int[] order = [.. Enumerable.Range(0, rows)];
        new DeterministicSequence(shuffleSeed, (ulong)feature + 1).Shuffle(order.AsSpan());
        return order;
    }

    private static void Shorten(Span<double> sums, int maxRows, ExplanationPart part)
    {
        double square = 0;
        foreach (ref double sum in sums)
        {
            sum /= maxRows;
            square += sum * sum;
        }

        double factor = part.Scale * Math.Min(1, part.Bound / Math.Max(Math.Sqrt(square), double.Epsilon));
        foreach (ref double sum in sums)
        {
            sum *= factor;
        }
    }
}
