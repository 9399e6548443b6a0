namespace SecureFed.Learning.Statistics;

/// <summary>The numbers between two rounds: <c>[rounds | variance of counts | variance of reals | sums | brackets]</c>; all but the brackets are totals over the rounds.</summary>
internal static class StatisticsState
{
    public const int HeaderLength = 3;

    /// <summary>Adds a round's sum.</summary>
    public static void Add(Span<double> state, ReadOnlySpan<double> sum, SumError error)
    {
        state[0]++;
        state[1] += error.CountDeviation * error.CountDeviation;
        state[2] += error.RealDeviation * error.RealDeviation;
        for (int i = 0; i < sum.Length; i++)
        {
            state[HeaderLength + i] += sum[i];
        }
    }

    /// <summary>The sums, averaged over the rounds, with their error.</summary>
    /// <param name="state">State after a round.</param>
    /// <param name="length">Sums.</param>
    /// <param name="slack">Of a count; the same in every round.</param>
    public static (double[] Sums, SumError Error) Average(ReadOnlySpan<double> state, int length, double slack)
    {
        double rounds = state[0];
        var sums = new double[length];
        for (int i = 0; i < length; i++)
        {
            sums[i] = state[HeaderLength + i] / rounds;
        }

        return (sums, new SumError(Math.Sqrt(state[1]) / rounds, Math.Sqrt(state[2]) / rounds, slack));
    }
}
