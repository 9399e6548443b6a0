namespace SecureFed.Learning.Statistics;

/// <summary>The nearest thing to a symmetric matrix with unit diagonal that some random variables can have as correlations.</summary>
internal static class CorrelationMatrix
{
    private const int GreatestSweeps = 64;
    private const double Tolerance = 1e-12;

    /// <summary>Sets negative eigenvalues to 0 and scales the diagonal back to 1 (the spectral method of Rebonato and Jäckel 1999, section 3), in place.</summary>
    /// <param name="matrix">Symmetric with unit diagonal.</param>
    public static void MakeValid(double[,] matrix)
    {
        int n = matrix.GetLength(0);
        (double[] values, double[,] vectors) = Eigen(matrix);
        if (Array.TrueForAll(values, value => value >= -Tolerance))
        {
            return;
        }

        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                matrix[i, j] = 0;
                for (int k = 0; k < n; k++)
                {
                    matrix[i, j] += Math.Max(0, values[k]) * vectors[i, k] * vectors[j, k];
                }
            }
        }

        // The diagonal is at least 1: taking negative parts away adds to it.
        double[] roots = [.. Enumerable.Range(0, n).Select(i => Math.Sqrt(matrix[i, i]))];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                matrix[i, j] = i == j ? 1 : Math.Clamp(matrix[i, j] / (roots[i] * roots[j]), -1, 1);
            }
        }
    }

    /// <summary>Eigenvalues with eigenvectors in columns, by cyclic Jacobi rotations (Golub and Van Loan, section 8.5): the same digits on every machine, as square roots are exact.</summary>
    public static (double[] Values, double[,] Vectors) Eigen(double[,] symmetric)
    {
        int n = symmetric.GetLength(0);
        var a = (double[,])symmetric.Clone();
        var vectors = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            vectors[i, i] = 1;
        }

        for (int sweep = 0; sweep < GreatestSweeps && OffDiagonal(a) > 1e-28; sweep++)
        {
            for (int p = 0; p < n; p++)
            {
                for (int q = p + 1; q < n; q++)
                {
                    Rotate(a, vectors, p, q);
                }
            }
        }

        return ([.. Enumerable.Range(0, n).Select(i => a[i, i])], vectors);
    }

    private static void Rotate(double[,] a, double[,] vectors, int p, int q)
    {
        if (a[p, q] == 0)
        {
            return;
        }

        double theta = (a[q, q] - a[p, p]) / (2 * a[p, q]);
        double t = (theta < 0 ? -1 : 1) / (Math.Abs(theta) + Math.Sqrt((theta * theta) + 1));
        double c = 1 / Math.Sqrt((t * t) + 1);
        double s = t * c;
        int n = a.GetLength(0);
        for (int k = 0; k < n; k++)
        {
            (a[k, p], a[k, q]) = ((c * a[k, p]) - (s * a[k, q]), (s * a[k, p]) + (c * a[k, q]));
        }

        for (int k = 0; k < n; k++)
        {
            (a[p, k], a[q, k]) = ((c * a[p, k]) - (s * a[q, k]), (s * a[p, k]) + (c * a[q, k]));
            (vectors[k, p], vectors[k, q]) = ((c * vectors[k, p]) - (s * vectors[k, q]), (s * vectors[k, p]) + (c * vectors[k, q]));
        }
    }

    private static double OffDiagonal(double[,] a)
    {
        double sum = 0;
        for (int i = 0; i < a.GetLength(0); i++)
        {
            for (int j = i + 1; j < a.GetLength(0); j++)
            {
                sum += a[i, j] * a[i, j];
            }
        }

        return sum;
    }
}
