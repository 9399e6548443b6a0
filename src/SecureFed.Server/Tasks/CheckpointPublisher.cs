using SecureFed.Server.Storage;

namespace SecureFed.Server.Tasks;

/// <summary>When a task's checkpoints are published: at once for a decision, soon for messages, and again until it succeeds.</summary>
/// <param name="log">What is published.</param>
/// <param name="store">Only its leader publishes for messages.</param>
/// <param name="health">Told of failures and of their end.</param>
/// <param name="time">For pauses.</param>
/// <param name="onPublished">Wakes those who wait for what the checkpoint covers.</param>
internal sealed class CheckpointPublisher(TaskLog log, ITaskStore store, WriteHealth health, TimeProvider time, Action onPublished) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private readonly CancellationTokenSource stopping = new();
    private int isDue;

    public bool IsFailing => health.IsFailing;

    /// <summary>Another replica has guarded a larger tree and its checkpoint is still to come: nobody says when it is there.</summary>
    private bool IsBehind => store.IsLeader && log.PublishedSize < log.EntryCount;

    /// <summary>What was appended is durable, so a checkpoint that cannot be written now is written later, and only then anybody hears of it.</summary>
    public async Task AnnounceAsync()
    {
        try
        {
            await log.PublishAsync(CancellationToken.None);
            health.Succeeded();
            onPublished();
            if (IsBehind)
                PublishSoon();
        }
        catch (StorageException exception)
        {
            health.Failed(exception);
            PublishSoon();
        }
    }

    /// <summary>At the start: a full disk does not keep a task from being read.</summary>
    public async Task PublishUnlessFullAsync(CancellationToken cancellationToken)
    {
        try
        {
            await log.PublishAsync(cancellationToken);
        }
        catch (StorageException exception) when (exception.IsFull)
        {
            health.Failed(exception);
            PublishSoon();
        }
    }

    /// <summary>After a pause, in which further entries come together under the same checkpoint.</summary>
    public void PublishSoon()
    {
        if (Interlocked.Exchange(ref isDue, 1) == 0)
            _ = PublishWhenDueAsync();
    }

    public void Dispose()
    {
        stopping.Cancel();
        stopping.Dispose();
    }

    /// <summary>One of these at a time waits: what fails is due again, unless another became due meanwhile.</summary>
    private async Task PublishWhenDueAsync()
    {
        do
        {
            try
            {
                await Task.Delay(Pause, time, stopping.Token);
                Interlocked.Exchange(ref isDue, 0);
                if (store.IsLeader && await log.PublishAsync(stopping.Token))
                    onPublished();
                health.Succeeded();
                if (!IsBehind)
                    return;
            }
            catch (StorageException exception)
            {
                health.Failed(exception);
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
        while (Interlocked.Exchange(ref isDue, 1) == 0);
    }
}
