using System.Globalization;
using System.Net;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Service.Tests.Consortium;

/// <summary>Answers announcements of a round, or their proofs, otherwise than the server did.</summary>
/// <param name="reprove">From the genuine one, and the size that the client says it knows, to what the client gets.</param>
/// <param name="parts">Parts of the path; <c>shares</c> for the dealers list.</param>
internal sealed class ReprovingHandler(Func<ProvenAnnouncement, ulong, ProvenAnnouncement> reprove, params string[] parts) : DelegatingHandler
{
    private int writes;

    /// <summary>Requests that carry something of the client.</summary>
    public int Writes => writes;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method != HttpMethod.Get)
            Interlocked.Increment(ref writes);
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        if (request.Method != HttpMethod.Get || response.StatusCode != HttpStatusCode.OK || request.RequestUri!.AbsolutePath.Split('/') is not [_, _, _, _, "rounds", _, var part, ..] || !parts.Contains(part))
            return response;
        string query = request.RequestUri.Query;
        ulong known = ulong.Parse(query[(query.IndexOf(Routes.KnownSize + "=", StringComparison.Ordinal) + Routes.KnownSize.Length + 1)..], CultureInfo.InvariantCulture);
        byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        response.Content = new ByteArrayContent(part is "shares" ? RewriteInbox(body, known) : Rewrite(body, known));
        return response;
    }

    private byte[] Rewrite(byte[] bytes, ulong known)
    {
        Assert.True(ProvenAnnouncement.TryDecode(bytes, out ProvenAnnouncement? genuine));
        return reprove(genuine!, known).Encode();
    }

    private byte[] RewriteInbox(byte[] body, ulong known)
    {
        CanonicalReader reader = new(body);
        byte[] dealers = reader.Opaque(Announcement.GreatestBlobBytes).ToArray();
        byte[] other = Rewrite(dealers, known);
        return [.. CanonicalWriter.Write(w => w.Opaque(other)), .. body[(sizeof(uint) + dealers.Length)..]];
    }
}
