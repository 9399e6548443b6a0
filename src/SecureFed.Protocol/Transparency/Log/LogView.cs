using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>What one reader knows of one log: whom it believes, and the largest checkpoint it has accepted. Immutable.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>References</term><description>RFC 9162, section 2.1 (proofs); C2SP tlog-checkpoint, tlog-policy; DESIGN section 3 (the entry comes before the act) and
/// section 6.</description></item>
/// <item><term>Promises</term><description>All entries that were accepted under one view, and under every view made from it, stand in one history that only
/// grew. The log cannot show this reader two versions of it.</description></item>
/// <item><term>Assumes</term><description>The caller stores the largest checkpoint durably before it acts on an entry, and resumes from it.</description></item>
/// <item><term>Does not protect against</term><description>Another reader being shown another history, unless the policy asks for a quorum of witnesses or readers
/// compare their checkpoints; a log that stops answering.</description></item>
/// </list>
/// </remarks>
public sealed class LogView
{
    private LogView(string origin, TlogPolicy policy, SignedCheckpoint? largest)
    {
        Origin = origin;
        Policy = policy;
        Largest = largest;
    }

    public string Origin { get; }

    public TlogPolicy Policy { get; }

    /// <summary>Null before the first contact, when any history is accepted as the one to hold the log to.</summary>
    public SignedCheckpoint? Largest { get; }

    /// <summary>Entries in the largest accepted tree; what to ask a consistency proof from.</summary>
    public ulong Size => Largest?.Checkpoint.Size ?? 0;

    /// <summary>A reader that has seen nothing yet.</summary>
    public static LogView Create(string origin, TlogPolicy policy) => new(origin, policy, null);

    /// <summary>A reader that goes on from its stored checkpoint.</summary>
    /// <param name="origin">The log's name.</param>
    /// <param name="policy">Whom to believe.</param>
    /// <param name="note">Bytes of <see cref="Largest"/>'s note.</param>
    /// <param name="view">Null exactly if refused.</param>
    public static RoundRejection? Resume(string origin, TlogPolicy policy, ReadOnlySpan<byte> note, out LogView? view)
    {
        LogDecision decision = Create(origin, policy).Accept(note, since: 0, []);
        view = decision.Rejection is null ? decision.View : null;
        return decision.Rejection;
    }

    /// <summary>Accepts an entry: its checkpoint is trusted and continues the largest one held, and the entry is in it.</summary>
    /// <param name="index">Where the server says the entry stands.</param>
    /// <param name="entry">Its bytes.</param>
    /// <param name="proof">What the server sent with it.</param>
    /// <param name="asked">As for a checkpoint alone.</param>
    public LogDecision Accept(ulong index, ReadOnlyMemory<byte> entry, LogProof proof, ulong asked = 0)
    {
        LogDecision decision = Accept(proof.Checkpoint.Span, proof.Since, proof.Consistency, asked);
        if (decision.Rejection is not null)
            return decision;
        Checkpoint tree = decision.View.Largest!.Checkpoint;
        return InclusionProof.Verify(index, tree.Size, MerkleHash.Leaf(entry.Span), [.. proof.Inclusion], tree.Root)
            ? decision with { Entry = new ProvenEntry(index, entry) }
            : Refuse(ErrorCodes.LogProofInvalid, $"The proof does not show that the entry stands at index {index}; do not act on it.");
    }

    /// <summary>Accepts a checkpoint alone, as a witness does or an auditor between two visits.</summary>
    /// <param name="note">The signed checkpoint.</param>
    /// <param name="since">Size that the proof starts from.</param>
    /// <param name="consistency">From there to the checkpoint.</param>
    /// <param name="asked">
    /// Size that the reader named in the request which this answers, at most <see cref="Size"/>; 0 if it named none. An honest log waits until it has a checkpoint
    /// of that size, and proves from it, so an answer that does neither is no answer that crossed with another: it is kept as evidence.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="asked"/> was never held.</exception>
    public LogDecision Accept(ReadOnlySpan<byte> note, ulong since, IReadOnlyList<Digest> consistency, ulong asked = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(asked, Size);
        if (Policy.Open(note, out SignedCheckpoint? offered) is { } rejection)
            return new LogDecision(this, null, rejection, null);
        Checkpoint tree = offered!.Checkpoint;
        if (!string.Equals(tree.Origin, Origin, StringComparison.Ordinal))
            return Refuse(ErrorCodes.CheckpointUntrusted, $"The checkpoint is of {tree.Origin}, not of {Origin}.");
        if (Largest is { } held && held.Checkpoint.Size == tree.Size && held.Checkpoint.Root != tree.Root)
            return Contradicted(held, offered);

        // Compared with what was asked, not with what is held by now: a later answer may have arrived first.
        bool isUnproven = tree.Size > Size && asked == Size && since != asked;
        if (Largest is { } largest && asked > 0 && (tree.Size < asked || isUnproven))
            return Contradicted(largest, offered);

        // An honest log can always prove the entry under its newest checkpoint, so nothing is lost by asking for one that is not older than ours, and an
        // answer that crossed with another is asked for again instead of being mistaken for a rewritten history.
        if (tree.Size < Size || since != Size)
            return Refuse(ErrorCodes.LogProofInvalid, $"A checkpoint of {tree.Size} entries with a proof from {since} does not continue the {Size} entries held; ask again from {Size}.");
        Digest root = Largest?.Checkpoint.Root ?? MerkleHash.Empty;
        if (!ConsistencyProof.VerifyGrowth(Size, root, tree.Size, tree.Root, [.. consistency]))
        {
            return Largest is { Checkpoint.Size: > 0 } earlier && tree.Size > earlier.Checkpoint.Size
                ? Contradicted(earlier, offered)
                : Refuse(ErrorCodes.LogProofInvalid, "The first checkpoint and the same one again need no consistency proof, and an empty tree has but one root.");
        }

        return new LogDecision(new LogView(Origin, Policy, offered), null, null, null);
    }

    private LogDecision Refuse(string code, string detail) => new(this, null, new RoundRejection(code, detail), null);

    private LogDecision Contradicted(SignedCheckpoint held, SignedCheckpoint offered) => new(
        this,
        null,
        new RoundRejection(
            ErrorCodes.HistoryRewritten,
            offered.Checkpoint.Size < held.Checkpoint.Size
                ? $"{Origin} answered with a tree of {offered.Checkpoint.Size} entries, but has signed one of {held.Checkpoint.Size}: it was rolled back. Keep the evidence, take no further part, and show both checkpoints to an auditor."
                : $"{Origin} signed a tree of {offered.Checkpoint.Size} entries without showing that it continues the one of {held.Checkpoint.Size} entries it signed before. Keep the evidence, take no further part, and show both checkpoints to an auditor."),
        new Evidence(held.Note.Encode(), offered.Note.Encode()));
}
