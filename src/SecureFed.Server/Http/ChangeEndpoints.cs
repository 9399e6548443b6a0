using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Tasks;

namespace SecureFed.Server.Http;

/// <summary>Changes of a task with four eyes: an operator requests, an approver of another organisation approves, everybody enrolled reads.</summary>
internal static class ChangeEndpoints
{
    private const string Prefix = "/v1/tasks/{task}/changes";

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost(Prefix, RequestAsync)
            .WithName("RequestChange").WithSummary("A signed request to start a task, raise its budget or extend its schedule; the same bytes again change nothing. Operators only.")
            .Produces<ChangeView>(StatusCodes.Status201Created).Produces<ChangeView>();
        endpoints.MapGet(Prefix, GetChangesAsync)
            .WithName("GetChanges").WithSummary("Every request for a change with its approval, as signed.").Produces<IReadOnlyList<ChangeView>>();
        endpoints.MapPut(Prefix + "/{change}/approvals/{approver}", ApproveAsync)
            .WithName("ApproveChange").WithSummary("A signed approval of a request; it is in force when this answers. Approvers only, under their own name.")
            .Produces<ChangeView>(StatusCodes.Status201Created).Produces<ChangeView>();
    }

    private static async Task<IResult> GetChangesAsync(string task, HttpContext context, TaskRegistry registry) =>
        TaskEndpoints.Find(task, registry) is { } host
            ? Results.Ok(await host.ReadAsync(state => state.Changes.Changes.Select(ChangeView.Of).ToArray(), context.RequestAborted))
            : TaskEndpoints.UnknownTask;

    private static async Task<IResult> RequestAsync(string task, HttpContext context, TaskRegistry registry)
    {
        if (TaskEndpoints.Find(task, registry) is not { } host)
            return TaskEndpoints.UnknownTask;
        RequestIdentity requester = RequestIdentity.Of(context);
        if (!requester.Is(RosterRole.Operator))
            return ProblemResponses.Of(ErrorCodes.WrongRole, "Changes are requested by an operator.");
        if (SignedChangeRequest.TryDecode(requester.Body) is not { } signed)
            return ProblemResponses.Of(ErrorCodes.InvalidMessage, "The body is not one canonical signed request for a change; encode it as the protocol document says.");
        return requester.Is(signed.Request.Requester)
            ? Answer(context, await registry.RequestChangeAsync(host, signed, context.RequestAborted))
            : ProblemResponses.Of(ErrorCodes.Forbidden, "An operator requests under its own name only.");
    }

    private static async Task<IResult> ApproveAsync(string task, string change, string approver, HttpContext context, TaskRegistry registry)
    {
        if (TaskEndpoints.Find(task, registry) is not { } host)
            return TaskEndpoints.UnknownTask;
        RequestIdentity requester = RequestIdentity.Of(context);
        if (!requester.Is(RosterRole.Approver))
            return ProblemResponses.Of(ErrorCodes.WrongRole, "Changes are approved by an approver.");
        if (SignedApproval.TryDecode(requester.Body) is not { } approval)
            return ProblemResponses.Of(ErrorCodes.InvalidMessage, "The body is not one canonical signed approval; encode it as the protocol document says.");
        if (!Identifier.TryParse(approver, out Identifier named) || !requester.Is(named) || approval.Approver != named)
            return ProblemResponses.Of(ErrorCodes.Forbidden, "An approver approves under its own name only.");
        return Identifier.TryParse(change, out Identifier id)
            ? Answer(context, await registry.ApproveChangeAsync(host, id, approval, context.RequestAborted))
            : ProblemResponses.Of(ErrorCodes.UnknownResource, "A change is named by 22 characters of base64url.");
    }

    private static IResult Answer(HttpContext context, (ChangeRecord? Change, bool IsRepeat, RoundRejection? Rejection) outcome)
    {
        if (outcome.Rejection is { } rejection)
            return ProblemResponses.Of(rejection);
        ChangeView view = ChangeView.Of(outcome.Change!);
        return outcome.IsRepeat ? Results.Ok(view) : Results.Created(context.Request.Path, view);
    }
}
