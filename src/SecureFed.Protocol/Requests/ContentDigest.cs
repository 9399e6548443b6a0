using System.Security.Cryptography;

namespace SecureFed.Protocol.Requests;

/// <summary>The Content-Digest field of RFC 9530 with SHA-256.</summary>
public static class ContentDigest
{
    private const string Prefix = "sha-256=:";

    public static string Of(ReadOnlySpan<byte> body) => Prefix + Convert.ToBase64String(SHA256.HashData(body)) + ":";

    /// <summary>Whether the field names exactly this body.</summary>
    public static bool Matches(string field, ReadOnlySpan<byte> body) => string.Equals(field, Of(body), StringComparison.Ordinal);
}
