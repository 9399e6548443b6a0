namespace SecureFed.Learning.Optimizers;

/// <summary>The mean of the models of the second half of the rounds: averages out the noise that the last models still carry.</summary>
/// <remarks>
/// α-suffix averaging with α = ½ (Rakhlin, Shamir and Sridharan 2012), as a running mean. It reads released models only and costs no privacy.
/// Of T rounds the last T - ⌊T/2⌋ count.
/// </remarks>
public static class TailAverage
{
    /// <summary>The average after one more round.</summary>
    /// <param name="average">The average so far; not read in the first round that counts.</param>
    /// <param name="parameters">The model that round <paramref name="completedRounds"/> made.</param>
    /// <param name="completedRounds">Rounds completed, this one included: 1 to <paramref name="scheduledRounds"/>.</param>
    /// <param name="scheduledRounds">T, at least 1.</param>
    /// <returns>As long as the parameters; empty before the second half begins.</returns>
    /// <exception cref="ArgumentException">The average is not that of the round before.</exception>
    public static double[] Next(ReadOnlySpan<double> average, ReadOnlySpan<double> parameters, int completedRounds, int scheduledRounds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(completedRounds, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(completedRounds, scheduledRounds);
        int counted = completedRounds - (scheduledRounds / 2);
        if (counted <= 0)
        {
            return [];
        }

        if (counted > 1 && average.Length != parameters.Length)
        {
            throw new ArgumentException($"An average of {average.Length} coordinates does not continue with {parameters.Length} parameters.", nameof(average));
        }

        double[] next = parameters.ToArray();
        for (int j = 0; counted > 1 && j < next.Length; j++)
        {
            next[j] = average[j] + ((parameters[j] - average[j]) / counted);
        }

        return next;
    }
}
