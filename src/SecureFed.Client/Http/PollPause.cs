namespace SecureFed.Client.Http;

/// <summary>Keeps a long poll from becoming a busy loop when something on the way drops the Prefer header and answers at once.</summary>
internal static class PollPause
{
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(250);

    /// <summary>Returns at the earliest 250 ms after the request was sent.</summary>
    public static async Task AfterAsync(long requestTimestamp, TimeProvider time, CancellationToken cancellationToken)
    {
        TimeSpan left = Least - time.GetElapsedTime(requestTimestamp);
        if (left > TimeSpan.Zero)
            await Task.Delay(left, time, cancellationToken);
    }
}
