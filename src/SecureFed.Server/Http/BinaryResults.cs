using Microsoft.Net.Http.Headers;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Http;

/// <summary>Bodies of the binary media type.</summary>
internal static class BinaryResults
{
    public static IResult Of(string message, ReadOnlyMemory<byte> bytes) => Results.Bytes(bytes, MediaTypes.Of(message));

    /// <summary>Content that its digest names: ranges and If-None-Match are answered.</summary>
    public static IResult Immutable(string message, ReadOnlyMemory<byte> bytes, Digest digest) =>
        Results.Bytes(bytes, MediaTypes.Of(message), enableRangeProcessing: true, entityTag: new EntityTagHeaderValue($"\"{digest}\""));

    /// <summary>201 for a new message, 200 for the same bytes again; the body is the signed entry that records it.</summary>
    public static IResult Receipt(HttpContext context, SignedEntry entry, bool isRepeat)
    {
        context.Response.StatusCode = isRepeat ? StatusCodes.Status200OK : StatusCodes.Status201Created;
        return new Bytes(CanonicalWriter.Write(entry.Write), MediaTypes.Of("receipt"));
    }

    /// <summary>Leaves the status as it was set.</summary>
    private sealed class Bytes(byte[] content, string contentType) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.ContentType = contentType;
            httpContext.Response.ContentLength = content.Length;
            await httpContext.Response.Body.WriteAsync(content, httpContext.RequestAborted);
        }
    }
}
