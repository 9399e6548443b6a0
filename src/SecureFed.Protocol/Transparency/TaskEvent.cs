using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>Everything that can change a task's state. State is a fold over these, so each is canonical and at most 65,535 bytes.</summary>
/// <remarks>Entries hold digests and per-round pseudonyms; vectors, messages and long lists are blobs named by their SHA-256 (DESIGN section 6).</remarks>
public abstract record TaskEvent
{
    private TaskEvent()
    {
    }

    public abstract EventType Type { get; }

    internal abstract void WriteBody(CanonicalWriter writer);

    /// <summary>The task exists. <paramref name="ParametersDigest"/> names the parameters, <paramref name="RosterDigest"/> the roster at that time, <paramref name="ModelDigest"/> the initial model.</summary>
    public sealed record TaskCreated(Digest ParametersDigest, Digest RosterDigest, Digest ModelDigest) : TaskEvent
    {
        public override EventType Type => EventType.TaskCreated;

        internal override void WriteBody(CanonicalWriter writer) => writer.Digest(ParametersDigest).Digest(RosterDigest).Digest(ModelDigest);
    }

    /// <summary>From here on the roster with this digest is the task's: same authority, greater sequence, no more client organisations than the task's cohort bounds count. Only between rounds.</summary>
    public sealed record RosterChanged(Digest RosterDigest) : TaskEvent
    {
        public override EventType Type => EventType.RosterChanged;

        internal override void WriteBody(CanonicalWriter writer) => writer.Digest(RosterDigest);
    }

    /// <summary>A round opens; precedes every client message of it.</summary>
    public sealed record RoundOpened(RoundParameters Round) : TaskEvent
    {
        public override EventType Type => EventType.RoundOpened;

        internal override void WriteBody(CanonicalWriter writer) => Round.Write(writer);
    }

    /// <summary>A key holder has offered a key for a coming round; the blob is the signed offer.</summary>
    public sealed record HolderKeyOffered(Digest OfferDigest) : TaskEvent
    {
        public override EventType Type => EventType.HolderKeyOffered;

        internal override void WriteBody(CanonicalWriter writer) => writer.Digest(OfferDigest);
    }

    /// <summary>A client's message was accepted (an advertisement, share bundle, upload, confirmation or unmask answer), or a key holder's (check answer, list signature or sum of key shares).</summary>
    public sealed record MessageAccepted(EventType Kind, Identifier RoundId, Identifier Pseudonym, Digest MessageDigest) : TaskEvent
    {
        public override EventType Type => Kind;

        internal override void WriteBody(CanonicalWriter writer) => writer.Identifier(RoundId).Identifier(Pseudonym).Digest(MessageDigest);
    }

    /// <summary>A list was fixed and published: cohort, dealers, fixed uploads, survivors or unmask request. The blob's digest binds its content.</summary>
    public sealed record ListPublished(EventType Kind, Identifier RoundId, Digest ListDigest, int Count) : TaskEvent
    {
        public override EventType Type => Kind;

        internal override void WriteBody(CanonicalWriter writer) => writer.Identifier(RoundId).Digest(ListDigest).Count(Count);
    }

    /// <summary>
    /// The sum is known: its blob, the blob of the removed masks, and how many updates it holds. <paramref name="Suspects"/> are, in ascending order, the pseudonyms
    /// of clients with wrong or missing shares between them that were found while masks were removed; the sum is exact all the same.
    /// </summary>
    public sealed record RoundClosed(Identifier RoundId, Digest AggregateDigest, Digest MaskTotalDigest, int Survivors, params IReadOnlyList<Identifier> Suspects) : TaskEvent
    {
        public override EventType Type => EventType.RoundClosed;

        internal override void WriteBody(CanonicalWriter writer) => writer.Identifier(RoundId).Digest(AggregateDigest).Digest(MaskTotalDigest).Count(Survivors).List(Suspects, SuspectList.Write);
    }

    /// <summary>
    /// The round ended without a sum; <paramref name="Reason"/> is an error code. <paramref name="Suspects"/> are, in ascending order, the pseudonyms of dealers
    /// whose shares fit neither commitment nor key, and of clients with wrong or missing shares between them. Honest ones can be among them, and nobody is
    /// excluded by being named.
    /// </summary>
    public sealed record RoundAborted(Identifier RoundId, string Reason, params IReadOnlyList<Identifier> Suspects) : TaskEvent
    {
        public override EventType Type => EventType.RoundAborted;

        internal override void WriteBody(CanonicalWriter writer) => writer.Identifier(RoundId).Text(Reason).List(Suspects, SuspectList.Write);
    }

    /// <summary>The global model moved from parent to model by the sum of the round.</summary>
    public sealed record ModelPublished(Identifier RoundId, Digest ParentDigest, Digest ModelDigest) : TaskEvent
    {
        public override EventType Type => EventType.ModelPublished;

        internal override void WriteBody(CanonicalWriter writer) => writer.Identifier(RoundId).Digest(ParentDigest).Digest(ModelDigest);
    }

    /// <summary>No model follows from the round's sum (for example its weights add up to nothing); the round counts as failed and is repeated.</summary>
    public sealed record ModelRefused(Identifier RoundId, string Reason) : TaskEvent
    {
        public override EventType Type => EventType.ModelRefused;

        internal override void WriteBody(CanonicalWriter writer) => writer.Identifier(RoundId).Text(Reason);
    }

    /// <summary>A retention rule deleted the uploaded vectors of a finished round; everything else of it stays.</summary>
    public sealed record VectorsDeleted(Identifier RoundId) : TaskEvent
    {
        public override EventType Type => EventType.VectorsDeleted;

        internal override void WriteBody(CanonicalWriter writer) => writer.Identifier(RoundId);
    }

    /// <summary>An operator asks for a change of the task; the blob is the signed request. Changes nothing yet.</summary>
    public sealed record ChangeRequested(Digest RequestDigest) : TaskEvent
    {
        public override EventType Type => EventType.ChangeRequested;

        internal override void WriteBody(CanonicalWriter writer) => writer.Digest(RequestDigest);
    }

    /// <summary>A second person approved a request, which changes the task from here on; <paramref name="ApprovalDigest"/> names the signed approval.</summary>
    public sealed record ChangeApproved(Digest RequestDigest, Digest ApprovalDigest) : TaskEvent
    {
        public override EventType Type => EventType.ChangeApproved;

        internal override void WriteBody(CanonicalWriter writer) => writer.Digest(RequestDigest).Digest(ApprovalDigest);
    }

    /// <summary>No further round will open, unless the reason is <c>budget-exhausted</c> and the budget is raised; the reason is empty when the schedule is complete, else an error code.</summary>
    public sealed record TaskFinished(string Reason) : TaskEvent
    {
        public override EventType Type => EventType.TaskFinished;

        internal override void WriteBody(CanonicalWriter writer) => writer.Text(Reason);
    }
}
