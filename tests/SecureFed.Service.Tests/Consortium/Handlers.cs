using System.Collections.Concurrent;
using System.Net;

namespace SecureFed.Service.Tests.Consortium;

/// <summary>Remembers what went over the wire, in order.</summary>
internal sealed class RecordingHandler : DelegatingHandler
{
    public ConcurrentQueue<(string Method, string Path, byte[] Body)> Requests { get; } = new();

    /// <summary>Requests that carry something of the client: everything but reads.</summary>
    public IEnumerable<(string Method, string Path, byte[] Body)> Writes => Requests.Where(r => r.Method != "GET");

    public Action<HttpRequestMessage>? Before { get; init; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests.Enqueue((request.Method.Method, request.RequestUri!.AbsolutePath, request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken)));
        Before?.Invoke(request);
        return await base.SendAsync(request, cancellationToken);
    }
}

/// <summary>Fails the first requests, then lets everything pass.</summary>
internal sealed class FailingHandler(int failures, Func<HttpResponseMessage> fail) : DelegatingHandler
{
    private int attempts;

    public int Attempts => attempts;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Interlocked.Increment(ref attempts) <= failures ? Task.FromResult(fail()) : base.SendAsync(request, cancellationToken);

    public static HttpResponseMessage Status(HttpStatusCode status) => new(status) { Content = new StringContent("") };
}

/// <summary>Loses the answer of the first matching request: the server has done its work, the client does not know.</summary>
internal sealed class LosingHandler(Func<HttpRequestMessage, bool> isLost) : DelegatingHandler
{
    private int lost;

    public int Lost => lost;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        if (!isLost(request) || Interlocked.Increment(ref lost) > 1)
            return response;
        response.Dispose();
        throw new HttpRequestException(HttpRequestError.ResponseEnded);
    }
}
