using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>The changes of a task as entries tell them, with the blobs that are to be had: an account beside <see cref="ChangeLedger"/>, written from the rules and not from it.</summary>
/// <remarks>Each request approved at most once, with values greater than those in force. Signatures, roles and organisations take the roster: that is <see cref="TaskReplay"/>'s part.</remarks>
/// <param name="findBlob">Blobs by digest; null if there are none. What comes with another digest counts as not held.</param>
internal sealed class ChangeAudit(Func<Digest, ReadOnlyMemory<byte>?>? findBlob)
{
    private readonly List<AuditedChange> all = [];
    private TaskParameters? changed;
    private bool isStarted;

    public IReadOnlyList<AuditedChange> All => all;

    /// <summary>Null before <see cref="Start"/>, and once it cannot be known.</summary>
    public TaskParameters? InForce => HasUnread ? null : changed;

    /// <summary>Whether a change is in force whose request was not to be had.</summary>
    public bool HasUnread { get; private set; }

    public bool AwaitsStart => InForce is { RequiresApproval: true } && !isStarted;

    public void Start(TaskParameters parameters) => changed = parameters;

    public string? Request(ulong index, Digest digest, Identifier task, bool canExtend)
    {
        if (all.Exists(c => c.RequestDigest == digest))
            return "the same change was requested before.";
        ChangeRequest? request = null;
        if (Find(digest) is { } blob)
        {
            request = SignedChangeRequest.TryDecode(blob)?.Request;
            if (request is null || request.TaskId != task)
                return "its blob is no request for a change of this task.";
            if (all.Exists(c => c.Request?.ChangeId == request.ChangeId))
                return "its change identifier was used before.";
            if (FindFault(request, canExtend) is { } fault)
                return fault;
        }

        all.Add(new AuditedChange(digest, index, request, null, null));
        return null;
    }

    public string? Approve(ulong index, TaskEvent.ChangeApproved approved, bool canExtend)
    {
        int place = all.FindIndex(c => c.RequestDigest == approved.RequestDigest);
        if (place < 0)
            return "nobody requested the change that is approved.";
        if (all[place].ApprovalIndex is not null)
            return "the change was approved before.";
        Identifier? approver = null;
        if (Find(approved.ApprovalDigest) is { } blob)
        {
            if (SignedApproval.TryDecode(blob) is not { } approval || approval.RequestDigest != approved.RequestDigest)
                return "its blob is no approval of that request.";
            approver = approval.Approver;
        }

        if (all[place].Request is { } request)
        {
            if (approver == request.Requester)
                return "who requested the change approves it.";
            if (FindFault(request, canExtend) is { } fault)
                return fault;
            isStarted |= request.Kind == ChangeKind.Start;
            changed = changed is null ? null : Apply(request, changed);
        }
        else
        {
            HasUnread = true;
        }

        all[place] = all[place] with { ApprovalIndex = index, Approver = approver };
        return null;
    }

    private static TaskParameters Apply(ChangeRequest request, TaskParameters before) => request.Kind switch
    {
        ChangeKind.RaiseBudget => before with { Privacy = before.Privacy with { Epsilon = request.Epsilon } },
        ChangeKind.ExtendSchedule => before with { Schedule = before.Schedule with { TrainRounds = request.TrainRounds } },
        _ => before,
    };

    private string? FindFault(ChangeRequest request, bool canExtend)
    {
        if (InForce is not { } now)
            return null;
        string? fault = request.Kind switch
        {
            ChangeKind.Start => AwaitsStart ? null : "the task awaits no start.",
            ChangeKind.RaiseBudget => now.Privacy.HasNoise && request.Epsilon > now.Privacy.Epsilon ? null : "its epsilon is not greater than the one in force.",
            _ => canExtend && request.TrainRounds > now.Schedule.TrainRounds ? null : "its training rounds are not more than those in force, or the evaluation round has opened.",
        };
        return fault ?? Apply(request, now).FindFormFault();
    }

    private ReadOnlyMemory<byte>? Find(Digest digest) => findBlob?.Invoke(digest) is { } blob && Digest.Of(blob.Span) == digest ? blob : default(ReadOnlyMemory<byte>?);
}
