using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Enrolment;
using SecureFed.Server.Tasks;

namespace SecureFed.Server.Http;

/// <summary>Who is enrolled: the newest roster, the one by which a task goes, and single identities.</summary>
internal static class RosterEndpoints
{
    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(Routes.Roster, (RosterDesk rosters) => BinaryResults.Of("roster", rosters.Newest.Bytes))
            .WithName("GetRoster").WithSummary("The newest signed roster.");
        endpoints.MapPut(Routes.Roster, PutRosterAsync)
            .WithName("PutRoster").WithSummary("Puts a roster signed by the roster authority in force; the same roster again changes nothing. Operators only.")
            .WithMetadata(RosterBody.Instance).Produces<RosterView>(StatusCodes.Status201Created).Produces<RosterView>();
        endpoints.MapGet("/v1/tasks/{task}/roster", GetRosterOfTaskAsync)
            .WithName("GetTaskRoster").WithSummary("The signed roster of the task's round in progress, or of its next one.");
        endpoints.MapGet("/v1/clients/{client}", GetIdentity)
            .WithName("GetClient").WithSummary("One enrolled identity; for itself or an operator.");
    }

    private static async Task<IResult> PutRosterAsync(HttpContext context, RosterDesk rosters, TaskRegistry registry)
    {
        RequestIdentity requester = RequestIdentity.Of(context);
        if (!requester.Is(RosterRole.Operator))
            return ProblemResponses.Of(ErrorCodes.WrongRole, "Rosters are published by an operator.");
        (bool isNew, RoundRejection? rejection) = await rosters.PublishAsync(requester.Body, context.RequestAborted);
        if (rejection is not null)
            return ProblemResponses.Of(rejection);
        Roster roster = rosters.Newest;
        List<RosterTaskView> tasks = [];
        foreach (TaskHost host in registry.All.Where(h => h.IsRunning).OrderBy(h => h.Parameters.TaskId))
        {
            if (await host.ReadAsync(state => state.IsFinished ? null : ViewOf(state, roster), context.RequestAborted) is { } task)
                tasks.Add(task);
        }

        RosterView view = new(roster.Sequence, roster.Digest.ToString(), roster.Entries.Count, roster.ClientOrganisations, tasks);
        return isNew ? Results.Created(Routes.Roster, view) : Results.Ok(view);
    }

    private static RosterTaskView ViewOf(TaskState state, Roster newest) => new(
        state.Parameters.TaskId.ToString(),
        state.Roster.Sequence,
        state.Roster.Digest == newest.Digest ? null : state.FindFault(newest)?.Detail);

    private static async Task<IResult> GetRosterOfTaskAsync(string task, HttpContext context, TaskRegistry registry) =>
        TaskEndpoints.Find(task, registry) is { } host
            ? BinaryResults.Of("roster", await host.ReadAsync(state => state.Roster.Bytes, context.RequestAborted))
            : TaskEndpoints.UnknownTask;

    private static IResult GetIdentity(string client, HttpContext context, RosterDesk rosters)
    {
        RequestIdentity requester = RequestIdentity.Of(context);
        if (!Identifier.TryParse(client, out Identifier id) || rosters.Newest.Find(id) is not { } entry)
            return ProblemResponses.Of(ErrorCodes.UnknownClient, "No such identity in the roster.");
        return requester.Is(id) || requester.Is(RosterRole.Operator)
            ? Results.Ok(new IdentityView(entry.Id.ToString(), entry.Role.ToString(), entry.Organisation))
            : ProblemResponses.Of(ErrorCodes.Forbidden, "An identity is shown to itself and to operators.");
    }
}
