namespace SecureFed.Protocol.Errors;

/// <summary>The client refused to reveal anything more because the round breaks its policy or the server contradicts itself. Never retried.</summary>
public sealed class RoundRefusedException(string code, string message) : SecureFedException(code, message)
{
    public RoundRefusedException(RoundRejection rejection)
        : this(rejection.Code, rejection.Detail)
    {
    }
}
