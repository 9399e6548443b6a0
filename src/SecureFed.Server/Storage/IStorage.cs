using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>Where the logs of all tasks are.</summary>
internal interface IStorage : IAsyncDisposable
{
    /// <summary>Whether other processes work on the same logs: then tasks and entries appear that this process did not write.</summary>
    bool IsShared { get; }

    /// <summary>Notes the nonce of a signed request, durably and for all replicas, before the request is executed.</summary>
    /// <param name="keyId">Whose signature.</param>
    /// <param name="nonce">Of the signature.</param>
    /// <param name="expires">From then on the signature is refused for its age, and the nonce may be forgotten.</param>
    /// <param name="now">Forgets what has expired.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>False if it was noted before.</returns>
    /// <exception cref="StorageException">Not noted; the request must not be executed.</exception>
    Task<bool> TryUseNonceAsync(Identifier keyId, string nonce, DateTimeOffset expires, DateTimeOffset now, CancellationToken cancellationToken = default);

    /// <summary>Tasks that exist, in the order of their identifiers.</summary>
    Task<IReadOnlyList<Identifier>> ListAsync(CancellationToken cancellationToken = default);

    /// <summary>An empty log, ready for writing. One that holds no entry and was never signed, because its creation was interrupted, is taken over.</summary>
    /// <exception cref="InvalidOperationException">The task has entries.</exception>
    Task<ITaskStore> CreateAsync(Identifier taskId, CancellationToken cancellationToken = default);

    /// <summary>Checks the whole log, then opens it for reading and changes nothing (<see cref="ITaskStore.BeginWritingAsync"/>). May hold no entry (see <see cref="CreateAsync"/>).</summary>
    /// <exception cref="InvalidOperationException">It is open already, or there is none.</exception>
    /// <exception cref="StorageException">It is damaged; nothing has been changed.</exception>
    Task<ITaskStore> OpenAsync(Identifier taskId, CancellationToken cancellationToken = default);

    /// <summary>The signed roster with the greatest number of all that were kept, by whichever process; null if that number is not greater than <paramref name="beyond"/>.</summary>
    Task<ReadOnlyMemory<byte>?> FindRosterAsync(ulong beyond, CancellationToken cancellationToken = default);

    /// <summary>Keeps a signed roster, durably, unless another with its number or one with a greater number is kept. Repeating it does nothing.</summary>
    /// <returns>Whether this roster is the one that is kept under its number.</returns>
    Task<bool> KeepRosterAsync(ulong sequence, ReadOnlyMemory<byte> roster, CancellationToken cancellationToken = default);
}
