namespace SecureFed.Shared;

/// <summary>A call of <see cref="IFileCalls"/> that the operating system refused.</summary>
/// <param name="call">Name of the call.</param>
/// <param name="error">errno; 0 if unknown.</param>
/// <param name="reason">The operating system's words.</param>
/// <param name="innerException">The runtime's exception, if it made the call.</param>
internal sealed class FileCallException(string call, int error, string reason, Exception? innerException = null)
    : IOException($"{call} failed: {reason}", innerException)
{
    public const int Interrupted = 4;
    public const int InputOutput = 5;
    public const int NoSpace = 28;

    /// <summary>EDQUOT.</summary>
    private static readonly int overQuota = OperatingSystem.IsMacOS() ? 69 : 122;

    /// <summary>EINTR: nothing was done, the same call may be made again.</summary>
    public bool IsInterrupted => error == Interrupted;

    /// <summary>No room or quota left.</summary>
    public bool IsFull => error == NoSpace || error == overQuota;
}
