namespace SecureFed.Protocol.Masking.Graph;

/// <summary>ln 0!, ln 1!, …: computed once per process and shared, because every cohort size within a task's bounds asks for them.</summary>
internal static class LogFactorials
{
    private static double[] known = [0, 0];

    /// <summary>At least the values up to ln n!; the same numbers whatever was asked for before.</summary>
    public static double[] UpTo(int n)
    {
        double[] current = Volatile.Read(ref known);
        if (n < current.Length)
            return current;
        double[] sums = new double[Math.Max(n + 1, 1024)];
        double compensation = 0; // Kahan: a million terms would otherwise lose three digits.
        for (int i = 2; i < sums.Length; i++)
        {
            double term = Math.Log(i) - compensation;
            double sum = sums[i - 1] + term;
            compensation = sum - sums[i - 1] - term;
            sums[i] = sum;
        }

        Volatile.Write(ref known, sums); // A race computes the same numbers twice.
        return sums;
    }
}
