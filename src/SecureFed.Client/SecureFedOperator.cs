using System.Net;
using System.Text.Json;
using SecureFed.Client.Http;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client;

/// <summary>What an operator or auditor does over the REST surface: create tasks, watch them, read what they release.</summary>
/// <param name="http">Signs with the operator's key, see <see cref="SignedHttpClient"/>.</param>
public sealed class SecureFedOperator(HttpClient http)
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(25);
    private readonly ServiceConnection connection = new(http, 5, TimeSpan.FromMilliseconds(200), TimeProvider.System);

    /// <summary>Creates a task; the same definition again changes nothing.</summary>
    /// <exception cref="Protocol.Errors.SecureFedException"><c>invalid-task</c> with what to change, <c>conflicting-task</c>, <c>wrong-role</c>.</exception>
    public async Task<TaskView> CreateTaskAsync(TaskDefinition definition, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<TaskView>(await connection.PostAsync(Routes.Tasks, JsonSerializer.SerializeToUtf8Bytes(definition, ResourceJson.Options), cancellationToken));

    /// <summary>Puts a roster in force; the same roster again changes nothing.</summary>
    /// <param name="signedRoster">Signed by the roster authority, with a greater number than the one in force.</param>
    /// <param name="cancellationToken">Stops waiting; the roster may be in force all the same.</param>
    /// <returns>The roster in force and what it means for each running task; whether it is new.</returns>
    /// <exception cref="Protocol.Errors.SecureFedException"><c>roster-untrusted</c>, <c>roster-outdated</c>, <c>conflicting-roster</c>, <c>invalid-roster</c>, <c>payload-too-large</c>, <c>wrong-role</c>.</exception>
    public async Task<(RosterView Roster, bool IsNew)> PublishRosterAsync(ReadOnlyMemory<byte> signedRoster, CancellationToken cancellationToken = default)
    {
        ServiceResponse response = await connection.PutAsync(Routes.Roster, "roster", signedRoster, cancellationToken);
        return (ServiceConnection.ReadJson<RosterView>(response), response.Status == HttpStatusCode.Created);
    }

    public async Task<TaskView> GetTaskAsync(Identifier task, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<TaskView>(await connection.GetAsync(Routes.Task(task), cancellationToken: cancellationToken));

    /// <summary>The task at every stage until it is finished.</summary>
    public async IAsyncEnumerable<TaskView> WatchAsync(Identifier task, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? tag = null;
        while (true)
        {
            ServiceResponse response = await connection.GetAsync(Routes.Task(task), Poll, tag, cancellationToken);
            if (response.Status == HttpStatusCode.NotModified)
                continue;
            tag = response.ETag;
            TaskView view = ServiceConnection.ReadJson<TaskView>(response);
            yield return view;
            if (view.Finished)
                yield break;
        }
    }

    public async Task<ManifestView> GetManifestAsync(Identifier task, Identifier round, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<ManifestView>(await connection.GetAsync(Routes.RoundPart(task, round, "manifest"), cancellationToken: cancellationToken));

    /// <summary>All rounds of a task in order, failed ones and the one in progress included.</summary>
    public async Task<IReadOnlyList<RoundView>> GetRoundsAsync(Identifier task, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<IReadOnlyList<RoundView>>(await connection.GetAsync(Routes.TaskPart(task, "rounds"), cancellationToken: cancellationToken));

    /// <summary>Filter and odometer of a task with noise.</summary>
    /// <exception cref="Protocol.Errors.SecureFedException"><c>unknown-resource</c>: the task adds no noise.</exception>
    public async Task<BudgetView> GetBudgetAsync(Identifier task, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<BudgetView>(await connection.GetAsync(Routes.TaskPart(task, "budget"), cancellationToken: cancellationToken));

    /// <summary>Every released sum and the nearest earlier one by survivors. The server's word: recompute it from the signed cohorts and survivor lists.</summary>
    public async Task<IReadOnlyList<ParticipationView>> GetParticipationAsync(Identifier task, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<IReadOnlyList<ParticipationView>>(await connection.GetAsync(Routes.TaskPart(task, "participation"), cancellationToken: cancellationToken));

    /// <summary>Recomputes the participation report from the signed entries and the published lists, without believing the server.</summary>
    /// <param name="task">Task.</param>
    /// <param name="serverKey">The server's identity key, 65 bytes, from the caller's own policy.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>Every released sum, and what is wrong with the log or its lists; null if nothing is.</returns>
    public async Task<(IReadOnlyList<Participation> Sums, string? Fault)> AuditParticipationAsync(
        Identifier task, ReadOnlyMemory<byte> serverKey, CancellationToken cancellationToken = default)
    {
        Dictionary<(Identifier, EventType), Announcement> lists = [];
        ParticipationAudit audit = new(task, serverKey, (round, kind) => lists.GetValueOrDefault((round, kind)));
        const int page = 500;
        for (ulong from = 0; ; from += page)
        {
            IReadOnlyList<EntryView> entries = await GetEntriesAsync(task, from, page, cancellationToken);
            foreach (EntryView view in entries)
            {
                if (TryRead(view) is not { } signed)
                    return (audit.Sums, $"Entry {view.Index} is not in base64.");
                await FetchListAsync(signed);
                if (audit.Add(signed) is { } fault)
                    return (audit.Sums, fault);
            }

            if (entries.Count < page)
                return (audit.Sums, null);
        }

        static SignedEntry? TryRead(EntryView view)
        {
            try
            {
                return new SignedEntry(view.Index, Convert.FromBase64String(view.Entry), Convert.FromBase64String(view.Signature));
            }
            catch (FormatException)
            {
                return null;
            }
        }

        async Task FetchListAsync(SignedEntry signed)
        {
            if (!LogEntry.TryDecode(signed.Bytes.Span, out LogEntry? entry)
                || entry!.Event is not TaskEvent.ListPublished { Kind: EventType.CohortPublished or EventType.SurvivorsListed } list)
            {
                return;
            }

            string part = list.Kind == EventType.CohortPublished ? "keys" : "survivors";
            byte[] body = (await connection.GetAsync(Routes.RoundPart(task, list.RoundId, part), cancellationToken: cancellationToken)).Body;
            if (ProvenAnnouncement.TryDecode(body, out ProvenAnnouncement? announcement))
                lists[(list.RoundId, list.Kind)] = announcement!.Announcement;
        }
    }

    /// <summary>The sum of a closed round: d ring elements.</summary>
    public async Task<byte[]> GetAggregateAsync(Identifier task, Identifier round, CancellationToken cancellationToken = default) =>
        (await connection.GetAsync(Routes.RoundPart(task, round, "aggregate"), cancellationToken: cancellationToken)).Body;

    public async Task<IReadOnlyList<EntryView>> GetEntriesAsync(Identifier task, ulong from, int limit, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<IReadOnlyList<EntryView>>(
            await connection.GetAsync(FormattableString.Invariant($"{Routes.TaskPart(task, "entries")}?from={from}&limit={limit}"), cancellationToken: cancellationToken));

    public async Task<IReadOnlyList<ModelView>> GetModelsAsync(Identifier task, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<IReadOnlyList<ModelView>>(await connection.GetAsync(Routes.TaskPart(task, "models"), cancellationToken: cancellationToken));

    /// <exception cref="Protocol.Errors.SecureFedException">The server's bytes do not have this digest.</exception>
    public async Task<ModelState> GetModelAsync(Digest digest, CancellationToken cancellationToken = default)
    {
        byte[] body = (await connection.GetAsync(Routes.Model(digest), cancellationToken: cancellationToken)).Body;
        return Digest.Of(body) == digest && ModelState.TryDecode(body, out ModelState? model)
            ? model!
            : throw new Protocol.Errors.SecureFedException(Protocol.Errors.ErrorCodes.ModelMismatch, "The server's model does not have the digest that it was asked for.");
    }

    public async Task<RoundView> AbortRoundAsync(Identifier task, Identifier round, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<RoundView>(await connection.PostAsync(Routes.RoundPart(task, round, "abort"), default, cancellationToken));
}
