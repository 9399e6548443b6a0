using SecureFed.Protocol.Errors;

namespace SecureFed.Server.Storage;

/// <summary>The store cannot do what was asked; nothing was acknowledged.</summary>
/// <param name="message">What happened, where, and what to do.</param>
/// <param name="isFull">No room: what was queued has been undone, and the same call succeeds when there is room again.</param>
/// <param name="innerException">The cause.</param>
internal sealed class StorageException(string message, bool isFull = false, Exception? innerException = null)
    : SecureFedException(ErrorCodes.StorageUnavailable, message, isTransient: isFull, innerException)
{
    public bool IsFull { get; } = isFull;
}
