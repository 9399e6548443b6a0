namespace SecureFed.Server.Http;

/// <summary>Marks the few endpoints that answer without a signature. Every other request is authenticated, also one that matches no route.</summary>
internal sealed class PublicEndpoint
{
    private PublicEndpoint()
    {
    }

    public static PublicEndpoint Instance { get; } = new();
}
