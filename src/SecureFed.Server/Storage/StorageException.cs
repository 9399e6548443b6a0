using SecureFed.Protocol.Errors;

namespace SecureFed.Server.Storage;

/// <summary>The store cannot do what was asked; nothing was acknowledged.</summary>
/// <param name="message">What happened, where, and what to do.</param>
/// <param name="isFull">No room: what was queued has been undone, and the same call succeeds when there is room again.</param>
/// <param name="innerException">The cause.</param>
/// <param name="isTransient">The store recovers by itself, and the same call succeeds then.</param>
internal sealed class StorageException(string message, bool isFull = false, Exception? innerException = null, bool isTransient = false)
    : SecureFedException(ErrorCodes.StorageUnavailable, message, isFull || isTransient, innerException)
{
    public bool IsFull { get; } = isFull;
}
