using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>One round as its entries alone show it: phases in order, counts that fit each other, pseudonyms that act once and where they may.</summary>
/// <remarks>Written apart from <see cref="ServerRound"/>, so that a fault of the one is not a fault of the other. Each protection has its own course.</remarks>
internal abstract class RoundAudit(RoundPhase first, int cohort = 0)
{
    public RoundPhase Phase { get; protected set; } = first;

    /// <summary>n: 0 before it is known.</summary>
    public int Cohort { get; protected set; } = cohort;

    /// <summary>S_min; 0 before it is known.</summary>
    public abstract int LeastSurvivors { get; }

    /// <summary>Updates in the sum of a closed round.</summary>
    public abstract int Survivors { get; }

    /// <summary>What the key holders have done; null without any.</summary>
    public virtual HolderActivity? Holders => null;

    public virtual int LostLeaves => 0;

    public bool IsOver => Phase is RoundPhase.Closed or RoundPhase.Aborted;

    /// <summary>Whether identifiers that nobody has used yet can name leaves.</summary>
    public virtual bool IsCut => false;

    public virtual bool HasLeaf(Identifier leafId) => false;

    /// <summary>Takes an entry of this round.</summary>
    /// <returns>Null, or what is wrong with it.</returns>
    public string? Add(TaskEvent change) => change switch
    {
        TaskEvent.MessageAccepted accepted => AddMessage(accepted.Kind, accepted.Pseudonym),
        TaskEvent.ListPublished list => AddList(list.Kind, list.Count),
        TaskEvent.RoundClosed closed => Close(closed.Survivors, closed.Suspects),
        TaskEvent.RoundAborted aborted => Abort(aborted.Suspects),
        _ => "does not belong to a round.",
    };

    /// <summary>Takes an entry of a leaf of this round.</summary>
    public virtual string? AddToLeaf(Identifier leafId, TaskEvent change) => "names a leaf, but the round has none.";

    protected abstract string? AddMessage(EventType kind, Identifier pseudonym);

    protected abstract string? AddList(EventType kind, int count);

    protected abstract string? Close(int count, IReadOnlyList<Identifier> suspects);

    /// <summary>What is wrong with the suspects that the end of the round names.</summary>
    protected abstract string? FindUnknown(IReadOnlyList<Identifier> suspects);

    protected virtual void Lose() => Phase = RoundPhase.Aborted;

    protected virtual string OutOfPhase() => $"the round is in {Phase}.";

    private string? Abort(IReadOnlyList<Identifier> suspects)
    {
        if (IsOver)
            return OutOfPhase();
        Lose();
        return FindUnknown(suspects);
    }
}
