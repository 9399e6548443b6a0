namespace SecureFed.Learning;

/// <summary>A failure of learning that its reader can repair: data, hyper-parameters or model.</summary>
/// <remarks>Never carries values of features, labels or updates beyond what the owner of the data needs to find the place.</remarks>
public class LearningException : Exception
{
    /// <summary>Code of a step that would make the global model infinite.</summary>
    public const string ModelNotFinite = "model-not-finite";

    /// <param name="code">Stable kebab-case token, for machines.</param>
    /// <param name="message">What is wrong.</param>
    /// <param name="hint">What to do next.</param>
    /// <param name="innerException">Cause, or null.</param>
    public LearningException(string code, string message, string hint, Exception? innerException = null)
        : base(message, innerException)
    {
        Code = code;
        Hint = hint;
    }

    /// <summary>Stable kebab-case token.</summary>
    public string Code { get; }

    /// <summary>What to do next, in one sentence.</summary>
    public string Hint { get; }
}
