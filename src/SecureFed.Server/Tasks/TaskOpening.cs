using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Enrolment;
using SecureFed.Server.Storage;
using SecureFed.Shared;

namespace SecureFed.Server.Tasks;

/// <summary>How a task comes into being, and how it is taken up again from its store.</summary>
internal static class TaskOpening
{
    /// <summary>Appends the first entry, unless an earlier attempt has, and opens the task.</summary>
    /// <remarks>The store may hold a task with other parameters; compare <see cref="TaskHost.Parameters"/>.</remarks>
    public static async Task<TaskHost> CreateAsync(
        TaskParameters parameters, Roster roster, ITaskStore store, RosterDesk rosters, ServerOptions options, LogWitnesses witnesses, TimeProvider time, ILogger logger, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        PendingEvent created = TaskState.Create(parameters, roster, ModelStep.First(parameters));
        using (TaskLog empty = TaskLog.Open(parameters.TaskId, store, options.Signer, witnesses, options.RenewsGuard))
        {
            if (store.EntryCount == 0)
            {
                await store.BeginWritingAsync(CancellationToken.None);
                await empty.AppendAsync(0, new LogEntry(parameters.TaskId, created.Event).Encode(), [.. created.Blobs.Select(b => new StoredBlob(b))]);
            }
        }

        TaskHost host = Open(parameters.TaskId, store, rosters, options, witnesses, time, logger);
        try
        {
            await host.BeginAsync(CancellationToken.None); // The task exists now, whoever stops waiting for it.
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>Compares a task's log with what was signed and folds it. Writes nothing; <see cref="TaskHost.BeginAsync"/> does.</summary>
    /// <exception cref="StorageException">The log was rolled back, changed, or does not fold; nothing was changed.</exception>
    public static TaskHost Open(Identifier taskId, ITaskStore store, RosterDesk rosters, ServerOptions options, LogWitnesses witnesses, TimeProvider time, ILogger logger)
    {
        TaskLog opened = TaskLog.Open(taskId, store, options.Signer, witnesses, options.RenewsGuard);
        try
        {
            Roster first = FindRoster(opened, rosters, options);
            return new TaskHost(opened, store, TaskFold.Of(opened, first, rosters.Find), first, rosters, options, time, logger);
        }
        catch (Exception exception) when (exception is InvalidOperationException or KeyNotFoundException)
        {
            opened.Dispose();
            throw new StorageException($"The log of task {taskId} does not fold: {exception.Message} Nothing was changed; restore the newest copy, or use the version of the server that wrote it.", isFull: false, exception);
        }
    }

    /// <exception cref="InvalidOperationException">The task's roster is not the server's, and no pinned authority signed it.</exception>
    private static Roster FindRoster(TaskLog opened, RosterDesk rosters, ServerOptions options)
    {
        if (!LogEntry.TryDecode(opened.EntryAt(0).Bytes.Span, out LogEntry? first) || first!.Event is not TaskEvent.TaskCreated created)
            throw new InvalidOperationException("Entry 0 does not create a task.");
        if (rosters.Find(created.RosterDigest) is { } held)
            return held;
        ReadOnlyMemory<byte> authority = options.RosterAuthority.IsEmpty ? options.Roster.AuthorityKey : options.RosterAuthority;
        return Roster.TryDecode(opened.Get(created.RosterDigest).Span, authority.Span, out Roster? earlier)
            ? earlier!
            : throw new InvalidOperationException("It was created under another roster, which the server's roster authority has not signed.");
    }
}
