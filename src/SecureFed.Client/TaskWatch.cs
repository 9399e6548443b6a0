using SecureFed.Client.Http;
using SecureFed.Protocol.Resources;

namespace SecureFed.Client;

/// <summary>One reader's long polls of a task: each answer is new to it, or comes no sooner than a pause after the one before.</summary>
internal sealed class TaskWatch(TaskFollower follower, TimeProvider time)
{
    private string? tag;

    /// <summary>Where the task stands once it has moved, or a poll's length later.</summary>
    public async Task<TaskView> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            long asked = time.GetTimestamp();
            string? known = tag;
            TaskView? task = await follower.TryGetTaskAsync(known, TaskFollower.Poll, t => tag = t, cancellationToken);

            // The same tag again: something on the way drops If-None-Match.
            if (task is null || (known is not null && string.Equals(tag, known, StringComparison.Ordinal)))
                await PollPause.AfterAsync(asked, time, cancellationToken);
            if (task is not null)
                return task;
        }
    }

    /// <summary>The next answer is the task as it stands, whether it has moved or not.</summary>
    public void Forget() => tag = null;
}
