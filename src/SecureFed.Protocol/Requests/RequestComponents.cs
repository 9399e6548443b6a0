namespace SecureFed.Protocol.Requests;

/// <summary>The parts of an HTTP request that its signature covers.</summary>
/// <param name="Method">Upper case.</param>
/// <param name="Authority">Lower-case host, with the port unless it is the scheme's default.</param>
/// <param name="Path">Absolute path as sent, percent-encoding kept.</param>
/// <param name="Query">With its question mark; <c>?</c> alone if there is none (RFC 9421, section 2.2.7).</param>
/// <param name="ContentDigest">Value of the Content-Digest field.</param>
public sealed record RequestComponents(string Method, string Authority, string Path, string Query, string ContentDigest);
