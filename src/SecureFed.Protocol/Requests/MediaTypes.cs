namespace SecureFed.Protocol.Requests;

/// <summary>Media types of the service. Binary bodies are one versioned family (RFC 8446 presentation encoding, canonical); control is JSON.</summary>
public static class MediaTypes
{
    public const string Family = "application/vnd.securefed";

    public const string Json = "application/json";

    public const string Problem = "application/problem+json";

    public static string Of(string message) => $"{Family}; message={message}; version=1";
}
