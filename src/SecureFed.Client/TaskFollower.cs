using System.Net;
using SecureFed.Client.Http;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Shared;

namespace SecureFed.Client;

/// <summary>What a party of a task asks the server about it before and between rounds, believed as far as its policy goes: parameters, roster, approved changes, where the task stands.</summary>
/// <param name="connection">To the server.</param>
/// <param name="taskId">Task.</param>
/// <param name="self">Own identity.</param>
/// <param name="role">Client or key holder: as what the roster must list it.</param>
/// <param name="signer">Own identity key.</param>
/// <param name="policy">What the party demands.</param>
/// <param name="time">Clock.</param>
internal sealed class TaskFollower(ServiceConnection connection, Identifier taskId, Identifier self, RosterRole role, ISigner signer, ClientPolicy policy, TimeProvider time)
{
    /// <summary>How long one request for news waits.</summary>
    public static readonly TimeSpan Poll = TimeSpan.FromSeconds(10);

    private int announcedChanges;
    private int verifiedChanges;

    private string Party => role == RosterRole.KeyHolder ? "key holder" : "client";

    private string RosterPath => Routes.TaskPart(taskId, "roster");

    /// <summary>How long a round may let a party wait for its next step.</summary>
    public static TimeSpan LongestWait(TaskParameters task) => TimeSpan.FromMilliseconds(task.Deadlines.AdvertiseMilliseconds + 10.0 * task.Deadlines.PhaseMilliseconds) + Poll;

    /// <summary>The task's parameters, acceptable to the policy, and the same as when it was joined.</summary>
    /// <exception cref="RoundRefusedException">They are not.</exception>
    public async Task<TaskParameters> GetParametersAsync(RememberedTask remembered, CancellationToken cancellationToken)
    {
        ServiceResponse parameters = await connection.GetAsync(Routes.TaskPart(taskId, "parameters"), cancellationToken: cancellationToken);
        if (!TaskParameters.TryDecode(parameters.Body, out TaskParameters? task) || task!.TaskId != taskId)
            throw new RoundRefusedException(ErrorCodes.InvalidParameters, "The task's parameters are malformed or belong to another task.");
        if (remembered.TaskDigest != default && remembered.TaskDigest != Digest.Of(parameters.Body))
            throw new RoundRefusedException(ErrorCodes.InvalidParameters, $"The task has other parameters than those with which this {Party} joined it before; a changed task needs a new identifier.");
        if (policy.Check(task) is { } violation)
            throw new RoundRefusedException(violation);
        try
        {
            LearningTask.Read(task);
            return task;
        }
        catch (InvalidOperationException exception)
        {
            throw new RoundRefusedException(ErrorCodes.InvalidParameters, $"The task cannot be what it says: {exception.Message} The {Party} abstains.");
        }
    }

    /// <summary>The task as two people have changed it since, if the server says so and shows both signatures. A server that hides a change gives up what it allows.</summary>
    /// <returns>Null if there is nothing new.</returns>
    public async Task<TaskParameters?> TryGetChangedAsync(TaskParameters task, Roster roster, CancellationToken cancellationToken)
    {
        if (announcedChanges <= verifiedChanges)
            return null;
        int announced = announcedChanges;
        ChangeView[] changes = ServiceConnection.ReadJson<ChangeView[]>(await connection.GetAsync(Routes.TaskPart(taskId, "changes"), cancellationToken: cancellationToken));
        TaskParameters changed = ApprovedChanges.Verify(task, changes, roster);
        verifiedChanges = announced;
        return changed;
    }

    /// <summary>Enrolment changes between rounds: when the round names another roster than the one held, the newer one is fetched and takes its place, if its authority signed it.</summary>
    /// <remarks>The server decides when a task takes a roster over, not what is in it: an older one, a second one with the same number or one without this party is refused.</remarks>
    public async Task<Roster> FollowRosterAsync(Roster held, SignedEntry opening, RememberedTask remembered, CancellationToken cancellationToken)
    {
        if (!opening.TryOpen(taskId, policy.ServerKey.Span, out LogEntry? entry)
            || entry!.Event is not TaskEvent.RoundOpened opened
            || opened.Round.RosterDigest == held.Digest)
        {
            return held; // What else is wrong with the opening its examination says.
        }

        Roster roster = await GetRosterAsync(RosterPath, remembered, cancellationToken);
        if (roster.Digest != opened.Round.RosterDigest)
            throw new RoundRefusedException(ErrorCodes.RosterUntrusted, $"Round {opened.Round.Number} names another roster than the one that the server gives out; the {Party} abstains.");
        if (roster.Sequence <= held.Sequence)
            throw new RoundRefusedException(ErrorCodes.RosterUntrusted, $"Round {opened.Round.Number} goes by a roster with number {roster.Sequence}, but number {held.Sequence} was in force before: it may list identities that were removed since.");
        return Lists(roster) ? roster : throw NotEnrolled();
    }

    /// <summary>The roster of the task, once it lists this party. A task goes by its earlier one until its round is over: who stands only in the newest waits for that.</summary>
    public async Task<Roster> WaitForEnrolmentAsync(RememberedTask remembered, CancellationToken cancellationToken)
    {
        string? tag = null;
        while (true)
        {
            Roster roster = await GetRosterAsync(RosterPath, remembered, cancellationToken);
            if (Lists(roster))
                return roster;
            if (!Lists(await GetRosterAsync(Routes.Roster, remembered, cancellationToken)))
                throw NotEnrolled();
            long asked = time.GetTimestamp();
            string? known = tag;
            TaskView? task = await TryGetTaskAsync(known, Poll, t => tag = t, cancellationToken);
            if (task is { Finished: true })
                throw NotEnrolled();
            if (task is null || (known is not null && string.Equals(tag, known, StringComparison.Ordinal)))
                await PollPause.AfterAsync(asked, time, cancellationToken);
        }
    }

    public async Task<TaskView> GetTaskAsync(CancellationToken cancellationToken) =>
        await TryGetTaskAsync(null, null, _ => { }, cancellationToken)
            ?? throw new SecureFedException(ErrorCodes.InvalidMessage, "The server answered without a task.");

    /// <summary>Where the task stands; null if it has not moved since the tag.</summary>
    public async Task<TaskView?> TryGetTaskAsync(string? tag, TimeSpan? wait, Action<string?> setTag, CancellationToken cancellationToken)
    {
        ServiceResponse response = await connection.GetAsync(Routes.Task(taskId), wait, tag, cancellationToken);
        if (response.Status == HttpStatusCode.NotModified)
            return null;
        setTag(response.ETag);
        TaskView task = ServiceConnection.ReadJson<TaskView>(response);
        announcedChanges = task.ApprovedChanges;
        return task;
    }

    public static Identifier ParseIdentifier(string text) =>
        Identifier.TryParse(text, out Identifier identifier) ? identifier : throw new SecureFedException(ErrorCodes.InvalidMessage, "The server's answer holds a malformed identifier.");

    /// <summary>A roster that is to be believed: of the pinned authority, and not older than any that was in force for this party.</summary>
    private async Task<Roster> GetRosterAsync(string path, RememberedTask remembered, CancellationToken cancellationToken)
    {
        ServiceResponse response = await connection.GetAsync(path, cancellationToken: cancellationToken);
        Roster roster = SharedRosters.Find(response.Body, policy.RosterAuthorityKey.Span)
            ?? throw new RoundRefusedException(ErrorCodes.RosterUntrusted, "The server's roster is not signed by the authority that the policy pins.");
        ulong leastSequence = Math.Max(policy.LeastRosterSequence, remembered.RosterSequence);
        if (roster.Sequence < leastSequence)
            throw new RoundRefusedException(ErrorCodes.RosterUntrusted, $"The server's roster has number {roster.Sequence}, but number {leastSequence} is known: it may list identities that were removed since.");
        return remembered.RosterDigest == default || remembered.RosterSequence != roster.Sequence || remembered.RosterDigest == roster.Digest
            ? roster
            : throw new RoundRefusedException(ErrorCodes.RosterUntrusted, $"The authority has signed two rosters with number {roster.Sequence}; the {Party} believes neither. Ask the roster authority.");
    }

    private bool Lists(Roster roster) =>
        roster.Find(self, role) is { } entry && entry.PublicKey.Span.SequenceEqual(signer.PublicKey.Span);

    private RoundRefusedException NotEnrolled() =>
        new(ErrorCodes.NotEnrolled, $"The roster does not list this {Party} with this key; ask the roster authority to enrol it.");
}
