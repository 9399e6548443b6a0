using System.Buffers;
using System.Net;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Enrolment;
using SecureFed.Server.Tasks;

namespace SecureFed.Server.Http;

/// <summary>Admits only requests signed by an enrolled identity (RFC 9421), fresh, unrepeated and with the body that was signed.</summary>
/// <remarks>
/// The signature is checked before a byte of the body is read, and the body is read only up to what the route may carry. Order of the checks: form, enrolment,
/// freshness, signature, repetition, size, digest; the nonce is spent only by a valid signature.
/// Memory ends with the process, so requests whose repetition would do something again are noted in the store before they are executed. Reading does nothing, and
/// messages of a round are taken once whatever carries them; everything else is noted, so a new route is safe unless it says that it is a message.
/// </remarks>
internal sealed class RequestAuthentication(RequestDelegate next, ServerOptions options, RosterDesk rosters, NonceMemory nonces, TaskRegistry registry, TimeProvider time, ILogger<RequestAuthentication> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        // Routing ignores the case of a path, so a comparison of prefixes here would let /V1/… past. What does not say that it is public is not.
        if (context.GetEndpoint()?.Metadata.GetMetadata<PublicEndpoint>() is not null)
        {
            await next(context);
            return;
        }

        (RequestIdentity? identity, RoundRejection? rejection) = await AuthenticateAsync(context);
        if (rejection is not null)
        {
            Log.RequestRefused(logger, rejection.Code);
            context.Response.Headers.Connection = "close"; // The body was not read; a kept connection would wait for it.
            await ProblemResponses.Of(rejection).ExecuteAsync(context);
            return;
        }

        context.Features.Set(identity);
        if (identity!.Is(RosterRole.Client) && Identifier.TryParse(context.GetRouteValue("task") as string, out Identifier task))
            registry.Find(task)?.Saw(identity.Entry.Id);
        await next(context);
    }

    private async Task<(RequestIdentity? Identity, RoundRejection? Rejection)> AuthenticateAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (RequestSignature.TryParse(request.Headers["Signature-Input"]) is not { } signature
            || request.Headers["Signature"] is not [{ } signatureField]
            || request.Headers["Content-Digest"] is not [{ } digest])
        {
            return Refuse(ErrorCodes.Unauthenticated, "Sign the request with your identity key: Signature-Input, Signature and Content-Digest are missing or not in the documented form.");
        }

        if (rosters.Newest.Find(signature.KeyId) is not { } entry)
            return Refuse(ErrorCodes.NotEnrolled, "The key is not in the signed roster; ask the roster authority to enrol it.");
        TimeSpan age = time.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(signature.Created);
        if (age.Duration() > options.RequestLifetime)
            return Refuse(ErrorCodes.RequestExpired, $"The signature's time is more than {options.RequestLifetime.TotalSeconds:0} s from the server's; set the clock and sign again.");
        RequestComponents components = new(
            request.Method,
            request.Host.Value?.ToLowerInvariant() ?? "",
            request.Path.ToUriComponent(),
            request.QueryString.HasValue ? request.QueryString.Value! : "?",
            digest);
        if (!IsOurs(components.Authority, context.Connection))
            return Refuse(ErrorCodes.Unauthenticated, "The request is addressed to another server name than this server goes by; see its --authority option.");
        if (!signature.Verify(components, signatureField, entry.PublicKey.Span))
            return Refuse(ErrorCodes.SignatureInvalid, "The request's signature does not verify under the key in the roster.");
        if (!nonces.TryUse(signature.KeyId, signature.Nonce))
            return Replayed;

        if (await ReadBodyAsync(request, BodyLimits.Of(context), context.RequestAborted) is not { } body)
            return Refuse(ErrorCodes.PayloadTooLarge, $"The body exceeds the {BodyLimits.Of(context)} bytes that this resource takes.");
        if (!ContentDigest.Matches(digest, body.Span))
            return Refuse(ErrorCodes.SignatureInvalid, "The body is not the one that Content-Digest names.");
        DateTimeOffset expires = DateTimeOffset.FromUnixTimeSeconds(signature.Created) + (2 * options.RequestLifetime); // Twice: a clock may be set back.
        return IsRepeatable(context) || await registry.TryUseNonceAsync(signature.KeyId, signature.Nonce, expires, context.RequestAborted)
            ? (new RequestIdentity(entry, body), null)
            : Replayed;
    }

    private static (RequestIdentity?, RoundRejection?) Replayed =>
        Refuse(ErrorCodes.RequestReplayed, "This nonce was used before; sign each request, also a repeated one, with a fresh nonce.");

    private static bool IsRepeatable(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method)
        || context.GetEndpoint() is not { } endpoint || endpoint.Metadata.OfType<MessageType>().Any();

    private bool IsOurs(string authority, ConnectionInfo connection)
    {
        if (options.Authorities.Count > 0)
            return options.Authorities.Contains(authority, StringComparer.Ordinal);
        string host = HostString.FromUriComponent(authority).Host;
        int port = HostString.FromUriComponent(authority).Port ?? 443;
        bool isLocalName = string.Equals(host, "localhost", StringComparison.Ordinal)
            || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && address.Equals(Unmapped(connection.LocalIpAddress)));
        return isLocalName && (connection.LocalIpAddress is null || port == connection.LocalPort);
    }

    private static IPAddress? Unmapped(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;

    /// <summary>Reads at most one byte more than the limit.</summary>
    private static async Task<ReadOnlyMemory<byte>?> ReadBodyAsync(HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (request.ContentLength > limit)
            return null;
        ArrayBufferWriter<byte> buffer = new(Math.Max(1, (int)(request.ContentLength ?? 0)));
        while (true)
        {
            Memory<byte> space = buffer.GetMemory(Math.Min(4096, limit + 1));
            int read = await request.Body.ReadAsync(space, cancellationToken);
            if (read == 0)
                return buffer.WrittenMemory;
            buffer.Advance(read);
            if (buffer.WrittenCount > limit)
                return null;
        }
    }

    private static (RequestIdentity?, RoundRejection?) Refuse(string code, string detail) => (null, new RoundRejection(code, detail));
}
