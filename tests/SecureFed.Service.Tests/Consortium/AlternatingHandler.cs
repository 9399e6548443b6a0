namespace SecureFed.Service.Tests.Consortium;

/// <summary>Sends each request to another server than the one before, as a load balancer between replicas does. Each server's client signs for its own address.</summary>
internal sealed class AlternatingHandler(params HttpClient[] servers) : HttpMessageHandler
{
    private int next = -1;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using HttpRequestMessage forwarded = new(request.Method, request.RequestUri!.PathAndQuery);
        foreach ((string name, IEnumerable<string> values) in request.Headers)
            forwarded.Headers.TryAddWithoutValidation(name, values);
        if (request.Content is { } content)
        {
            forwarded.Content = new ByteArrayContent(await content.ReadAsByteArrayAsync(cancellationToken));
            forwarded.Content.Headers.ContentType = content.Headers.ContentType;
        }

        return await servers[Interlocked.Increment(ref next) % servers.Length].SendAsync(forwarded, cancellationToken);
    }
}
