using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>Where the logs of all tasks are.</summary>
internal interface IStorage : IAsyncDisposable
{
    /// <summary>Whether other processes work on the same logs: then tasks and entries appear that this process did not write.</summary>
    bool IsShared { get; }

    /// <summary>Tasks that exist, in the order of their identifiers.</summary>
    Task<IReadOnlyList<Identifier>> ListAsync(CancellationToken cancellationToken = default);

    /// <summary>An empty log, ready for writing. One that holds no entry and was never signed, because its creation was interrupted, is taken over.</summary>
    /// <exception cref="InvalidOperationException">The task has entries.</exception>
    Task<ITaskStore> CreateAsync(Identifier taskId, CancellationToken cancellationToken = default);

    /// <summary>Checks the whole log, then opens it for reading and changes nothing (<see cref="ITaskStore.BeginWritingAsync"/>). May hold no entry (see <see cref="CreateAsync"/>).</summary>
    /// <exception cref="InvalidOperationException">It is open already, or there is none.</exception>
    /// <exception cref="StorageException">It is damaged; nothing has been changed.</exception>
    Task<ITaskStore> OpenAsync(Identifier taskId, CancellationToken cancellationToken = default);
}
