namespace SecureFed.Privacy.Accounting.Numerics;

/// <summary>Logarithms of binomial coefficients up to the largest Rényi order in use.</summary>
internal static class Binomials
{
    public const int Greatest = 1024;

    private static readonly double[] LogFactorials = Tabulate();

    /// <summary>log C(n, k) for 0 &lt;= k &lt;= n &lt;= 1024.</summary>
    public static double Log(int n, int k) => LogFactorials[n] - LogFactorials[k] - LogFactorials[n - k];

    private static double[] Tabulate()
    {
        double[] table = new double[Greatest + 1];
        CompensatedSum sum = default;
        for (int i = 1; i <= Greatest; i++)
        {
            sum.Add(Math.Log(i));
            table[i] = sum.Value;
        }

        return table;
    }
}
