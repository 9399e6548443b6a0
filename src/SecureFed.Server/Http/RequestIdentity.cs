using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Http;

/// <summary>Who signed the request, and its verified body.</summary>
/// <param name="Entry">The signer in the roster.</param>
/// <param name="Body">Body, whose digest the signature covers.</param>
internal sealed record RequestIdentity(RosterEntry Entry, ReadOnlyMemory<byte> Body)
{
    public static RequestIdentity Of(HttpContext context) =>
        context.Features.Get<RequestIdentity>() ?? throw new InvalidOperationException("The endpoint was reached without authentication.");

    public bool Is(RosterRole role) => Entry.Role == role;

    public bool Is(Identifier id) => Entry.Id == id;
}
