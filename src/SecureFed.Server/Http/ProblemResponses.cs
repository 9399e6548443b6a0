using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Requests;

namespace SecureFed.Server.Http;

/// <summary>The one place where error codes become problem details (RFC 9457).</summary>
internal static class ProblemResponses
{
    public static IResult Of(string code, string detail) => Of(code, detail, StatusOf(code));

    /// <summary>With another status than the code's own.</summary>
    public static IResult Of(string code, string detail, int status) => Results.Json(
        new Problem($"urn:securefed:error:{code}", TitleOf(code), status, detail, code),
        contentType: MediaTypes.Problem,
        statusCode: status);

    public static IResult Of(RoundRejection rejection) => Of(rejection.Code, rejection.Detail);

    public static int StatusOf(string code) => code switch
    {
        ErrorCodes.InvalidMessage or ErrorCodes.UnsupportedVersion or ErrorCodes.LengthMismatch or ErrorCodes.InvalidKey
            or ErrorCodes.InvalidNeighbours or ErrorCodes.InvalidAnswer => StatusCodes.Status400BadRequest,
        ErrorCodes.Unauthenticated or ErrorCodes.SignatureInvalid or ErrorCodes.RequestReplayed or ErrorCodes.RequestExpired => StatusCodes.Status401Unauthorized,
        ErrorCodes.NotEnrolled or ErrorCodes.WrongRole or ErrorCodes.Forbidden or ErrorCodes.NotInCohort or ErrorCodes.RosterUntrusted => StatusCodes.Status403Forbidden,
        ErrorCodes.MethodNotAllowed => StatusCodes.Status405MethodNotAllowed,
        ErrorCodes.UnknownResource or ErrorCodes.UnknownTask or ErrorCodes.UnknownRound or ErrorCodes.UnknownModel or ErrorCodes.UnknownClient => StatusCodes.Status404NotFound,
        ErrorCodes.TooLate or ErrorCodes.RoundAborted or ErrorCodes.TaskFinished => StatusCodes.Status410Gone,
        ErrorCodes.PayloadTooLarge => StatusCodes.Status413PayloadTooLarge,
        ErrorCodes.InvalidTask or ErrorCodes.InvalidRoster or ErrorCodes.ApprovalRequired => StatusCodes.Status422UnprocessableEntity,
        ErrorCodes.InternalError => StatusCodes.Status500InternalServerError,
        ErrorCodes.StorageUnavailable => StatusCodes.Status507InsufficientStorage,
        _ => StatusCodes.Status409Conflict,
    };

    private static string TitleOf(string code)
    {
        string words = code.Replace('-', ' ');
        return char.ToUpperInvariant(words[0]) + words[1..];
    }

    /// <summary>Problem details with the bare code as an extension, for clients that do not parse URNs.</summary>
    internal sealed record Problem(string Type, string Title, int Status, string Detail, string Code);
}
