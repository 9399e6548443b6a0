using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>Judges a task's log by its entries alone: every transition legal, the model's lineage unbroken, the budget recomputed.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Reference</term><description>DESIGN sections 3, 5 and 6. A second account of the rules beside <see cref="TaskState"/>, written from them and not from it.</description></item>
/// <item><term>Needs</term><description>The entries in order; no blob but, if it is to be had, the one with the task's parameters. Without it the schedule, the noise
/// and ε are not judged, and <see cref="ReadBudget"/> gives nothing.
/// The same from an approved change on whose request is not to be had (<see cref="HasUnreadChange"/>).</description></item>
/// <item><term>Budget</term><description>A round reserves the charge of its ROUND_OPENED, which must be what the task's noise costs; its first UNMASK_REQUESTED commits
/// it for good; one that ends before is void. There is no entry that voids, so a charge after a request cannot be taken back.</description></item>
/// <item><term>Encryption</term><description>Rounds keep to one parameter set and one list of key holders; every seat of a table is a key that was offered in the log and is in no other round.</description></item>
/// <item><term>Memory</term><description>Pseudonyms of the round in progress, one record for each round, and digests of the holders' keys.</description></item>
/// <item><term>Does not see</term><description>What is in blobs: signatures of clients and of who requests and approves changes, sums, models, who is in which leaf, and how near the survivors of two
/// rounds come. That is <see cref="TaskReplay"/>'s part.</description></item>
/// </list>
/// </remarks>
/// <param name="findBlob">The blobs with the task's parameters, with requests and approvals of changes and with holders' offers, by digest; null if there are no blobs.</param>
public sealed class EntryAudit(Func<Digest, ReadOnlyMemory<byte>?>? findBlob = null)
{
    private readonly List<AuditedRound> rounds = [];
    private readonly HashSet<Identifier> roundIds = [];
    private readonly Dictionary<Identifier, int> finished = [];
    private readonly Dictionary<(int Clients, int Size), CohortThresholds> thresholds = [];
    private readonly List<AuditedRoster> rosters = [];
    private readonly ChangeAudit changes = new(findBlob);
    private readonly HolderKeyAudit holderKeys = new(findBlob);
    private TaskEvent.RoundOpened? opened;
    private RoundAudit? open;
    private CohortBounds? bounds;
    private bool awaitsModel;
    private int? convergedAfter;
    private bool mayHaveConverged; // The model that would say whether the last evaluation ended the training is not here.
    private int failuresInARow;
    private int completedTrainRounds;
    private bool isNodeReleased;

    public Identifier TaskId { get; private set; }

    /// <summary>Entry 0; null before it is taken.</summary>
    public TaskEvent.TaskCreated? Created { get; private set; }

    /// <summary>Null if no blob was given for them.</summary>
    public TaskParameters? Parameters { get; private set; }

    /// <summary>The parameters with every approved change; null without parameters, and once a change was approved that could not be read.</summary>
    public TaskParameters? InForce => changes.InForce;

    /// <summary>Every request for a change with what became of it.</summary>
    public IReadOnlyList<AuditedChange> Changes => changes.All;

    /// <summary>Whether a change is in force whose request was not to be had: from it on approvals, schedule and budget are not judged.</summary>
    public bool HasUnreadChange => changes.HasUnread;

    /// <summary>Entries that were taken without a fault.</summary>
    public ulong EntryCount { get; private set; }

    /// <summary>Every round, the one in progress included.</summary>
    public IReadOnlyList<AuditedRound> Rounds => rounds;

    /// <summary>The roster under which the task was created, then every later one.</summary>
    public IReadOnlyList<AuditedRoster> Rosters => rosters;

    /// <summary>What the last ROUND_OPENED says; null before the first.</summary>
    public RoundParameters? LastOpened => opened?.Round;

    /// <summary>Round keys that key holders offered.</summary>
    public int OfferedKeys => holderKeys.OfferCount;

    /// <summary>Rounds that gave their result.</summary>
    public int CompletedRounds { get; private set; }

    /// <summary>The current model.</summary>
    public Digest ModelDigest { get; private set; }

    /// <summary>Filter and odometer; null without parameters or noise.</summary>
    public BudgetLedger? Budget { get; private set; }

    public bool IsFinished { get; private set; }

    /// <summary>Empty if the schedule was completed, else why the task was given up.</summary>
    public string FinishReason { get; private set; } = "";

    /// <summary>Takes the next entry.</summary>
    /// <returns>Null, or what is wrong with it; the audit is over then.</returns>
    public RoundRejection? Add(ulong index, ReadOnlySpan<byte> entry)
    {
        if (index != EntryCount || !LogEntry.TryDecode(entry, out LogEntry? decoded))
            return Illegal($"Entry {index} is not the next one, or of a version that this program does not know.");
        string? fault = Created is null ? Start(decoded!)
            : decoded!.TaskId != TaskId ? "belongs to another task."
            : Take(decoded.Event);
        if (fault is not null)
            return Illegal($"Entry {index} ({decoded!.Event.Type}): {fault}");
        EntryCount++;
        return null;
    }

    /// <summary>What was spent, as the server reports it too; null without parameters or noise.</summary>
    public BudgetView? ReadBudget()
    {
        if (Budget is null)
            return null;
        RoundKind? next = open is null ? InForce!.Schedule.KindAfter(CompletedRounds, convergedAfter) : null;
        return PrivacyOdometer.Read(
            InForce!,
            Budget,
            round => rounds[round - 1].Kind,
            CohortThresholds.LeastUnknownPerHonest(Parameters!.Cohort),
            next is { } kind ? NoiseOfNext(kind) : null);
    }

    private static RoundRejection Illegal(string detail) => new(ErrorCodes.IllegalEntry, detail);

    private string? Start(LogEntry first)
    {
        if (first.Event is not TaskEvent.TaskCreated created)
            return "a log starts with TASK_CREATED.";
        Created = created;
        TaskId = first.TaskId;
        ModelDigest = created.ModelDigest;
        rosters.Add(new AuditedRoster(0, created.RosterDigest));
        if (findBlob?.Invoke(created.ParametersDigest) is not { } blob)
            return null;
        if (Digest.Of(blob.Span) != created.ParametersDigest || !TaskParameters.TryDecode(blob.Span, out TaskParameters? parameters) || parameters!.TaskId != TaskId)
            return "the parameters are not those of this task, or promise less privacy than they charge for.";
        Parameters = parameters;
        changes.Start(parameters);
        bounds = parameters.Cohort;
        Budget = parameters.Privacy.HasNoise ? new BudgetLedger(parameters.Privacy.ToCap()) : null;
        return null;
    }

    private string? Take(TaskEvent change)
    {
        if (change is TaskEvent.VectorsDeleted deleted)
            return Delete(deleted.RoundId);
        if (change is TaskEvent.ChangeRequested or TaskEvent.ChangeApproved && CanGoOn)
            return TakeChange(change);
        if (change is TaskEvent.HolderKeyOffered offered && CanGoOn)
            return Offer(offered.OfferDigest);
        if (IsFinished)
            return "nothing but deletions follows TASK_FINISHED, or changes and key offers where only the budget was exhausted.";
        return change switch
        {
            TaskEvent.RoundOpened round => Open(round),
            TaskEvent.MessageAccepted message => AddToRound(message.RoundId, change),
            TaskEvent.ListPublished list => AddToRound(list.RoundId, change),
            TaskEvent.RoundClosed closed => AddToRound(closed.RoundId, change),
            TaskEvent.RoundAborted aborted => AddToRound(aborted.RoundId, change),
            TaskEvent.ModelPublished published => Publish(published),
            TaskEvent.ModelRefused refused => Refuse(refused),
            TaskEvent.RosterChanged roster => ChangeRoster(roster.RosterDigest),
            TaskEvent.TaskFinished end => Finish(end.Reason),
            _ => "a log has one TASK_CREATED.",
        };
    }

    /// <summary>Whether the task is not over, or would go on if its budget were raised.</summary>
    private bool CanGoOn => !IsFinished || string.Equals(FinishReason, ErrorCodes.BudgetExhausted, StringComparison.Ordinal);

    private string? Offer(Digest offer) => (Parameters?.Protection ?? LastOpened?.Protection) == ProtectionKind.Masking
        ? "a masked task has no key holders."
        : holderKeys.Offer(offer, TaskId, Parameters?.Encryption ?? LastOpened?.Encryption?.Specification);

    private string? TakeChange(TaskEvent change)
    {
        bool isLooking = rounds.LastOrDefault(r => r.Phase != RoundPhase.Aborted)?.Kind is RoundKind.Evaluate or RoundKind.Explain;
        bool canExtend = InForce?.Schedule.CanExtendAfter(completedTrainRounds, isLooking, convergedAfter is not null) ?? !isLooking;
        if (change is TaskEvent.ChangeRequested requested)
            return changes.Request(EntryCount, requested.RequestDigest, TaskId, canExtend);
        TaskEvent.ChangeApproved approved = (TaskEvent.ChangeApproved)change;
        if (changes.Approve(EntryCount, approved, canExtend) is { } fault)
            return fault;
        if (changes.HasUnread)
            Budget = null; // Perhaps its cap was raised, and nobody here can tell.
        else if (Budget is not null && InForce is { } now && now.Privacy.Epsilon > Budget.Cap.Epsilon)
            Budget.Raise(now.Privacy.ToCap());

        // Without its blob any change may be the raise that lets an exhausted task go on.
        if (changes.All.First(c => c.RequestDigest == approved.RequestDigest).Request is null or { Kind: ChangeKind.RaiseBudget })
            (IsFinished, FinishReason) = (false, "");
        return null;
    }

    private string? Open(TaskEvent.RoundOpened opening)
    {
        RoundParameters round = opening.Round;
        if (open is not null || awaitsModel)
            return open is not null ? "the round before it is not over." : "the model of the round before it is missing.";
        if (round.Number != rounds.Count + 1)
            return $"its number is {round.Number}, and {rounds.Count + 1} is next.";
        if (!roundIds.Add(round.RoundId))
            return "its identifier was used before.";
        if (round.ModelDigest != ModelDigest || round.TaskDigest != Created!.ParametersDigest || round.RosterDigest != rosters[^1].Digest)
            return round.ModelDigest != ModelDigest ? "it does not start from the current model." : "it names other parameters than the task, or another roster than the one in force.";
        if ((bounds ??= round.Cohort) != round.Cohort || round.Cohort.FindFault() is not null)
            return "its cohort bounds are not those of the task.";
        if (Parameters is not null && FindForeign(round) is { } foreign)
            return foreign;
        if (Budget?.FindRefusal(round.Noise!.Charge) is { } refusal)
            return refusal.Message;
        if (FindProtectionFault(round) is { } unprotected)
            return unprotected;
        Budget?.Reserve(round.Number, round.Noise!.Charge);
        opened = opening;
        open = round.Encryption is { } encryption
            ? new EncryptedRoundAudit(encryption, round.Protection, CohortThresholds.TryDeriveEncrypted(bounds, encryption.Invited, out _)!)
            : new MaskedRoundAudit(bounds, thresholds);
        rounds.Add(new AuditedRound(
            round.Number, round.RoundId, round.Kind, EntryCount, open.Phase, open.Cohort, open.LeastSurvivors, 0, bounds.Leaves, 0, null, [],
            round.Noise?.NoiseMultiplier, round.Noise?.Charge ?? 0, round.Noise is null ? null : BudgetState.Reserved, Budget?.EpsilonSpent, null, ModelDigest, null, null, open.Holders));
        return null;
    }

    /// <summary>The same protection and holders in every round, keys that were offered for it, and a cohort that has thresholds.</summary>
    private string? FindProtectionFault(RoundParameters round)
    {
        if (opened is { } before && before.Round.Protection != round.Protection)
            return "its protection is not that of the round before.";
        if (round.Encryption is not { } encryption)
            return OfferedKeys == 0 ? null : "it is masked, but keys for encrypted rounds were offered.";
        if (encryption.Specification != (Parameters?.Encryption ?? LastOpened?.Encryption?.Specification ?? encryption.Specification))
            return "its parameter set or its key holders are not the task's.";
        if (bounds!.Leaves > 1)
            return "an encrypted round has no leaves.";
        if (encryption.Specification.FindFault(round.Protection, bounds.ServerClass, round.Layout.RingBits, bounds.Greatest) is { } fault)
            return fault;
        if (encryption.Invited < bounds.Least || encryption.Invited > bounds.Greatest)
            return $"it invites {encryption.Invited} clients, but the bounds are {bounds.Least} and {bounds.Greatest}.";
        return CohortThresholds.TryDeriveEncrypted(bounds, encryption.Invited, out string reason) is null ? reason : holderKeys.Take(TaskId, encryption);
    }

    private string? FindForeign(RoundParameters round)
    {
        if (changes.AwaitsStart)
            return "nobody has approved the start that the task's parameters demand.";
        if (InForce is { } now && FindEnd(now.Schedule) is { } end)
            return end.Length == 0 ? "the schedule is complete." : $"the task is over: {end}.";
        bool mayExplain = mayHaveConverged && round.Kind == RoundKind.Explain && InForce?.Schedule.Explain == true;
        if (InForce is not null && !mayExplain && round.Kind != InForce.Schedule.KindAfter(CompletedRounds, convergedAfter))
            return $"a {round.Kind} round is not what the schedule asks for.";
        if (round.Protection != Parameters!.Protection || !Parameters.Allows(round.Kind, round.Layout))
            return "its protection or layout is not the task's.";
        return round.Noise == NoiseOfNext(round.Kind) ? null : "its noise or its charge is not the task's.";
    }

    private RoundNoise? NoiseOfNext(RoundKind kind) => Parameters!.Privacy.NoiseOf(kind, Parameters.Privacy.NodeOf(kind, completedTrainRounds), isNodeReleased);

    private string? FindEnd(TaskSchedule schedule)
    {
        if (failuresInARow > schedule.GreatestFailures)
            return rounds[^1].AbortReason ?? ErrorCodes.InternalError;
        if (schedule.KindAfter(CompletedRounds, convergedAfter) is not { } kind)
            return "";
        return Budget?.FindRefusal(NoiseOfNext(kind)!.Charge) is null ? null : ErrorCodes.BudgetExhausted;
    }

    private string? AddToRound(Identifier roundId, TaskEvent change)
    {
        if (open is null)
            return "no round is in progress.";
        string? fault = roundId == opened!.Round.RoundId ? open.Add(change)
            : open.HasLeaf(roundId) || (open.IsCut && roundIds.Add(roundId)) ? open.AddToLeaf(roundId, change)
            : "belongs to no round in progress.";
        if (fault is not null)
            return fault;
        if (change is TaskEvent.ListPublished { Kind: EventType.UnmaskRequested } && rounds[^1].Budget == BudgetState.Reserved)
            Commit();
        if (change is not TaskEvent.MessageAccepted || open.Holders is not null)
            rounds[^1] = rounds[^1] with { Phase = open.Phase, Cohort = open.Cohort, LeastSurvivors = open.LeastSurvivors, LostLeaves = open.LostLeaves, Holders = open.Holders };
        if (open.IsOver)
            End(change);
        return null;
    }

    private void Commit()
    {
        Budget?.Commit(rounds[^1].Number);
        isNodeReleased |= rounds[^1].Kind == RoundKind.Train;
        rounds[^1] = rounds[^1] with { Budget = BudgetState.Committed };
    }

    private void End(TaskEvent last)
    {
        if (rounds[^1].Budget == BudgetState.Reserved)
        {
            Budget?.Void(rounds[^1].Number);
            rounds[^1] = rounds[^1] with { Budget = BudgetState.Void };
        }

        rounds[^1] = rounds[^1] with { Survivors = open!.Survivors, EpsilonAfter = Budget?.EpsilonSpent };
        finished.Add(rounds[^1].RoundId, rounds.Count - 1);
        open = null;
        if (last is TaskEvent.RoundAborted aborted)
        {
            rounds[^1] = rounds[^1] with { AbortReason = aborted.Reason, Suspects = aborted.Suspects };
            failuresInARow++;
            return;
        }

        TaskEvent.RoundClosed closed = (TaskEvent.RoundClosed)last;
        rounds[^1] = rounds[^1] with { AggregateDigest = closed.AggregateDigest, Suspects = closed.Suspects };
        awaitsModel = Parameters?.Schedule.YieldsModel(rounds[^1].Kind) ?? rounds[^1].Kind is not (RoundKind.Evaluate or RoundKind.Explain);
        if (!awaitsModel)
            Complete();
    }

    private string? Publish(TaskEvent.ModelPublished published)
    {
        if (!awaitsModel || published.RoundId != rounds[^1].RoundId)
            return "no closed round awaits a model.";
        if (published.ParentDigest != ModelDigest)
            return "its parent is not the current model.";
        ModelDigest = published.ModelDigest;
        rounds[^1] = rounds[^1] with { ModelDigest = published.ModelDigest };
        awaitsModel = false;
        if (rounds[^1].Kind == RoundKind.Train)
        {
            completedTrainRounds++;
            isNodeReleased = false;
            mayHaveConverged = false;
        }
        else if (rounds[^1].Kind == RoundKind.Evaluate && Parameters is { } task)
        {
            ModelState? model = findBlob?.Invoke(ModelDigest) is { } blob && Digest.Of(blob.Span) == ModelDigest && ModelState.TryDecode(blob.Span, out ModelState? read) ? read : null;
            mayHaveConverged = model is null;
            convergedAfter = model is not null && task.Schedule.HasConverged(model.Losses) ? CompletedRounds + 1 : null;
        }

        Complete();
        return null;
    }

    private void Complete()
    {
        CompletedRounds++;
        failuresInARow = 0;
    }

    private string? Refuse(TaskEvent.ModelRefused refused)
    {
        if (!awaitsModel || refused.RoundId != rounds[^1].RoundId)
            return "no closed round awaits a model.";
        rounds[^1] = rounds[^1] with { AbortReason = refused.Reason };
        awaitsModel = false;
        failuresInARow++;
        return null;
    }

    private string? Delete(Identifier roundId)
    {
        if (!finished.TryGetValue(roundId, out int place))
            return "no finished round has this identifier.";
        if (rounds[place].VectorsDeleted is not null)
            return "the vectors of this round were deleted before.";
        rounds[place] = rounds[place] with { VectorsDeleted = EntryCount };
        return null;
    }

    /// <summary>Sequence numbers rise, so no roster comes back; whether the authority signed it is for who has the blob.</summary>
    private string? ChangeRoster(Digest roster)
    {
        if (open is not null || awaitsModel)
            return "the roster changes between rounds only.";
        if (rosters.Exists(r => r.Digest == roster))
            return "this roster was in force before.";
        rosters.Add(new AuditedRoster(EntryCount, roster));
        return null;
    }

    private string? Finish(string reason)
    {
        if (open is not null || awaitsModel)
            return "a round is in progress, or its model is missing.";
        if (InForce is { } now && !(mayHaveConverged && reason.Length == 0) && !string.Equals(FindEnd(now.Schedule), reason, StringComparison.Ordinal))
            return $"the reason '{reason}' is not what follows.";
        IsFinished = true;
        FinishReason = reason;
        return null;
    }
}
