using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Http;

/// <summary>Signs every request with the identity key (RFC 9421), with a fresh nonce each time it is sent.</summary>
public sealed class RequestSigner(Identifier identity, ISigner signer, IRandomSource random, TimeProvider time) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        byte[] body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        Uri uri = request.RequestUri!;
        RequestComponents components = new(
            request.Method.Method,
            uri.Authority.ToLowerInvariant(),
            uri.AbsolutePath,
            uri.Query.Length > 0 ? uri.Query : "?",
            ContentDigest.Of(body));
        RequestSignature signature = new(time.GetUtcNow().ToUnixTimeSeconds(), Identifier.Random(random).ToString(), identity);
        foreach (string header in new[] { "Content-Digest", "Signature-Input", "Signature" })
            request.Headers.Remove(header);
        request.Headers.TryAddWithoutValidation("Content-Digest", components.ContentDigest);
        request.Headers.TryAddWithoutValidation("Signature-Input", signature.Input);
        request.Headers.TryAddWithoutValidation("Signature", signature.Sign(components, signer));
        return await base.SendAsync(request, cancellationToken);
    }
}
