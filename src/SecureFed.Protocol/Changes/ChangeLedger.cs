using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Changes;

/// <summary>The changes of one task: what was asked for, what was approved, and the parameters that follow.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Reference</term><description>DESIGN section 2: an operator never changes a budget alone; an approver is another person and credential than the requester.</description></item>
/// <item><term>Rule</term><description>An operator's signed request, then one approval of it by another identity, key and organisation. Each request is used once; a value that is not greater than
/// the one in force when the approval arrives is stale. What results must be parameters with which a task could have been created.</description></item>
/// <item><term>When</term><description>At once, also while a round is in progress: that round keeps the noise and the charge it was opened with, and a later one is judged when it opens. A schedule is
/// not extended any more once its evaluation round has opened, for that one was the last.</description></item>
/// <item><term>Clients</term><description>A change binds no client. Each verifies both signatures itself, and takes part only if its own policy and ledger allow the task as changed.</description></item>
/// <item><term>Does not judge</term><description>Expiry: the log knows no time finer than the phase, so the server judges it when an approval arrives.</description></item>
/// </list>
/// </remarks>
public sealed class ChangeLedger
{
    private readonly List<ChangeRecord> changes = [];
    private readonly Dictionary<Digest, int> places = [];
    private readonly Dictionary<Identifier, int> ids = [];
    private bool isStarted;

    internal ChangeLedger(TaskParameters parameters)
    {
        InForce = parameters;
    }

    /// <summary>The task's parameters with every approved change applied. Its digest names nothing: rounds and clients refer to the parameters of the creation.</summary>
    public TaskParameters InForce { get; private set; }

    /// <summary>Every request in the order of its entry.</summary>
    public IReadOnlyList<ChangeRecord> Changes => changes;

    /// <summary>Changes in force.</summary>
    public int ApprovedCount { get; private set; }

    /// <summary>Whether no round may open because nobody has approved the start.</summary>
    public bool AwaitsStart => InForce.RequiresApproval && !isStarted;

    public ChangeRecord? Find(Identifier changeId) => ids.TryGetValue(changeId, out int place) ? changes[place] : null;

    /// <summary>The parameters that follow from changes which a client was shown, in the order of their approval.</summary>
    /// <param name="parameters">Of the task's creation.</param>
    /// <param name="approved">Signed requests with their signed approvals.</param>
    /// <param name="roster">The roster that the client accepts.</param>
    /// <param name="fault">Why one of them is none; null if all are.</param>
    public static TaskParameters Fold(TaskParameters parameters, IEnumerable<(ReadOnlyMemory<byte> Request, ReadOnlyMemory<byte> Approval)> approved, Roster roster, out RoundRejection? fault)
    {
        ChangeLedger ledger = new(parameters);
        ulong index = 0;
        foreach ((ReadOnlyMemory<byte> request, ReadOnlyMemory<byte> approval) in approved)
        {
            fault = ledger.Request(request, roster, canExtend: true) is { Accepted: null } refused ? refused.Rejection ?? Twice : null;
            if (fault is not null)
                return parameters;
            ledger.Add(SignedChangeRequest.TryDecode(request)!, index++);
            fault = ledger.Approve(approval, roster, canExtend: true) is { Accepted: null } unapproved ? unapproved.Rejection ?? Twice : null;
            if (fault is not null)
                return parameters;
            ledger.Add(SignedApproval.TryDecode(approval)!, index++);
        }

        fault = null;
        return ledger.InForce;
    }

    /// <summary>An independent ledger of the same changes.</summary>
    internal ChangeLedger Copy()
    {
        ChangeLedger copy = new(InForce) { ApprovedCount = ApprovedCount, isStarted = isStarted };
        foreach (ChangeRecord change in changes)
        {
            copy.places.Add(change.Request.Digest, copy.changes.Count);
            copy.ids.Add(change.Request.Request.ChangeId, copy.changes.Count);
            copy.changes.Add(change);
        }

        return copy;
    }

    /// <summary>Decides about a request; changes nothing.</summary>
    internal MessageDecision Request(ReadOnlyMemory<byte> bytes, Roster roster, bool canExtend)
    {
        if (SignedChangeRequest.TryDecode(bytes) is not { } signed)
            return MessageDecision.Refuse(ErrorCodes.InvalidMessage, "The bytes are not one canonical signed request for a change; encode it as the protocol document says.");
        if (signed.Request.TaskId != InForce.TaskId)
            return MessageDecision.Refuse(Invalid("it asks for a change of another task"));
        if (places.TryGetValue(signed.Digest, out int place))
            return MessageDecision.Repeat(changes[place].RequestIndex);
        if (ids.ContainsKey(signed.Request.ChangeId))
            return MessageDecision.Refuse(ErrorCodes.ConflictingMessage, "Another request has this change identifier; a request that differs needs a fresh one.");
        if (roster.Find(signed.Request.Requester, RosterRole.Operator) is null)
            return MessageDecision.Refuse(ErrorCodes.WrongRole, "Changes are requested by an operator of the roster in force.");
        if (!signed.IsSignedBy(roster))
            return MessageDecision.Refuse(ErrorCodes.SignatureInvalid, "The request's signature does not verify under the operator's key in the roster.");
        return Change(signed.Request, canExtend, out _) is { } fault
            ? MessageDecision.Refuse(fault)
            : MessageDecision.Accept(new PendingEvent(new TaskEvent.ChangeRequested(signed.Digest), signed.Bytes));
    }

    /// <summary>Decides about an approval; changes nothing.</summary>
    internal MessageDecision Approve(ReadOnlyMemory<byte> bytes, Roster roster, bool canExtend)
    {
        if (SignedApproval.TryDecode(bytes) is not { } approval)
            return MessageDecision.Refuse(ErrorCodes.InvalidMessage, "The bytes are not one canonical signed approval; encode it as the protocol document says.");
        if (!places.TryGetValue(approval.RequestDigest, out int place))
            return MessageDecision.Refuse(Invalid("no request of this task has the digest that it names"));
        ChangeRecord record = changes[place];
        if (record.Approval?.Digest == approval.Digest)
            return MessageDecision.Repeat(record.ApprovalIndex!.Value);
        if (record.Approval is { } earlier)
        {
            return earlier.Approver == approval.Approver
                ? MessageDecision.Refuse(ErrorCodes.ConflictingMessage, "This approver has approved the request before, with another signature; that one stands.")
                : MessageDecision.Refuse(Invalid("the request was approved before, and each is used once"));
        }

        // Again: the roster may have changed since the request.
        if (!record.Request.IsSignedBy(roster))
            return MessageDecision.Refuse(Invalid("its requester is no operator of the roster in force any more"));
        if (approval.FindFault(record.Request.Request, roster) is { } fault)
            return MessageDecision.Refuse(Invalid(fault));
        return Change(record.Request.Request, canExtend, out _) is { } stale
            ? MessageDecision.Refuse(stale)
            : MessageDecision.Accept(new PendingEvent(new TaskEvent.ChangeApproved(approval.RequestDigest, approval.Digest), approval.Bytes));
    }

    /// <summary>The fold over a CHANGE_REQUESTED entry.</summary>
    /// <exception cref="InvalidOperationException">No honest log holds it here.</exception>
    internal void Apply(ulong index, TaskEvent.ChangeRequested requested, IBlobSource blobs, Roster roster, bool canExtend)
    {
        ReadOnlyMemory<byte> blob = blobs.Get(requested.RequestDigest);
        Require(index, requested, Request(blob, roster, canExtend));
        Add(SignedChangeRequest.TryDecode(blob)!, index);
    }

    /// <summary>The fold over a CHANGE_APPROVED entry.</summary>
    /// <returns>What is in force now.</returns>
    /// <exception cref="InvalidOperationException">No honest log holds it here.</exception>
    internal ChangeRequest Apply(ulong index, TaskEvent.ChangeApproved approved, IBlobSource blobs, Roster roster, bool canExtend)
    {
        ReadOnlyMemory<byte> blob = blobs.Get(approved.ApprovalDigest);
        Require(index, approved, Approve(blob, roster, canExtend));
        return Add(SignedApproval.TryDecode(blob)!, index);
    }

    private static void Require(ulong index, TaskEvent logged, MessageDecision decision)
    {
        if (decision.Rejection is { } rejection)
            throw new InvalidOperationException($"Entry {index} ({logged.Type}): {rejection.Detail}");
        if (decision.Accepted?.Event != logged)
            throw new InvalidOperationException($"Entry {index} ({logged.Type}) repeats an earlier one, or its blob names another request.");
    }

    private void Add(SignedChangeRequest request, ulong index)
    {
        places.Add(request.Digest, changes.Count);
        ids.Add(request.Request.ChangeId, changes.Count);
        changes.Add(new ChangeRecord(request, index, null, null));
    }

    private ChangeRequest Add(SignedApproval approval, ulong index)
    {
        int place = places[approval.RequestDigest];
        changes[place] = changes[place] with { Approval = approval, ApprovalIndex = index };
        ChangeRequest request = changes[place].Request.Request;
        _ = Change(request, canExtend: true, out TaskParameters changed);
        InForce = changed;
        isStarted |= request.Kind == ChangeKind.Start;
        ApprovedCount++;
        return request;
    }

    /// <summary>The parameters as the request would have them, or why it cannot have them (any more).</summary>
    private RoundRejection? Change(ChangeRequest request, bool canExtend, out TaskParameters changed)
    {
        changed = InForce;
        switch (request.Kind)
        {
            case ChangeKind.Start:
                return AwaitsStart ? null : Invalid(isStarted ? "the start was approved before" : "the task's parameters demand no approved start");
            case ChangeKind.RaiseBudget:
                if (!InForce.Privacy.HasNoise)
                    return Invalid("the task adds no noise, so it has no budget");
                if (!(request.Epsilon > InForce.Privacy.Epsilon))
                    return Invalid(FormattableString.Invariant($"epsilon {request.Epsilon} is not greater than {InForce.Privacy.Epsilon}, which is in force"));
                changed = InForce with { Privacy = InForce.Privacy with { Epsilon = request.Epsilon } };
                break;
            case ChangeKind.ExtendSchedule:
                if (!canExtend)
                    return Invalid("the evaluation round has opened or the schedule is complete, so nothing can follow");
                if (request.TrainRounds <= InForce.Schedule.TrainRounds)
                    return Invalid(FormattableString.Invariant($"{request.TrainRounds} training rounds are not more than {InForce.Schedule.TrainRounds}, which are in force"));
                changed = InForce with { Schedule = InForce.Schedule with { TrainRounds = request.TrainRounds } };
                break;
        }

        return changed.FindFormFault() is { } fault ? Invalid($"no task could have such parameters: {fault}") : null;
    }

    private static RoundRejection Twice => Invalid("it was shown twice");

    private static RoundRejection Invalid(string why) =>
        new(ErrorCodes.ApprovalInvalid, $"The change cannot be made: {why.TrimEnd('.')}. Nothing changed; 'securefed task changes' shows what was requested and approved.");
}
