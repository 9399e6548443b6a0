using System.Diagnostics;

namespace SecureFed.Cli.Bench;

/// <summary>What an action costs one core.</summary>
internal static class ProcessorTime
{
    private const double LeastSlice = 0.002;

    /// <summary>Processor time where the scheduler might have come between, which a busy machine does not lengthen; the clock, which is finer, below that.</summary>
    public static double Seconds(Action action)
    {
        TimeSpan used = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        action();
        double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return elapsed < LeastSlice ? elapsed : (Environment.CpuUsage.TotalTime - used).TotalSeconds;
    }

    /// <summary>The one in the middle: neither a warm-up nor an interruption moves it.</summary>
    /// <param name="seconds">At least one.</param>
    public static double Median(IEnumerable<double> seconds)
    {
        double[] ordered = [.. seconds.Order()];
        return ordered[ordered.Length / 2];
    }
}
