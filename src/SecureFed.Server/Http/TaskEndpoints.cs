using System.Globalization;
using System.Text.Json;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Enrolment;
using SecureFed.Server.Tasks;

namespace SecureFed.Server.Http;

/// <summary>Tasks, their models and entries.</summary>
internal static class TaskEndpoints
{
    private const int GreatestPage = 1000;

    /// <summary>A null where the definition wants a value is the sender's fault, not a failure of the server.</summary>
    private static readonly JsonSerializerOptions DefinitionJson = new(ResourceJson.Options) { RespectNullableAnnotations = true };

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/v1/tasks", CreateTaskAsync)
            .WithName("CreateTask").WithSummary("Creates and starts a task; the same definition again returns it.")
            .Accepts<TaskDefinition>("application/json").Produces<TaskView>(StatusCodes.Status201Created).Produces<TaskView>();
        endpoints.MapGet("/v1/tasks/{task}", GetTaskAsync)
            .WithName("GetTask").WithSummary("State of a task; long poll with Prefer: wait and If-None-Match.").Produces<TaskView>();
        endpoints.MapGet("/v1/tasks/{task}/parameters", GetParameters)
            .WithName("GetTaskParameters").WithSummary("Canonical task parameters; immutable.");
        endpoints.MapGet("/v1/tasks/{task}/rounds", GetRoundsAsync)
            .WithName("GetRounds").WithSummary("All rounds in order, failed ones and the one in progress included.").Produces<IReadOnlyList<RoundView>>();
        endpoints.MapGet("/v1/tasks/{task}/participation", GetParticipationAsync)
            .WithName("GetParticipation").WithSummary("Every released sum and the nearest earlier one by survivors: what the cross-round guard compared.")
            .Produces<IReadOnlyList<ParticipationView>>();
        endpoints.MapGet("/v1/tasks/{task}/budget", GetBudgetAsync)
            .WithName("GetBudget").WithSummary("Filter and odometer of the task's privacy budget: what it may spend, has spent, and on what.")
            .Produces<BudgetView>();
        endpoints.MapGet("/v1/tasks/{task}/explanation", GetExplanationAsync)
            .WithName("GetExplanation").WithSummary("What the finished model goes by, from the sum of the task's explanation round.")
            .Produces<ExplanationView>();
        endpoints.MapGet("/v1/tasks/{task}/models", GetModelsAsync)
            .WithName("GetModels").WithSummary("Lineage of the global model.").Produces<IReadOnlyList<ModelView>>();
        endpoints.MapGet("/v1/tasks/{task}/entries", GetEntriesAsync)
            .WithName("GetEntries").WithSummary("Signed log entries from an index on.").Produces<IReadOnlyList<EntryView>>();
        endpoints.MapGet("/v1/models/{digest}", GetModel)
            .WithName("GetModel").WithSummary("A global model by its SHA-256; immutable.");
    }

    private static async Task<IResult> CreateTaskAsync(HttpContext context, TaskRegistry registry, ServerOptions options, RosterDesk rosters)
    {
        RequestIdentity requester = RequestIdentity.Of(context);
        if (!requester.Is(RosterRole.Operator))
            return ProblemResponses.Of(ErrorCodes.WrongRole, "Tasks are created by an operator.");
        TaskDefinition? definition;
        try
        {
            definition = JsonSerializer.Deserialize<TaskDefinition>(requester.Body.Span, DefinitionJson);
        }
        catch (JsonException exception)
        {
            return ProblemResponses.Of(ErrorCodes.InvalidTask, $"The body is no task definition: {exception.Message}");
        }

        if (definition is null)
            return ProblemResponses.Of(ErrorCodes.InvalidTask, "The body is empty; send a task definition.");
        Roster roster = rosters.Newest;

        // The same definition again is the same task, though the roster may have changed since.
        (TaskParameters? parameters, string fault) = TaskDefinitions.Create(definition, roster, Find(definition.TaskId, registry)?.Parameters);
        if (parameters is null)
            return ProblemResponses.Of(ErrorCodes.InvalidTask, fault);
        if (options.RequireApproval && !parameters.RequiresApproval)
            return ProblemResponses.Of(ErrorCodes.ApprovalRequired, "This server takes only tasks that a second person has to start. Set requiresApproval to true in the definition, create the task, request its start with 'securefed task change --start', and have an approver of another organisation approve it.");
        (TaskHost? host, bool isNew, RoundRejection? rejection) = await registry.CreateAsync(parameters, roster, context.RequestAborted);
        if (host is null)
            return ProblemResponses.Of(rejection!);
        TaskView view = await host.ReadAsync(ViewOf, context.RequestAborted);
        return isNew ? Results.Created($"/v1/tasks/{view.TaskId}", view) : Results.Ok(view);
    }

    private static async Task<IResult> GetTaskAsync(string task, HttpContext context, TaskRegistry registry, ServerOptions options, TimeProvider time)
    {
        if (Find(task, registry) is not { } host)
            return UnknownTask;
        string known = context.Request.Headers.IfNoneMatch.ToString();
        TaskView? view = await LongPoll.WaitAsync(
            context,
            host,
            options.LongestWait,
            async () =>
            {
                TaskView current = await host.ReadAsync(ViewOf, context.RequestAborted);
                return string.Equals(known, TagOf(current), StringComparison.Ordinal) ? null : current;
            },
            time);
        if (view is null)
            return Results.StatusCode(StatusCodes.Status304NotModified);
        context.Response.Headers.ETag = TagOf(view);
        return Results.Ok(view);
    }

    private static IResult GetParameters(string task, HttpContext context, TaskRegistry registry)
    {
        if (Find(task, registry) is not { } host)
            return UnknownTask;
        context.Response.Headers.CacheControl = "private, max-age=31536000, immutable";
        return BinaryResults.Of("parameters", host.Parameters.Encode());
    }

    private static async Task<IResult> GetRoundsAsync(string task, HttpContext context, TaskRegistry registry)
    {
        if (Find(task, registry) is not { } host)
            return UnknownTask;
        return Results.Ok(await host.ReadAsync(
            state =>
            {
                List<RoundView> rounds = [.. state.Rounds.Select(ViewOf)];
                if (state.HasOpenRound)
                    rounds.Add(ViewOf(state.Round)!);
                return rounds;
            },
            context.RequestAborted));
    }

    private static async Task<IResult> GetModelsAsync(string task, HttpContext context, TaskRegistry registry) =>
        Find(task, registry) is { } host
            ? Results.Ok(await host.ReadAsync(
                state => state.Rounds.Where(r => r.ModelDigest is not null).Select(r => new ModelView(r.Number, r.Kind, r.ModelDigest!.Value.ToString())).ToArray(),
                context.RequestAborted))
            : UnknownTask;

    private static async Task<IResult> GetEntriesAsync(string task, HttpContext context, TaskRegistry registry, ulong from = 0, int limit = 100)
    {
        if (Find(task, registry) is not { } host)
            return UnknownTask;
        ulong end = await host.ReadAsync(state => state.EntryCount, context.RequestAborted);
        List<EntryView> page = [];
        for (ulong index = from; index < end && page.Count < Math.Clamp(limit, 1, GreatestPage); index++)
        {
            SignedEntry entry = host.EntryAt(index);
            string type = LogEntry.TryDecode(entry.Bytes.Span, out LogEntry? decoded) ? decoded!.Event.Type.ToString() : "";
            page.Add(new EntryView(
                index,
                type,
                entry.EntryDigest.ToString(),
                Convert.ToBase64String(entry.Bytes.Span),
                Convert.ToBase64String(entry.ServerSignature.Span)));
        }

        return Results.Ok(page);
    }

    private static IResult GetModel(string digest, HttpContext context, TaskRegistry registry)
    {
        if (Digest.TryParse(digest, out Digest wanted))
        {
            foreach (TaskHost host in registry.All)
            {
                if (host.TryGetModel(wanted, out ReadOnlyMemory<byte> model))
                {
                    context.Response.Headers.CacheControl = "private, max-age=31536000, immutable";
                    return BinaryResults.Immutable("model", model, wanted);
                }
            }
        }

        return ProblemResponses.Of(ErrorCodes.UnknownModel, "No model has this digest; fetch the task to see the current one.");
    }

    private static async Task<IResult> GetParticipationAsync(string task, HttpContext context, TaskRegistry registry) =>
        Find(task, registry) is { } host
            ? Results.Ok(await host.ReadAsync(
                state => state.Participations.Select(p => new ParticipationView(p.Round, p.RoundId.ToString(), p.Kind, p.Survivors, p.NearestRound, p.Difference)).ToArray(),
                context.RequestAborted))
            : UnknownTask;

    private static async Task<IResult> GetBudgetAsync(string task, HttpContext context, TaskRegistry registry) =>
        Find(task, registry) is not { } host ? UnknownTask
        : await host.ReadAsync(PrivacyOdometer.Read, context.RequestAborted) is { } budget ? Results.Ok(budget)
        : ProblemResponses.Of(ErrorCodes.UnknownResource, "The task adds no noise, so it has no budget.");

    private static async Task<IResult> GetExplanationAsync(string task, HttpContext context, TaskRegistry registry)
    {
        if (Find(task, registry) is not { } host)
            return UnknownTask;
        if (!host.Parameters.Schedule.Explain)
            return ProblemResponses.Of(ErrorCodes.UnknownResource, "The schedule of this task has no explanation round.");
        ServerRound? last = await host.ReadAsync(state => state.Round, context.RequestAborted);
        return last is not null && ModelStep.TryExplain(host.Parameters, last, host.PublishedLog) is { } explanation
            ? Results.Ok(explanation)
            : ProblemResponses.Of(ErrorCodes.NotReady, "The explanation round has no sum (yet), or one without rows.");
    }

    internal static TaskHost? Find(string task, TaskRegistry registry) =>
        Identifier.TryParse(task, out Identifier id) ? registry.Find(id) : null;

    internal static IResult UnknownTask => ProblemResponses.Of(ErrorCodes.UnknownTask, "No such task on this server.");

    internal static RoundView? ViewOf(Protocol.Rounds.ServerRound? round) => round is null
        ? null
        : new RoundView(
            round.Parameters.RoundId.ToString(),
            round.Parameters.Number,
            round.Parameters.Kind,
            round.Phase,
            round.CohortSize,
            round.SurvivorCount,
            round.AbortReason,
            round.Leaves.Count == 0 ? null : [.. round.Leaves.Select(l => l.Parameters.RoundId.ToString())]);

    private static RoundView ViewOf(RoundSummary round) => new(
        round.RoundId.ToString(),
        round.Number,
        round.Kind,
        round.AbortReason is null ? Protocol.Rounds.RoundPhase.Closed : Protocol.Rounds.RoundPhase.Aborted,
        round.CohortSize,
        round.Survivors,
        round.AbortReason);

    private static TaskView ViewOf(TaskState state) => new(
        state.Parameters.TaskId.ToString(),
        state.Parameters.Name,
        state.ParametersDigest.ToString(),
        state.ModelDigest.ToString(),
        ViewOf(state.Round),
        state.CompletedRounds,
        state.InForce.Schedule.Rounds,
        state.IsFinished,
        state.FinishReason,
        state.EntryCount,
        state.Changes.ApprovedCount,
        state.Changes.AwaitsStart);

    /// <summary>Changes with the stage of the task, not with every message.</summary>
    private static string TagOf(TaskView view) => string.Create(
        CultureInfo.InvariantCulture,
        $"\"{view.CompletedRounds}-{view.Round?.Number}-{view.Round?.Phase}-{view.ModelDigest[..16]}-{view.Finished}-{view.ApprovedChanges}\"");
}
