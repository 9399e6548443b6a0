namespace SecureFed.Privacy.Accounting;

/// <summary>An accountant was asked for something that has no answer. Nothing was spent.</summary>
/// <param name="code">Stable token, see the constants of this class.</param>
/// <param name="message">What is wrong, the range that is allowed, and what to do.</param>
public sealed class AccountingException(string code, string message) : ArgumentException(message)
{
    /// <summary>A parameter lies outside the range that the message names.</summary>
    public const string OutOfRange = "privacy-parameter-out-of-range";

    /// <summary>No noise within the allowed range meets the target; the message says what would.</summary>
    public const string OutOfReach = "privacy-target-out-of-reach";

    public string Code { get; } = code;
}
