using System.Text;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Tasks;

namespace SecureFed.Server.Http;

/// <summary>A task's log as static files (C2SP tlog-tiles), its verifier key, and for auditors the blobs that its entries name.</summary>
/// <remarks>The log is public: entries hold digests, bounds and per-round pseudonyms only, and stock verifiers do not sign requests.</remarks>
internal static class LogEndpoints
{
    private const string Prefix = "/v1/tasks/{task}";

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(Prefix + "/log/checkpoint", GetCheckpoint)
            .WithName("GetCheckpoint").WithSummary("The signed tree head.").WithMetadata(PublicEndpoint.Instance);
        endpoints.MapGet(Prefix + "/log/vkey", GetVerifierKey)
            .WithName("GetVerifierKey").WithSummary("The log's verifier key in signed-note form; compare it with the pinned server key.").WithMetadata(PublicEndpoint.Instance);
        endpoints.MapGet(Prefix + "/log/policy", GetPolicy)
            .WithName("GetLogPolicy").WithSummary("A tlog-policy file for this log, to be pinned by an auditor after comparing the key.").WithMetadata(PublicEndpoint.Instance);
        endpoints.MapGet(Prefix + "/log/tile/{**path}", GetTile)
            .WithName("GetTile").WithSummary("A tile of hashes or a bundle of entries; immutable.").WithMetadata(PublicEndpoint.Instance);
        endpoints.MapGet(Prefix + "/blobs/{digest}", GetBlob)
            .WithName("GetBlob").WithSummary("A blob that the log names, for auditors.");
    }

    private static IResult GetCheckpoint(string task, HttpContext context, TaskRegistry registry)
    {
        if (TaskEndpoints.Find(task, registry) is not { } host)
            return TaskEndpoints.UnknownTask;
        context.Response.Headers.CacheControl = "no-cache";
        return host.PublishedLog.Read(TaskLog.CheckpointPath) is { } checkpoint
            ? Text(checkpoint)
            : ProblemResponses.Of(ErrorCodes.NotReady, "No checkpoint is published yet; ask again in a second.");
    }

    private static IResult GetVerifierKey(string task, TaskRegistry registry) => TaskEndpoints.Find(task, registry) is { } host
        ? Text(Encoding.ASCII.GetBytes(host.PublishedLog.Verifier + "\n"))
        : TaskEndpoints.UnknownTask;

    private static IResult GetPolicy(string task, TaskRegistry registry) => TaskEndpoints.Find(task, registry) is { } host
        ? Text(host.PublishedLog.Policy.Encode())
        : TaskEndpoints.UnknownTask;

    private static IResult GetTile(string task, string path, HttpContext context, TaskRegistry registry)
    {
        if (TaskEndpoints.Find(task, registry) is not { } host)
            return TaskEndpoints.UnknownTask;
        if (!TilePath.TryParse("tile/" + path, out TilePath tile) || host.PublishedLog.Read(tile.ToString()) is not { } bytes)
            return ProblemResponses.Of(ErrorCodes.UnknownResource, "The log has no such tile.");
        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return Results.Bytes(bytes, "application/octet-stream");
    }

    private static IResult GetBlob(string task, string digest, HttpContext context, TaskRegistry registry)
    {
        if (TaskEndpoints.Find(task, registry) is not { } host)
            return TaskEndpoints.UnknownTask;
        if (!RequestIdentity.Of(context).Is(RosterRole.Auditor))
            return ProblemResponses.Of(ErrorCodes.WrongRole, "Blobs name the clients of each round, so they are shown to auditors of the roster only.");
        return Digest.TryParse(digest, out Digest wanted) && host.TryGetBlob(wanted, out ReadOnlyMemory<byte> blob)
            ? BinaryResults.Immutable("blob", blob, wanted)
            : ProblemResponses.Of(ErrorCodes.UnknownResource, "No such blob; uploads whose deletion is logged are gone.");
    }

    private static IResult Text(byte[] bytes) => Results.Bytes(bytes, "text/plain; charset=utf-8");
}
