namespace SecureFed.Learning.Statistics;

/// <summary>A correlation matrix from the sums of a <see cref="ProductBlock"/>.</summary>
/// <remarks>
/// <para>cov_ij = E(u_i − c_i)(u_j − c_j) − (m_i − c_i)(m_j − c_j) with c the decoded means, each ratio to the count in a Scheffé set over the six sums that one entry is made of; the entry's
/// interval follows from those of its covariance and variances.</para>
/// <para>The matrix of decoded entries may have negative eigenvalues: they are set to 0 and the diagonal is scaled back to 1, so that the result is a correlation matrix. An error bound is
/// the largest distance of that entry from its interval. A column whose variance is not told from 0 has no correlations (NaN).</para>
/// </remarks>
internal sealed class Correlations(ProductBlock block, double[] sums, SumError error, double slack)
{
    private const int Dimension = 6;
    private readonly double chi = ConfidenceSet.Ellipsoid(Dimension);

    private double Count => sums[block.Offset];

    /// <summary>r_ij for i &lt; j, row by row, with error bounds.</summary>
    public (double[] Values, double[] ErrorBounds) ValuesAndErrors()
    {
        int n = block.Columns;
        var covariance = new (double Value, Interval Range)?[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = i; j < n; j++)
            {
                covariance[i, j] = Covariance(i, j);
            }
        }

        int[] told = [.. Enumerable.Range(0, n).Where(i => covariance[i, i] is { Range.Low: > 0, Value: > 0 })];
        var matrix = new double[told.Length, told.Length];
        for (int i = 0; i < told.Length; i++)
        {
            matrix[i, i] = 1;
            for (int j = i + 1; j < told.Length; j++)
            {
                matrix[i, j] = matrix[j, i] = Math.Clamp(
                    covariance[told[i], told[j]]!.Value.Value / Math.Sqrt(covariance[told[i], told[i]]!.Value.Value * covariance[told[j], told[j]]!.Value.Value), -1, 1);
            }
        }

        CorrelationMatrix.MakeValid(matrix);
        var values = new List<double>();
        var errors = new List<double>();
        for (int i = 0; i < n; i++)
        {
            for (int j = i + 1; j < n; j++)
            {
                (int row, int column) = (Array.IndexOf(told, i), Array.IndexOf(told, j));
                bool isTold = row >= 0 && column >= 0;
                values.Add(isTold ? matrix[row, column] : double.NaN);
                errors.Add(isTold ? Range(covariance[i, j]!.Value.Range, covariance[i, i]!.Value.Range, covariance[j, j]!.Value.Range).ErrorOf(matrix[row, column]) : double.NaN);
            }
        }

        return ([.. values], [.. errors]);
    }

    private static Interval Range(Interval covariance, Interval first, Interval second)
    {
        double least = Math.Sqrt(first.Low * second.Low);
        double greatest = Math.Sqrt(first.High * second.High);
        return new Interval(covariance.Low / (covariance.Low < 0 ? least : greatest), covariance.High / (covariance.High > 0 ? least : greatest)).Clamp(-1, 1);
    }

    private (double Value, Interval Range)? Covariance(int i, int j)
    {
        double first = sums[block.Offset + ProductBlock.Single(i)];
        double second = sums[block.Offset + ProductBlock.Single(j)];
        double product = sums[block.Offset + block.Pair(i, j)];
        if (!(Count > 0))
        {
            return null;
        }

        (double a, double b) = (Math.Clamp(first / Count, -1, 1), Math.Clamp(second / Count, -1, 1));
        double shift = (a * b) + (i == j ? 0.5 : 0); // The block's squares are taken less ½.
        double centred = product - (a * second) - (b * first);
        double weight = i == j ? 1 + (4 * a * a) : 1 + (a * a) + (b * b);
        double sway = 1 + Math.Abs(a) + Math.Abs(b);
        if (MeanOf(first) is not { } m || MeanOf(second) is not { } k
            || ConfidenceSet.Ratio(centred, error.RealDeviation * Math.Sqrt(weight), slack * sway, Count, error, chi) is not { } range)
        {
            return null;
        }

        double rest = Math.Max(Math.Abs(m.Low - a), Math.Abs(m.High - a)) * Math.Max(Math.Abs(k.Low - b), Math.Abs(k.High - b));
        double lift = i == j ? 0 : rest;
        return ((centred / Count) + shift, new Interval(range.Low + shift - rest, range.High + shift + lift));
    }

    private Interval? MeanOf(double sum) => ConfidenceSet.Ratio(sum, error.RealDeviation, slack, Count, error, chi);
}
