namespace SecureFed.Cryptography.Seal;

/// <summary>Bytes are refused as a SEAL object; nothing else comes out of reading foreign bytes.</summary>
/// <remarks>Names fields and positions, never the values of coefficients, keys or plaintext.</remarks>
public sealed class SealFormatException : Exception
{
    /// <param name="code">One of <see cref="SealErrorCodes"/>.</param>
    /// <param name="message">What is wrong.</param>
    /// <param name="hint">What to do next.</param>
    /// <param name="innerException">Cause, or null.</param>
    public SealFormatException(string code, string message, string hint, Exception? innerException = null)
        : base(message, innerException)
    {
        Code = code;
        Hint = hint;
    }

    /// <summary>One of <see cref="SealErrorCodes"/>.</summary>
    public string Code { get; }

    /// <summary>What to do next, in one sentence.</summary>
    public string Hint { get; }

    internal static SealFormatException Truncated() =>
        new(SealErrorCodes.Truncated, "The bytes end before the SEAL object does.", "Transfer the file again.");

    internal static SealFormatException Length(string message) =>
        new(SealErrorCodes.Length, message, "Save one object per file, with nothing before or after it.");

    internal static SealFormatException Metadata(string message) =>
        new(SealErrorCodes.Metadata, message, "Save a fresh BFV object of the expected kind.");

    internal static SealFormatException Transparent(string message) =>
        new(SealErrorCodes.Transparent, message, "Refuse the sender's object: anyone could read what it holds.");
}
