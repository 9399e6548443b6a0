namespace SecureFed.Server.Storage;

/// <summary>How many entries are durable, and whoever waits for more.</summary>
internal sealed class EntryArrivals(ulong atOpening)
{
    private readonly Lock gate = new();
    private ulong count = atOpening;
    private TaskCompletionSource next = NewSignal();

    public ulong Count
    {
        get
        {
            lock (gate)
                return count;
        }
    }

    /// <summary>A count that is known already changes nothing.</summary>
    public void Note(ulong durable)
    {
        TaskCompletionSource signal;
        lock (gate)
        {
            if (durable <= count)
                return;
            count = durable;
            signal = next;
            next = NewSignal();
        }

        signal.TrySetResult();
    }

    /// <summary>Completes when there are more entries than <paramref name="beyond"/>, or after the time.</summary>
    public async Task WaitAsync(ulong beyond, TimeSpan longest, TimeProvider time, CancellationToken cancellationToken = default)
    {
        long started = time.GetTimestamp();
        while (true)
        {
            Task signal;
            lock (gate)
            {
                if (count > beyond)
                    return;
                signal = next.Task;
            }

            TimeSpan left = longest - time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
                return;
            try
            {
                await signal.WaitAsync(left, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                return;
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
