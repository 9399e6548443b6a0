namespace SecureFed.Privacy.Updates;

/// <summary>The caller handed in an update that cannot be contributed. Nothing was sent and no state changed.</summary>
/// <param name="code">Stable token, see the constants of this class.</param>
/// <param name="message">What is wrong and what to do; never a value of the update.</param>
public sealed class InvalidUpdateException(string code, string message) : ArgumentException(message)
{
    public const string NotFinite = "update-not-finite";
    public const string WrongDimension = "update-dimension-mismatch";

    public string Code { get; } = code;
}
