using System.Collections.Concurrent;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Service.Tests.Crashes;

/// <summary>A message whose receipt a client has in its hands.</summary>
/// <param name="Client">Number of the client.</param>
/// <param name="Path">Where it was put.</param>
/// <param name="Receipt">What the server answered.</param>
internal sealed record Acknowledged(int Client, string Path, SignedEntry Receipt)
{
    public bool IsUpload => Path.Contains("/uploads/", StringComparison.Ordinal);
}

/// <summary>Notes every receipt that reaches a client whole.</summary>
/// <param name="client">Number of the client.</param>
/// <param name="acknowledged">All clients' notes.</param>
internal sealed class Acknowledgements(int client, ConcurrentQueue<Acknowledged> acknowledged) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        if (request.Method != HttpMethod.Put || !response.IsSuccessStatusCode)
            return response;
        await response.Content.LoadIntoBufferAsync(cancellationToken);
        acknowledged.Enqueue(new Acknowledged(client, request.RequestUri!.AbsolutePath, Read(await response.Content.ReadAsByteArrayAsync(cancellationToken))));
        return response;
    }

    private static SignedEntry Read(byte[] body)
    {
        CanonicalReader reader = new(body);
        SignedEntry entry = SignedEntry.Read(ref reader);
        return reader.IsComplete ? entry : throw new InvalidDataException("A receipt is malformed.");
    }
}
