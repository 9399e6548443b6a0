using Microsoft.AspNetCore.Http;

namespace SecureFed.Cli.Attack;

/// <summary>An answer of the server, genuine or not.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">Whole body.</param>
/// <param name="ContentType">Null where the genuine one stays.</param>
internal sealed record Reply(int Status, byte[] Body, string? ContentType = null)
{
    /// <summary>Whether it goes out as it is, with whatever proof it carries.</summary>
    public bool IsProven { get; init; }

    public bool IsOk => Status is StatusCodes.Status200OK or StatusCodes.Status201Created;

    public static Reply Ok(byte[] body) => new(StatusCodes.Status200OK, body, "application/octet-stream");

    public static Reply Created(byte[] body) => new(StatusCodes.Status201Created, body, "application/octet-stream");

    public static Reply Unavailable { get; } = new(StatusCodes.Status503ServiceUnavailable, [], "text/plain");
}
