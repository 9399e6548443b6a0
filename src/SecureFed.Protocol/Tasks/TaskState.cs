using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Budget;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>A task as the fold over its log entries. Every method but <see cref="Apply"/> only decides.</summary>
/// <remarks>A restart, a second replica and an auditor compute the same state from the same entries and blobs (DESIGN section 6).</remarks>
public sealed class TaskState
{
    private readonly IBlobSource blobs;
    private readonly Func<Digest, Roster?>? findRoster;
    private readonly List<RoundSummary> rounds = [];
    private readonly HashSet<Identifier> withoutVectors = [];
    private readonly BudgetLedger? budget;
    private ParticipationRecord participation = new();
    private HolderKeys? holderKeys;
    private int failuresInARow;
    private double? unknownPerHonest;
    private int completedTrainRounds;
    private int? convergedAfter;
    private bool isNodeReleased;

    private TaskState(TaskParameters parameters, ChangeLedger changes, Roster roster, Digest modelDigest, IBlobSource blobs, Func<Digest, Roster?>? findRoster)
    {
        Parameters = parameters;
        ParametersDigest = Digest.Of(parameters.Encode());
        ModelDigest = modelDigest;
        Roster = roster;
        this.findRoster = findRoster;
        this.blobs = blobs;
        Changes = changes;
        budget = parameters.Privacy.HasNoise ? new BudgetLedger(changes.InForce.Privacy.ToCap()) : null;
        holderKeys = parameters.Encryption is null ? null : new HolderKeys(parameters);
        EntryCount = 1;
    }

    /// <summary>As the task was created: what rounds and clients refer to.</summary>
    public TaskParameters Parameters { get; }

    /// <summary>What was asked for and approved since.</summary>
    public ChangeLedger Changes { get; }

    /// <summary>The parameters with every approved change: schedule and budget are those to go by.</summary>
    public TaskParameters InForce => Changes.InForce;

    public Digest ParametersDigest { get; }

    /// <summary>The roster of the last TASK_CREATED or ROSTER_CHANGED: the next round's. A round in progress keeps the one under which it opened.</summary>
    public Roster Roster { get; private set; }

    /// <summary>Blob of the current global model.</summary>
    public Digest ModelDigest { get; private set; }

    /// <summary>Index that the next entry gets.</summary>
    public ulong EntryCount { get; private set; }

    /// <summary>Rounds that gave their result, of any kind.</summary>
    public int CompletedRounds { get; private set; }

    /// <summary>The round in progress, or the last one.</summary>
    public ServerRound? Round { get; private set; }

    /// <summary>Finished rounds in order, failed ones included.</summary>
    public IReadOnlyList<RoundSummary> Rounds => rounds;

    /// <summary>Whose updates were in the sums released so far. A sum counts as released once shares were asked for, whatever became of the round.</summary>
    public SurvivorHistory Released => participation.Released;

    /// <summary>Every released sum and how near its survivors come to those of an earlier one.</summary>
    public IReadOnlyList<Participation> Participations => participation.Participations;

    /// <summary>Filter and odometer of the task's privacy budget; null if its sums are exact.</summary>
    /// <remarks>
    /// A round is RESERVED by its ROUND_OPENED entry, COMMITTED by the first UNMASK_REQUESTED of it or of one of its leaves, and VOID if it ends before: until
    /// then no share of a secret was asked for, so nothing could be seen (DESIGN section 5).
    /// </remarks>
    public BudgetLedger? Budget => budget;

    public bool IsFinished { get; private set; }

    /// <summary>Whether nothing can make the task go on; where only its budget is exhausted, an approved raise can.</summary>
    public bool IsOver => IsFinished && !string.Equals(FinishReason, ErrorCodes.BudgetExhausted, StringComparison.Ordinal);

    /// <summary>Empty if the schedule was completed, else why the task was given up.</summary>
    public string FinishReason { get; private set; } = "";

    public bool HasOpenRound => Round is { Phase: not (RoundPhase.Closed or RoundPhase.Aborted) };

    /// <summary>True between a round's sum and the model that follows from it. Of an evaluation a model follows in tasks that can stop early: it holds the loss.</summary>
    public bool AwaitsModel => Round is { Phase: RoundPhase.Closed } round && Parameters.Schedule.YieldsModel(round.Parameters.Kind) && rounds[^1] is { ModelDigest: null, AbortReason: null };

    /// <summary>Kind of the next round; null if the schedule is complete.</summary>
    public RoundKind? NextKind => InForce.Schedule.KindAfter(CompletedRounds, convergedAfter);

    /// <summary>(S_min − 1)/h or 1, the least over all cohort sizes; computed once.</summary>
    internal double UnknownPerHonest => unknownPerHonest ??= CohortThresholds.LeastUnknownPerHonest(Parameters.Cohort);

    /// <summary>Kind of a round that was opened.</summary>
    public RoundKind KindOf(int number) => number <= rounds.Count ? rounds[number - 1].Kind : Round!.Parameters.Kind;

    /// <summary>The first event of a task's log.</summary>
    public static PendingEvent Create(TaskParameters parameters, Roster roster, ModelState initialModel)
    {
        byte[] parameterBytes = parameters.Encode();
        byte[] model = initialModel.Encode();
        return new PendingEvent(
            new TaskEvent.TaskCreated(Digest.Of(parameterBytes), roster.Digest, Digest.Of(model)),
            parameterBytes,
            roster.Bytes,
            model);
    }

    /// <summary>Starts the fold from entry 0.</summary>
    /// <param name="first">Entry 0.</param>
    /// <param name="roster">The one that it names.</param>
    /// <param name="blobs">Blobs by digest.</param>
    /// <param name="findRoster">Rosters that were verified already, so that several tasks share one with its imported keys; null reads each from its blob.</param>
    /// <exception cref="InvalidOperationException">Entry 0 is no TASK_CREATED of these parameters and this roster.</exception>
    public static TaskState Start(LogEntry first, Roster roster, IBlobSource blobs, Func<Digest, Roster?>? findRoster = null) =>
        first.Event is TaskEvent.TaskCreated created
        && TaskParameters.TryDecode(blobs.Get(created.ParametersDigest).Span, out TaskParameters? parameters)
        && parameters!.TaskId == first.TaskId
        && created.RosterDigest == roster.Digest
            ? new TaskState(parameters, new ChangeLedger(parameters), roster, created.ModelDigest, blobs, findRoster)
            : throw new InvalidOperationException("A task's log starts with its TASK_CREATED entry under the roster in force.");

    /// <summary>An independent state at the same entry, so that a server whose fold has run ahead of its disk can go back to it.</summary>
    /// <exception cref="InvalidOperationException">A round is open; only between rounds does a state have an end that cannot move.</exception>
    public TaskState Copy()
    {
        if (HasOpenRound)
            throw new InvalidOperationException("A round is open.");
        TaskState copy = new(Parameters, Changes.Copy(), Roster, ModelDigest, blobs, findRoster)
        {
            EntryCount = EntryCount,
            CompletedRounds = CompletedRounds,
            Round = Round,
            IsFinished = IsFinished,
            FinishReason = FinishReason,
            participation = participation.Copy(),
            failuresInARow = failuresInARow,
            unknownPerHonest = unknownPerHonest,
            completedTrainRounds = completedTrainRounds,
            convergedAfter = convergedAfter,
            isNodeReleased = isNodeReleased,
            holderKeys = holderKeys?.Copy(),
        };
        copy.rounds.AddRange(rounds);
        copy.withoutVectors.UnionWith(withoutVectors);
        foreach (BudgetEntry charge in budget?.Entries ?? [])
        {
            copy.budget!.Reserve(charge.Round, charge.Units);
            if (charge.State == BudgetState.Committed)
                copy.budget.Commit(charge.Round);
            else if (charge.State == BudgetState.Void)
                copy.budget.Void(charge.Round);
        }

        return copy;
    }

    /// <summary>The ROUND_OPENED event of the next round, the TASK_FINISHED event if none follows, or null while a round is in progress.</summary>
    /// <param name="random">For identifier and salt.</param>
    /// <param name="invited">Whom an encrypted round invites, see <see cref="Invitable"/>; a masked round lets clients advertise.</param>
    /// <returns>Null also while an encrypted round has nobody to invite, or fewer than t_h key holders have a key on offer.</returns>
    public PendingEvent? Next(IRandomSource random, IReadOnlyList<Identifier>? invited = null)
    {
        if (IsFinished || HasOpenRound || AwaitsModel || Changes.AwaitsStart)
            return null;
        if (FindEnd() is { } reason)
            return new PendingEvent(new TaskEvent.TaskFinished(reason));
        byte[] salt = new byte[Pseudonym.SaltBytes];
        if (Parameters.Encryption is null)
        {
            random.Fill(salt);
            return new PendingEvent(new TaskEvent.RoundOpened(NextRound(Identifier.Random(random), Digest.Of(salt), null)), salt);
        }

        InvitedList list = new([.. (invited ?? []).Order()]);
        HolderTable table = holderKeys!.Seats(Roster);
        if (table.Entries.Count < Parameters.Encryption.Threshold || FindFault(list) is not null)
            return null;
        random.Fill(salt);
        byte[] bytes = list.Encode();
        RoundEncryption encryption = new(Parameters.Encryption, table, list.Clients.Count, Digest.Of(bytes));
        return new PendingEvent(new TaskEvent.RoundOpened(NextRound(Identifier.Random(random), Digest.Of(salt), encryption)), salt, bytes);
    }

    /// <summary>Key holders of an encrypted task that could have a seat if a round opened now.</summary>
    public int HoldersWithKeys => holderKeys?.Seats(Roster).Entries.Count ?? 0;

    /// <summary>Number of the last key that a holder has offered, and how many of its keys wait for their rounds; zeros if it is no holder of this task.</summary>
    public (ulong LastNumber, int Ahead) OffersOf(Identifier holder) => (holderKeys?.LastNumberOf(holder) ?? 0, holderKeys?.AheadOf(holder) ?? 0);

    /// <summary>What becomes of a key holder's offer of a key for a coming round.</summary>
    public MessageDecision OfferHolderKey(ReadOnlySpan<byte> signedOffer) =>
        IsOver || holderKeys is null
            ? MessageDecision.Refuse(ErrorCodes.UnknownHolder, "The task is over, or has no key holders.")
            : holderKeys.Offer(signedOffer, Roster);

    /// <summary>As many of the candidates as a round may invite: clients of the roster, the organisations' cap kept, at most the greatest cohort; null if too few.</summary>
    /// <param name="candidates">Distinct, in order of preference.</param>
    public IReadOnlyList<Identifier>? Invitable(IEnumerable<Identifier> candidates) =>
        InvitedList.Choose(candidates, Roster, Parameters.Cohort);

    /// <summary>What becomes of an operator's signed request for a change, whose expiry the caller judges.</summary>
    public MessageDecision RequestChange(ReadOnlyMemory<byte> signedRequest) => IsOver ? RefuseChange : Changes.Request(signedRequest, Roster, CanExtend);

    /// <summary>What becomes of a signed approval. The caller judges the expiry of the request that it names.</summary>
    public MessageDecision ApproveChange(ReadOnlyMemory<byte> signedApproval) => IsOver ? RefuseChange : Changes.Approve(signedApproval, Roster, CanExtend);

    /// <summary>Null if the roster may take the place of the one in force; otherwise why not and what to do.</summary>
    public RoundRejection? FindFault(Roster next) => next.FindFaultAfter(Roster, Parameters.Cohort.Organisations);

    /// <summary>The ROSTER_CHANGED event for a roster without fault (<see cref="FindFault(Roster)"/>); null while a round is in progress or its model awaited, and after the end.</summary>
    public PendingEvent? ChangeRoster(Roster next) => IsBetweenRounds ? new PendingEvent(new TaskEvent.RosterChanged(next.Digest), next.Bytes) : null;

    /// <summary>The VECTORS_DELETED event for a finished round whose uploads are still held; null if there is none with that identifier.</summary>
    public PendingEvent? DeleteVectors(Identifier roundId) => HoldsVectors(roundId) ? new PendingEvent(new TaskEvent.VectorsDeleted(roundId)) : null;

    /// <summary>Whether a finished round's uploaded vectors were not deleted yet.</summary>
    public bool HoldsVectors(Identifier roundId) => rounds.Exists(r => r.RoundId == roundId) && !withoutVectors.Contains(roundId);

    /// <summary>The MODEL_PUBLISHED event for a model computed from the closed round.</summary>
    public PendingEvent Publish(ModelState model)
    {
        if (!AwaitsModel)
            throw new InvalidOperationException("No closed round awaits a model.");
        byte[] bytes = model.Encode();
        return new PendingEvent(new TaskEvent.ModelPublished(Round!.Parameters.RoundId, ModelDigest, Digest.Of(bytes)), bytes);
    }

    /// <summary>The MODEL_REFUSED event for a closed round from whose sum no model follows.</summary>
    public PendingEvent Refuse(string reason) => new(new TaskEvent.ModelRefused(Round!.Parameters.RoundId, reason));

    /// <summary>The fold: the only way the state moves.</summary>
    /// <exception cref="InvalidOperationException">The entry is not the next one or does not fit the state.</exception>
    public void Apply(ulong index, ReadOnlySpan<byte> entryBytes)
    {
        if (index != EntryCount || !LogEntry.TryDecode(entryBytes, out LogEntry? entry) || entry!.TaskId != Parameters.TaskId)
            throw new InvalidOperationException($"Entry {index} is not the next entry of this task.");
        switch (entry.Event)
        {
            case TaskEvent.ChangeRequested requested when !IsOver:
                Changes.Apply(index, requested, blobs, Roster, CanExtend);
                break;
            case TaskEvent.ChangeApproved approved when !IsOver:
                Take(Changes.Apply(index, approved, blobs, Roster, CanExtend));
                break;
            case TaskEvent.RoundOpened opened when !IsFinished && !Changes.AwaitsStart && !HasOpenRound && !AwaitsModel && FindEnd() is null && IsNext(opened.Round):
                TakeKeys(opened.Round);
                if (opened.Round.Noise is { } noise)
                    budget!.Reserve(opened.Round.Number, noise.Charge);
                Round = new ServerRound(Parameters.TaskId, index, entryBytes, Parameters.Complete(opened.Round), Roster, blobs.Get(opened.Round.PseudonymSaltDigest), blobs, participation.Listed);
                participation.Open();
                break;
            case TaskEvent.HolderKeyOffered offered when !IsOver && holderKeys is not null:
                holderKeys.Apply(index, blobs.Get(offered.OfferDigest).Span, Roster);
                break;
            case TaskEvent.ModelPublished published when AwaitsModel && published.RoundId == Round!.Parameters.RoundId && published.ParentDigest == ModelDigest:
                ModelDigest = published.ModelDigest;
                rounds[^1] = rounds[^1] with { ModelDigest = published.ModelDigest };
                CompletedRounds++;
                failuresInARow = 0;
                if (Round.Parameters.Kind == RoundKind.Train)
                {
                    completedTrainRounds++;
                    isNodeReleased = false;
                }
                else if (Round.Parameters.Kind == RoundKind.Evaluate)
                {
                    convergedAfter = Parameters.Schedule.HasConverged(ReadModel().Losses) ? CompletedRounds : null;
                }

                break;
            case TaskEvent.ModelRefused refused when AwaitsModel && refused.RoundId == Round!.Parameters.RoundId:
                rounds[^1] = rounds[^1] with { AbortReason = refused.Reason };
                failuresInARow++;
                break;
            case TaskEvent.VectorsDeleted deleted when HoldsVectors(deleted.RoundId):
                withoutVectors.Add(deleted.RoundId);
                break;
            case TaskEvent.RosterChanged changed when IsBetweenRounds:
                Roster = ReadNext(changed.RosterDigest);
                break;
            case TaskEvent.TaskFinished finished when !IsFinished && !HasOpenRound && !AwaitsModel && string.Equals(finished.Reason, FindEnd(), StringComparison.Ordinal):
                IsFinished = true;
                FinishReason = finished.Reason;
                break;
            case TaskEvent.MessageAccepted or TaskEvent.ListPublished or TaskEvent.RoundClosed or TaskEvent.RoundAborted when HasOpenRound:
                ApplyToRound(index, entry.Event);
                break;
            default:
                throw new InvalidOperationException($"Entry {index} ({entry.Event.Type}) does not fit the task's state.");
        }

        EntryCount++;
    }

    /// <summary>Noise and charge of a round of that kind if it were opened now. With a tree the charge depends on the node, and on whether a round for it was committed and then failed.</summary>
    public RoundNoise? NoiseOfNext(RoundKind kind) => Parameters.Privacy.NoiseOf(kind, Parameters.Privacy.NodeOf(kind, completedTrainRounds), isNodeReleased);

    /// <summary>Layout of a round of that kind if it were opened now. Adaptive clipping: the clip norm is the current model's.</summary>
    private UpdateLayout LayoutOfNext(RoundKind kind)
    {
        if (!Parameters.ClipsAdaptively(kind))
            return Parameters.LayoutOf(kind);
        return ReadModel() is var model && Parameters.Training.AdaptiveClip!.Holds(model.ClipNorm)
            ? Parameters.LayoutOf(kind, model.ClipNorm)
            : throw new InvalidOperationException("The current model names no clip norm that its task allows.");
    }

    private ModelState ReadModel() => ModelState.TryDecode(blobs.Get(ModelDigest).Span, out ModelState? model) ? model! : throw new InvalidOperationException("The current model is malformed.");

    /// <summary>Not once a round that looks at the finished model has opened, unless that failed, and not after training has ended early.</summary>
    private bool CanExtend => InForce.Schedule.CanExtendAfter(
        completedTrainRounds,
        (HasOpenRound ? Round!.Parameters.Kind : rounds.LastOrDefault(r => r.AbortReason is null)?.Kind) is RoundKind.Evaluate or RoundKind.Explain,
        convergedAfter is not null);

    private static MessageDecision RefuseChange => MessageDecision.Refuse(ErrorCodes.TaskFinished, "The task is over, so nothing of it changes any more. Create another task.");

    private bool IsBetweenRounds => !IsFinished && !HasOpenRound && !AwaitsModel;

    private Roster ReadNext(Digest digest)
    {
        Roster? next = findRoster?.Invoke(digest);
        if (next is null && !Roster.TryDecode(blobs.Get(digest).Span, Roster.AuthorityKey.Span, out next))
            throw new InvalidOperationException("The new roster is not signed by the authority of the one before it.");
        if (next!.Digest != digest)
            throw new InvalidOperationException("The new roster is not the one that its entry names.");
        return FindFault(next) is { } fault ? throw new InvalidOperationException(fault.Detail) : next;
    }

    private bool IsReserved => budget?.Entries is [.., { State: BudgetState.Reserved }];

    /// <summary>Why no further round opens: empty if the schedule is complete; null if one does.</summary>
    private string? FindEnd()
    {
        if (failuresInARow > Parameters.Schedule.GreatestFailures || rounds is [.., { AbortReason: ErrorCodes.TrainingDiverged }])
            return rounds[^1].AbortReason ?? ErrorCodes.InternalError;
        if (NextKind is not { } kind)
            return "";
        return NoiseOfNext(kind) is { } noise && budget!.FindRefusal(noise.Charge) is not null ? ErrorCodes.BudgetExhausted : null;
    }

    /// <summary>Everything of the next round follows from the state but its identifier, its salt and whom it invites.</summary>
    private RoundParameters NextRound(Identifier roundId, Digest salt, RoundEncryption? encryption)
    {
        RoundKind kind = NextKind!.Value;
        return new RoundParameters(
            roundId,
            rounds.Count + 1,
            kind,
            ParametersDigest,
            Roster.Digest,
            ModelDigest,
            LayoutOfNext(kind),
            Parameters.Cohort,
            Parameters.Protection,
            NoiseOfNext(kind),
            salt,
            encryption);
    }

    private bool IsNext(RoundParameters round)
    {
        RoundParameters expected = NextRound(round.RoundId, round.PseudonymSaltDigest, round.Encryption);
        return TaskParameters.IsSame(round.Layout, expected.Layout) && round == expected with { Layout = round.Layout };
    }

    /// <exception cref="InvalidOperationException">The round's holder table or invitation does not follow from the task and its roster.</exception>
    private void TakeKeys(RoundParameters round)
    {
        if (round.Encryption is not { } encryption)
            return;
        bool isInvited = InvitedList.TryDecode(blobs.Get(encryption.InvitedDigest).Span, out InvitedList? invited) && invited!.Clients.Count == encryption.Invited && FindFault(invited) is null;
        if (!isInvited || encryption.Specification != Parameters.Encryption || !holderKeys!.TryTake(encryption.Table, Roster))
            throw new InvalidOperationException($"Round {round.Number} invites clients or seats key holders that its task and roster do not allow.");
    }

    private string? FindFault(InvitedList invited) => invited.FindFault(Roster, Parameters.Cohort);

    private void Take(ChangeRequest change)
    {
        if (change.Kind != ChangeKind.RaiseBudget)
            return;
        budget!.Raise(InForce.Privacy.ToCap());
        (IsFinished, FinishReason) = (false, "");
    }

    private void ApplyToRound(ulong index, TaskEvent change)
    {
        Round!.Apply(index, change);
        int number = Round.Parameters.Number;
        if (change is TaskEvent.ListPublished { Kind: EventType.SurvivorsListed } published)
            participation.List(LeafOf(published.RoundId));
        if (change is TaskEvent.ListPublished { Kind: EventType.UnmaskRequested } asked)
        {
            // The first leaf that asks commits the round: its charge covers all leaves, each record and client standing in one of them.
            if (IsReserved)
                Commit(number);
            participation.Release(LeafOf(asked.RoundId));
        }

        if (HasOpenRound)
            return;
        if (IsReserved)
            budget!.Void(number);
        if (Round.Leaves.Count > 0 && Round.Survivors.Count > 0)
        {
            participation.List(Round);
            participation.Release(Round); // Whoever has the sums of the leaves has theirs.
        }

        bool isClosed = Round.Phase == RoundPhase.Closed;
        rounds.Add(new RoundSummary(
            Round.Parameters.RoundId,
            Round.Parameters.Number,
            Round.Parameters.Kind,
            Round.CohortSize,
            isClosed ? Round.SurvivorCount : 0,
            Round.AggregateDigest,
            Round.MaskTotalDigest,
            Round.AbortReason,
            null));
        if (!isClosed)
        {
            failuresInARow++;
        }
        else if (!Parameters.Schedule.YieldsModel(Round.Parameters.Kind))
        {
            failuresInARow = 0;
            CompletedRounds++;
        }
    }

    private void Commit(int number)
    {
        budget!.Commit(number);
        isNodeReleased |= Round!.Parameters.Kind == RoundKind.Train;
    }

    private ServerRound LeafOf(Identifier roundId) => Round!.Leaves.FirstOrDefault(l => l.Parameters.RoundId == roundId) ?? Round;
}
