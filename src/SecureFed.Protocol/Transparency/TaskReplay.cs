using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>Takes every decision of a task's log again and compares: for an auditor who holds the blobs and does not believe the server.</summary>
/// <remarks>
/// <para>Fed the entries in order, each with its place. A message must carry its sender's signature and be one that the round takes; a list, a sum, a model and the
/// end of a task must be what follows from the entries before them. An abort may come at any time.</para>
/// <para>A sum is computed again from uploads and the answers that unmask them: shares of masks, or key holders' sums of key shares. Where a logged deletion has taken the uploads away, the mask total alone is; a vector that is
/// missing without one is a fault (<see cref="Finish"/>).</para>
/// <para>Shows nothing about a history that the server keeps from the auditor: that takes the checkpoint of a client, an earlier audit or a witness.</para>
/// </remarks>
/// <param name="blobs">Blobs by digest; each is checked against the digest that names it.</param>
/// <param name="rosterAuthority">65 bytes, from the auditor's own policy.</param>
/// <param name="stepModel">The model that follows from the state's closed round, or null if none does; null = models are not computed again.</param>
/// <param name="firstModel">The model that a task starts with; null = it is not computed again.</param>
public sealed class TaskReplay(
    IBlobSource blobs, ReadOnlyMemory<byte> rosterAuthority, Func<TaskState, ModelState?>? stepModel = null, Func<TaskParameters, ModelState>? firstModel = null)
{
    private readonly CheckedBlobs blobs = new(blobs);
    private readonly HashSet<Identifier> sumsWithoutVectors = [];
    private readonly List<EnrolmentChange> enrolments = [];

    /// <summary>The state after the last entry taken; null before the first.</summary>
    public TaskState? State { get; private set; }

    /// <summary>Sums that were computed again from the uploads.</summary>
    public int RecomputedSums { get; private set; }

    /// <summary>Sums whose uploads were deleted.</summary>
    public int SumsWithoutVectors => sumsWithoutVectors.Count;

    /// <summary>Models that were computed again.</summary>
    public int RecomputedModels { get; private set; }

    /// <summary>Messages whose signature and content were checked again.</summary>
    public int CheckedMessages { get; private set; }

    /// <summary>Every change of the roster, in order.</summary>
    public IReadOnlyList<EnrolmentChange> Enrolments => enrolments;

    /// <summary>Takes the next entry.</summary>
    /// <returns>Null, or what is wrong with it; the replay is over then.</returns>
    public string? Add(ulong index, ReadOnlySpan<byte> entry)
    {
        try
        {
            return Take(index, entry);
        }
        catch (KeyNotFoundException exception)
        {
            return $"Entry {index}: {exception.Message}";
        }
        catch (InvalidOperationException exception)
        {
            return $"Entry {index}: {exception.Message}";
        }
    }

    /// <summary>After the last entry: a sum without its uploads must have lost them by a logged deletion.</summary>
    public string? Finish() => sumsWithoutVectors.Where(round => State!.HoldsVectors(round)).Select(round => $"Round {round}: uploads are missing and no entry deletes them.").FirstOrDefault();

    private string? Take(ulong index, ReadOnlySpan<byte> bytes)
    {
        if (!LogEntry.TryDecode(bytes, out LogEntry? entry))
            return $"Entry {index} is no entry of a version that this program knows.";
        if (State is null)
            return Start(index, entry!);
        if (FindFault(index, entry!.Event) is { } fault)
            return fault;
        Roster before = State.Roster;
        State.Apply(index, bytes);
        if (State.Roster != before)
            enrolments.Add(new EnrolmentChange(index, State.Roster.Sequence, State.Roster.ChangesSince(before)));
        return null;
    }

    private string? Start(ulong index, LogEntry first)
    {
        if (index != 0 || first.Event is not TaskEvent.TaskCreated created)
            return "The log does not start with TASK_CREATED.";
        if (!Roster.TryDecode(blobs.Get(created.RosterDigest).Span, rosterAuthority.Span, out Roster? roster))
            return "The task's roster is not signed by the given authority.";
        State = TaskState.Start(first, roster!, blobs);
        if (firstModel is not null && Digest.Of(firstModel(State.Parameters).Encode()) != created.ModelDigest)
            return "Entry 0: the first model is not the one that the task's parameters give.";
        return roster!.ClientOrganisations <= State.Parameters.Cohort.Organisations ? null : "The task's thresholds are set for fewer organisations than its roster has.";
    }

    private string? FindFault(ulong index, TaskEvent change)
    {
        switch (change)
        {
            case TaskEvent.MessageAccepted accepted:
                return FindFault(index, accepted);
            case TaskEvent.HolderKeyOffered offered:
                return FindFault(index, offered);
            case TaskEvent.ListPublished or TaskEvent.RoundClosed:
                return FollowsFromRound(index, change) ? null : $"Entry {index}: {change.Type} is not what follows from the messages before it.";
            case TaskEvent.ModelPublished published when stepModel is not null && State!.AwaitsModel:
                RecomputedModels++;
                return stepModel(State) is { } model && Digest.Of(model.Encode()) == published.ModelDigest ? null : $"Entry {index}: the model does not follow from the sum.";
            case TaskEvent.ModelRefused when stepModel is not null && State!.AwaitsModel:
                return stepModel(State) is null ? null : $"Entry {index}: a model follows from the sum, yet it was refused.";
            default:
                return null;
        }
    }

    private string? FindFault(ulong index, TaskEvent.MessageAccepted accepted)
    {
        ReadOnlyMemory<byte> record = blobs.Get(accepted.MessageDigest);
        if (SignedMessage.TryDecodeRecord(record, out SignedMessage? message) is not null
            || !SignedMessage.Verify(message!.Header, message.Body, message.SignatureBytes.Span, State!.Roster)
            || State.Roster.Find(message.Header.Sender, message.Body.SenderRole) is null)
        {
            return $"Entry {index}: the message carries no valid signature of an enrolled client or key holder.";
        }

        CheckedMessages++;
        return FindRound(accepted.RoundId)?.Handle(message).Accepted?.Event == accepted ? null : $"Entry {index}: the round could not take this message.";
    }

    /// <summary>Signed by whom the roster in force names a key holder. Whether the task may take it is the fold's question, and which round takes it the opening's.</summary>
    private string? FindFault(ulong index, TaskEvent.HolderKeyOffered offered)
    {
        CheckedMessages++;
        return SignedHolderKey.TryDecode(blobs.Get(offered.OfferDigest).Span) is { } offer && offer.TaskId == State!.Parameters.TaskId && offer.Verify(State.Roster)
            ? null
            : $"Entry {index}: the offered key carries no valid signature of an enrolled key holder.";
    }

    private bool FollowsFromRound(ulong index, TaskEvent change)
    {
        Identifier roundId = change is TaskEvent.ListPublished list ? list.RoundId : ((TaskEvent.RoundClosed)change).RoundId;
        if (FindRound(roundId) is not { } round)
            return false;
        try
        {
            // Which members had answered when patience ended decides about the suspects of a sum, never about the sum.
            bool follows = new[] { Patience.Quiet, Patience.DeadlinePassed }.Any(patience => round.Advance(patience) is { } expected && IsSame(expected.Event, change));
            if (follows && change is TaskEvent.RoundClosed)
                RecomputedSums++;
            return follows;
        }
        catch (MissingBlobException) when (change is TaskEvent.RoundClosed closed)
        {
            sumsWithoutVectors.Add(State!.Round!.Parameters.RoundId);
            return round.IsRemoved(closed.MaskTotalDigest, closed.AggregateDigest);
        }
    }

    private ServerRound? FindRound(Identifier roundId) =>
        State!.Round is not { } round ? null : round.Parameters.RoundId == roundId ? round : round.Leaves.FirstOrDefault(l => l.Parameters.RoundId == roundId);

    private bool IsSame(TaskEvent expected, TaskEvent logged) =>
        new LogEntry(State!.Parameters.TaskId, expected).Encode().AsSpan().SequenceEqual(new LogEntry(State.Parameters.TaskId, logged).Encode());
}
