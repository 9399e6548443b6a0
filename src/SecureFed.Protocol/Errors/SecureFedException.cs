namespace SecureFed.Protocol.Errors;

/// <summary>A failure of the environment or of a peer, seen by the application that uses the library.</summary>
/// <param name="code">One of <see cref="ErrorCodes"/>.</param>
/// <param name="message">What happened and what to do next.</param>
/// <param name="isTransient">True if the same call may succeed later without a change.</param>
/// <param name="innerException">The cause.</param>
public class SecureFedException(string code, string message, bool isTransient = false, Exception? innerException = null)
    : Exception(message, innerException)
{
    public string Code { get; } = code;

    public bool IsTransient { get; } = isTransient;
}
