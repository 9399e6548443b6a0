using System.Net.Http.Headers;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Wire;

namespace SecureFed.Service.Tests.Consortium;

/// <summary>A request signed by hand: what is signed and what is sent can differ.</summary>
internal sealed record SignedRequest(HttpMethod Method, string Path, byte[] Body, Identifier KeyId, ISigner Signer)
{
    public string Query { get; init; } = "";

    public string Authority { get; init; } = "localhost";

    public DateTimeOffset Created { get; init; } = TimeProvider.System.GetUtcNow();

    public string Nonce { get; init; } = Identifier.Random(OperatingSystemRandomSource.Instance).ToString();

    /// <summary>Null: the body's own digest.</summary>
    public string? Digest { get; init; }

    public static SignedRequest From(Member member, HttpMethod method, string path, byte[]? body = null) => new(method, path, body ?? [], member.Id, member.Key);

    /// <summary>The request with its true signature; <paramref name="alter"/> changes it afterwards.</summary>
    public HttpRequestMessage Build(Action<HttpRequestMessage>? alter = null)
    {
        RequestComponents components = new(Method.Method, Authority, Path, Query.Length > 0 ? Query : "?", Digest ?? ContentDigest.Of(Body));
        RequestSignature signature = new(Created.ToUnixTimeSeconds(), Nonce, KeyId);
        HttpRequestMessage request = new(Method, Path + Query);
        if (Body.Length > 0)
        {
            request.Content = new ByteArrayContent(Body);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(MediaTypes.Json);
        }

        request.Headers.TryAddWithoutValidation("Content-Digest", components.ContentDigest);
        request.Headers.TryAddWithoutValidation("Signature-Input", signature.Input);
        request.Headers.TryAddWithoutValidation("Signature", signature.Sign(components, Signer));
        alter?.Invoke(request);
        return request;
    }
}
