using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using SecureFed.Protocol.Requests;

namespace SecureFed.Service.Tests.Consortium;

/// <summary>Answers "not yet" to a client that waits for the survivors, and shows it a checkpoint of its own choice meanwhile.</summary>
/// <param name="show">From the genuine checkpoint, and the size that the client said it knows, to what the client gets.</param>
internal sealed class StallingHandler(Func<byte[], ulong, byte[]> show) : DelegatingHandler
{
    private readonly ConcurrentQueue<string> tiles = [];
    private readonly List<ulong> known = [];

    /// <summary>How often the answer is held back.</summary>
    public int Stalls { get; init; } = int.MaxValue;

    public bool HidesTiles { get; init; }

    public IReadOnlyCollection<string> TileRequests => tiles;

    /// <summary>Sizes that the requests for the survivors named.</summary>
    public IReadOnlyList<ulong> Known => known;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string path = request.RequestUri!.AbsolutePath;
        if (path.Contains("/log/tile/", StringComparison.Ordinal))
        {
            tiles.Enqueue(path);
            if (HidesTiles)
                return Problem("""{"code":"unknown-resource","detail":"The log has no such tile."}""");
        }

        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        if (path.EndsWith("/survivors", StringComparison.Ordinal))
        {
            string query = request.RequestUri.Query;
            known.Add(ulong.Parse(query[(query.IndexOf(Routes.KnownSize + "=", StringComparison.Ordinal) + Routes.KnownSize.Length + 1)..], CultureInfo.InvariantCulture));
            return known.Count <= Stalls ? new HttpResponseMessage(HttpStatusCode.Accepted) { Content = new ByteArrayContent([]) } : response;
        }

        if (path.EndsWith("/log/checkpoint", StringComparison.Ordinal) && known.Count > 0)
            response.Content = new ByteArrayContent(show(await response.Content.ReadAsByteArrayAsync(cancellationToken), known[^1]));
        return response;
    }

    private static HttpResponseMessage Problem(string json) => new(HttpStatusCode.NotFound) { Content = new StringContent(json) };
}
