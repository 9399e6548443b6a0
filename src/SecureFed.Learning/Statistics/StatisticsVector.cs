using SecureFed.Learning.Data;

namespace SecureFed.Learning.Statistics;

/// <summary>What a client contributes to a statistics task when its whole contribution is protected, or nothing is: the sum over its rows, as a part of the public maximum of rows.</summary>
public static class StatisticsVector
{
    /// <summary>The client's vector: Σ f(row) / <paramref name="maxRows"/>. Its norm is at most B, since that of every f is. A client without rows gives zeros.</summary>
    /// <param name="query">The task's questions.</param>
    /// <param name="data">The client's rows.</param>
    /// <param name="state">The task's state.</param>
    /// <param name="maxRows">The task's public maximum of rows per client.</param>
    /// <exception cref="DataException"><c>schema-mismatch</c> or <c>too-many-rows</c>.</exception>
    public static double[] Create(StatisticsQuery query, DataSet data, ReadOnlySpan<double> state, int maxRows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRows, 1);
        RowWeight.RequireAtMost(data.Rows, maxRows);
        StatisticsRecords records = new(query, data, state, isRecordLevel: false);
        var sum = new double[records.Layout.Dimension];
        var vector = new double[sum.Length];
        for (int record = 0; record < records.Count; record++)
        {
            records.Write(record, vector);
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += vector[i];
            }
        }

        for (int i = 0; i < sum.Length; i++)
        {
            sum[i] /= maxRows;
        }

        return sum;
    }
}
