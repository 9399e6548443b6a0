using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Holding;

/// <summary>Keeps a key holder's state: durable before the first byte of the message that follows from it is sent.</summary>
/// <remarks>
/// The state says what the holder has answered, signed and summed. A holder that goes back to an older copy may answer a second challenge or sum a second list of one round, which are
/// equations about single clients' keys. So there is one copy, it is never restored from a backup, and a holder that has lost it says so (<c>state-lost</c>).
/// </remarks>
public interface IHolderStateStore
{
    /// <summary>Excludes every other user of this task's state until disposed.</summary>
    /// <exception cref="Protocol.Errors.SecureFedException"><c>client-busy</c>: another call or process holds keys with this state.</exception>
    Task<IAsyncDisposable> LeaseAsync(Identifier taskId, CancellationToken cancellationToken = default);

    /// <summary>Null if nothing was ever saved for the task.</summary>
    /// <exception cref="Protocol.Errors.SecureFedException"><c>state-lost</c>: something was saved, and what is there is not the newest of it.</exception>
    Task<SavedHolder?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default);

    /// <summary>Returns only when the state survives a crash.</summary>
    /// <param name="taskId">Task.</param>
    /// <param name="saved">Replaces what was saved before. The caller zeroes its bytes afterwards.</param>
    /// <param name="cancellationToken">Cancels before anything is replaced.</param>
    Task SaveAsync(Identifier taskId, SavedHolder saved, CancellationToken cancellationToken = default);
}
