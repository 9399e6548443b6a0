using System.Net;
using System.Text.Json;
using SecureFed.Client.Http;
using SecureFed.Client.Log;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client;

/// <summary>What an operator, approver or auditor does over the REST surface: create tasks, change them with four eyes, watch them, read what they release.</summary>
/// <param name="http">Signs with that member's key, see <see cref="SignedHttpClient"/>.</param>
public sealed class SecureFedOperator(HttpClient http)
{
    private const ulong EntriesPerPage = 500;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(25);
    private readonly ServiceConnection connection = new(http, 5, TimeSpan.FromMilliseconds(200), TimeProvider.System);

    /// <summary>Creates a task; the same definition again changes nothing.</summary>
    /// <exception cref="SecureFedException"><c>invalid-task</c> with what to change, <c>conflicting-task</c>, <c>wrong-role</c>.</exception>
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
    /// <exception cref="SecureFedException"><c>unknown-resource</c>: the task adds no noise.</exception>
    public async Task<BudgetView> GetBudgetAsync(Identifier task, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<BudgetView>(await connection.GetAsync(Routes.TaskPart(task, "budget"), cancellationToken: cancellationToken));

    /// <summary>What the finished model goes by.</summary>
    /// <exception cref="SecureFedException"><c>unknown-resource</c>: the task has no explanation round; <c>not-ready</c>: it is not over.</exception>
    public async Task<ExplanationView> GetExplanationAsync(Identifier task, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<ExplanationView>(await connection.GetAsync(Routes.TaskPart(task, "explanation"), cancellationToken: cancellationToken));

    /// <summary>Every released sum and the nearest earlier one by survivors. The server's word: recompute it from the signed cohorts and survivor lists.</summary>
    public async Task<IReadOnlyList<ParticipationView>> GetParticipationAsync(Identifier task, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<IReadOnlyList<ParticipationView>>(await connection.GetAsync(Routes.TaskPart(task, "participation"), cancellationToken: cancellationToken));

    /// <summary>Recomputes the participation report from the log and the published lists, without believing the server.</summary>
    /// <remarks>Reads every entry under one checkpoint and computes the tree again (RFC 6962), so that the server cannot leave out or change what it signed for others.</remarks>
    /// <param name="task">Task.</param>
    /// <param name="policy">The caller's own: the server's identity key, and the witnesses that must have cosigned the checkpoint.</param>
    /// <param name="memory">What a client of the caller keeps of the log: the checkpoint in it must be continued. Evidence goes there, nothing else. Null if there is none.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>Every released sum, and what is wrong with the log or its lists; null if nothing is.</returns>
    public async Task<(IReadOnlyList<Participation> Sums, string? Fault)> AuditParticipationAsync(
        Identifier task, ClientPolicy policy, ILogMemory? memory = null, CancellationToken cancellationToken = default)
    {
        Dictionary<(Identifier, EventType), Announcement> lists = [];
        ParticipationAudit audit = new(task, policy.ServerKey, (round, kind) => lists.GetValueOrDefault((round, kind)));
        TlogPolicy trusted = policy.LogPolicy(LogOrigin.Of(policy.ServerKey.Span, task));

        // Before the newest one is asked for: the log may grow meanwhile, but not shrink.
        SignedCheckpoint? held = null;
        if (memory is not null && await memory.LoadCheckpointAsync(task, cancellationToken) is { } kept && trusted.Open(kept.Span, out held) is { } damaged)
            return ([], $"The checkpoint that is kept of the log is damaged or does not satisfy the policy: {damaged.Detail}");
        byte[] note = (await connection.GetAsync(Routes.TaskPart(task, "log/checkpoint"), cancellationToken: cancellationToken)).Body;
        if (trusted.Open(note, out SignedCheckpoint? newest) is { } untrusted)
            return ([], $"The checkpoint does not satisfy the policy: {untrusted.Detail}");
        EntryTree tree = new(newest!, held);
        string? fault = tree.FindFault();
        while (fault is null && tree.Missing > 0)
            fault = await AddPageAsync(newest!.Checkpoint.Size - tree.Missing, (int)Math.Min(EntriesPerPage, tree.Missing));
        fault ??= tree.FindFault();
        if (tree.Contradiction is { } evidence && memory is not null)
            fault += $" Both checkpoints are kept {await memory.SaveEvidenceAsync(task, evidence, cancellationToken)}; show them to an auditor.";
        return (audit.Sums, fault);

        async Task<string?> AddPageAsync(ulong from, int count)
        {
            IReadOnlyList<EntryView> entries = await GetEntriesAsync(task, from, count, cancellationToken);
            if (entries.Count == 0 || entries.Count > count)
                return $"The server does not show entry {from} of a log of {newest!.Checkpoint.Size} entries.";
            foreach (EntryView view in entries)
            {
                if (TryRead(view) is not { } signed)
                    return $"Entry {view.Index} is not in base64.";
                tree.Add(signed.Bytes.Span);
                await FetchListAsync(signed);
                if (audit.Add(signed) is { } wrong)
                    return wrong;
            }

            return null;
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

    /// <summary>Signs and sends a request for a change of a task; nothing changes before an approver of another organisation approves it.</summary>
    /// <param name="request">Names the operator whose key <paramref name="signer"/> is.</param>
    /// <param name="signer">Signs the request itself, which stays in the log, as the HTTP client signs its transport.</param>
    /// <param name="cancellationToken">Stops; then look with <see cref="GetChangesAsync"/> whether it was taken.</param>
    /// <exception cref="SecureFedException"><c>approval-invalid</c>: the values are not greater than those in force, or the expiry is past or too far; <c>wrong-role</c>.</exception>
    public async Task<ChangeView> RequestChangeAsync(ChangeRequest request, ISigner signer, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<ChangeView>(await connection.PostMessageAsync(Routes.TaskPart(request.TaskId, "changes"), "change-request", SignedChangeRequest.Sign(request, signer).Bytes, cancellationToken));

    /// <summary>Every request for a change of a task with its approval. The server's word: both signatures are in it.</summary>
    public async Task<IReadOnlyList<ChangeView>> GetChangesAsync(Identifier task, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<IReadOnlyList<ChangeView>>(await connection.GetAsync(Routes.TaskPart(task, "changes"), cancellationToken: cancellationToken));

    /// <summary>A request as its operator signed it, read from the signed bytes and not from the server's words about them.</summary>
    /// <param name="task">Task.</param>
    /// <param name="change">Identifier of the request.</param>
    /// <param name="rosterAuthority">65 bytes, from the caller's own policy: says who operators are.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="SecureFedException"><c>unknown-resource</c>; <c>roster-untrusted</c>; <c>approval-invalid</c>: no operator of the roster has signed it, or it is of another task.</exception>
    public async Task<SignedChangeRequest> GetChangeRequestAsync(Identifier task, Identifier change, ReadOnlyMemory<byte> rosterAuthority, CancellationToken cancellationToken = default)
    {
        byte[] roster = (await connection.GetAsync(Routes.Roster, cancellationToken: cancellationToken)).Body;
        if (!Roster.TryDecode(roster, rosterAuthority.Span, out Roster? trusted))
            throw new SecureFedException(ErrorCodes.RosterUntrusted, "The server's roster is not signed by the authority that the policy pins.");
        ChangeView view = (await GetChangesAsync(task, cancellationToken)).FirstOrDefault(c => string.Equals(c.ChangeId, change.ToString(), StringComparison.Ordinal))
            ?? throw new SecureFedException(ErrorCodes.UnknownResource, $"The task has no request for a change {change}. List them with 'securefed task changes'.");
        return ApprovedChanges.TryReadRequest(view) is { } signed && signed.Request.TaskId == task && signed.Request.ChangeId == change && signed.IsSignedBy(trusted!)
            ? signed
            : throw new SecureFedException(ErrorCodes.ApprovalInvalid, "No operator of the roster has signed the request that the server shows. Do not approve it; tell the roster authority.");
    }

    /// <summary>Approves a request that the caller has read; it is in force when this returns.</summary>
    /// <param name="request">As <see cref="GetChangeRequestAsync"/> gave it.</param>
    /// <param name="approver">Identity whose key <paramref name="signer"/> is.</param>
    /// <param name="signer">Signs the approval itself, which stays in the log.</param>
    /// <param name="cancellationToken">Stops; then look with <see cref="GetChangesAsync"/> whether it is in force.</param>
    /// <exception cref="SecureFedException">
    /// <c>approval-invalid</c>: expired, used, stale, or not another organisation's; <c>budget-exhausted</c>: the data set does not carry the raise; <c>wrong-role</c>.
    /// </exception>
    public async Task<ChangeView> ApproveChangeAsync(SignedChangeRequest request, Identifier approver, ISigner signer, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<ChangeView>(await connection.PutAsync(
            Routes.Approval(request.Request.TaskId, request.Request.ChangeId, approver),
            "approval",
            SignedApproval.Sign(request.Digest, approver, signer).Bytes,
            cancellationToken));

    /// <summary>The sum of a closed round: d ring elements.</summary>
    public async Task<byte[]> GetAggregateAsync(Identifier task, Identifier round, CancellationToken cancellationToken = default) =>
        (await connection.GetAsync(Routes.RoundPart(task, round, "aggregate"), cancellationToken: cancellationToken)).Body;

    public async Task<IReadOnlyList<EntryView>> GetEntriesAsync(Identifier task, ulong from, int limit, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<IReadOnlyList<EntryView>>(
            await connection.GetAsync(FormattableString.Invariant($"{Routes.TaskPart(task, "entries")}?from={from}&limit={limit}"), cancellationToken: cancellationToken));

    public async Task<IReadOnlyList<ModelView>> GetModelsAsync(Identifier task, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<IReadOnlyList<ModelView>>(await connection.GetAsync(Routes.TaskPart(task, "models"), cancellationToken: cancellationToken));

    /// <exception cref="SecureFedException">The server's bytes do not have this digest.</exception>
    public async Task<ModelState> GetModelAsync(Digest digest, CancellationToken cancellationToken = default)
    {
        byte[] body = (await connection.GetAsync(Routes.Model(digest), cancellationToken: cancellationToken)).Body;
        return Digest.Of(body) == digest && ModelState.TryDecode(body, out ModelState? model)
            ? model!
            : throw new SecureFedException(ErrorCodes.ModelMismatch, "The server's model does not have the digest that it was asked for.");
    }

    public async Task<RoundView> AbortRoundAsync(Identifier task, Identifier round, CancellationToken cancellationToken = default) =>
        ServiceConnection.ReadJson<RoundView>(await connection.PostAsync(Routes.RoundPart(task, round, "abort"), default, cancellationToken));
}
