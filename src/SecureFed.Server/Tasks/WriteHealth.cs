using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;

namespace SecureFed.Server.Tasks;

/// <summary>Whether one part of a task can be written, and what the log lines say of it: one when it fails, one a minute while that lasts, one when it is over.</summary>
/// <param name="task">The task.</param>
/// <param name="part">What is written, in words.</param>
/// <param name="time">For the minute.</param>
/// <param name="logger">Gets the lines.</param>
internal sealed class WriteHealth(Identifier task, string part, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Repetition = TimeSpan.FromMinutes(1);
    private readonly Lock gate = new();
    private volatile StorageException? failure;
    private long saidAt;

    public bool IsFailing => failure is not null;

    public void Failed(StorageException exception)
    {
        lock (gate)
        {
            bool isKnown = failure is { } earlier && earlier.IsTransient == exception.IsTransient && time.GetElapsedTime(saidAt) < Repetition;
            failure = exception;
            if (isKnown)
                return;
            saidAt = time.GetTimestamp();
            Log.StorageFailed(logger, task, part, exception.Message);
        }
    }

    public void Succeeded()
    {
        if (!IsFailing)
            return;
        lock (gate)
        {
            if (failure is null)
                return;
            Log.StorageBack(logger, task, part);
            failure = null;
        }
    }
}
