using System.Globalization;
using SecureFed.Server.Tasks;

namespace SecureFed.Server.Http;

/// <summary>Answers now, or waits as long as the client prefers (RFC 7240, Prefer: wait) for something to answer.</summary>
internal static class LongPoll
{
    /// <param name="context">Request; its Prefer header names the seconds.</param>
    /// <param name="host">The task whose stages wake the poll.</param>
    /// <param name="longest">The server's own bound.</param>
    /// <param name="look">The answer, or null to keep waiting.</param>
    /// <param name="time">Clock.</param>
    public static async Task<T?> WaitAsync<T>(HttpContext context, TaskHost host, TimeSpan longest, Func<Task<T?>> look, TimeProvider time)
        where T : class
    {
        TimeSpan wait = PreferredWait(context.Request, longest);
        long started = time.GetTimestamp();
        while (true)
        {
            Task stage = host.NextStage;
            if (await look() is { } answer)
                return answer;
            TimeSpan left = wait - time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
                return null;
            await host.WaitForStageAsync(stage, left, context.RequestAborted);
        }
    }

    private static TimeSpan PreferredWait(HttpRequest request, TimeSpan longest)
    {
        foreach (string? preference in request.Headers["Prefer"])
        {
            if (preference is not null
                && preference.StartsWith("wait=", StringComparison.Ordinal)
                && int.TryParse(preference.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds))
            {
                return TimeSpan.FromSeconds(Math.Min(seconds, longest.TotalSeconds));
            }
        }

        return TimeSpan.Zero;
    }
}
