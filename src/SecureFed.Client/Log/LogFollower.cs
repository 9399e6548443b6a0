using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Log;

/// <summary>Follows the log of one task: lets nothing through but what stands in one history that only grows.</summary>
/// <remarks>The shell around <see cref="LogView"/>: loads it, keeps the largest checkpoint before anything is done under it, and keeps evidence.</remarks>
internal sealed class LogFollower
{
    private readonly ILogMemory memory;
    private readonly Identifier taskId;
    private LogView view;

    private LogFollower(ILogMemory memory, Identifier taskId, LogView view)
    {
        this.memory = memory;
        this.taskId = taskId;
        this.view = view;
    }

    /// <summary>Entries of the largest checkpoint; what the server must prove to continue.</summary>
    public ulong Size => view.Size;

    /// <exception cref="RoundRefusedException">The checkpoint that was kept does not satisfy the policy.</exception>
    public static async Task<LogFollower> OpenAsync(ILogMemory memory, ClientPolicy policy, Identifier taskId, CancellationToken cancellationToken)
    {
        string origin = LogOrigin.Of(policy.ServerKey.Span, taskId);
        TlogPolicy logPolicy = policy.LogPolicy(origin);
        if (await memory.LoadCheckpointAsync(taskId, cancellationToken) is not { } note)
            return new LogFollower(memory, taskId, LogView.Create(origin, logPolicy));
        return LogView.Resume(origin, logPolicy, note.Span, out LogView? resumed) is { } rejection
            ? throw new RoundRefusedException(rejection with { Detail = $"The checkpoint that this client keeps is damaged or does not satisfy its policy: {rejection.Detail} Restore it from a backup; without it the client would accept a rewritten history." })
            : new LogFollower(memory, taskId, resumed!);
    }

    /// <summary>Lets an announcement through if its entry stands in the log.</summary>
    /// <param name="offered">What the server answered.</param>
    /// <param name="asked">The <see cref="Size"/> that the request named.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="RoundRefusedException">It does not, or the log contradicts the one that was seen before (evidence has been kept).</exception>
    public async Task<Announcement> AcceptAsync(ProvenAnnouncement offered, ulong asked, CancellationToken cancellationToken)
    {
        SignedEntry entry = offered.Announcement.Entry;
        await TakeAsync(view.Accept(entry.Index, entry.Bytes, offered.Proof, asked), cancellationToken);
        return offered.Announcement;
    }

    /// <summary>Keeps the proof that the upload is in the log.</summary>
    /// <param name="receipt">What the server answered to the upload.</param>
    /// <param name="offered">The same entry with a proof.</param>
    /// <param name="asked">The <see cref="Size"/> that the request named.</param>
    /// <param name="roundId">Round or leaf.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="RoundRefusedException">The log holds something else at that place.</exception>
    public async Task KeepReceiptAsync(SignedEntry receipt, ProvenAnnouncement offered, ulong asked, Identifier roundId, CancellationToken cancellationToken)
    {
        SignedEntry entry = (await AcceptAsync(offered, asked, cancellationToken)).Entry;
        if (entry.Index != receipt.Index || entry.EntryDigest != receipt.EntryDigest)
            throw new RoundRefusedException(ErrorCodes.HistoryRewritten, $"The server acknowledged this upload as entry {receipt.Index}, and now shows entry {entry.Index} in its place. Keep the receipt and show it to an auditor.");
        TlogProof proof = new(entry.Index, offered.Proof.Inclusion, offered.Proof.Checkpoint, entry.Bytes.ToArray());
        await memory.SaveReceiptAsync(taskId, roundId, proof.Encode(), cancellationToken);
    }

    /// <summary>While the server does not answer: follows its published checkpoint, so that a log that went back or forked is noticed before anything is announced in it.</summary>
    /// <param name="note">The checkpoint. One that the policy does not accept is left alone: nothing is done under it.</param>
    /// <param name="asked">The <see cref="Size"/> when it was asked for.</param>
    /// <param name="tiles">The log's tiles. A proof that fails is made once more from tiles that are fetched again; tiles that are missing accuse nobody.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="RoundRefusedException">The log is shorter than the server signed before, has another root at the same size, or does not continue it; evidence has been kept.</exception>
    public async Task FollowAsync(ReadOnlyMemory<byte> note, ulong asked, FetchedTiles tiles, CancellationToken cancellationToken)
    {
        if (view.Size == 0 || view.Policy.Open(note.Span, out SignedCheckpoint? offered) is not null)
            return;
        ulong size = offered!.Checkpoint.Size;
        if (size >= asked && size < view.Size)
            return; // Signed before the one that arrived meanwhile.
        LogDecision decision = view.Accept(note.Span, view.Size, [], asked);
        for (int attempt = 0; attempt < 2 && size > view.Size && decision.Rejection is not null; attempt++)
        {
            if (await tiles.ProveConsistencyAsync(view.Size, size, cancellationToken) is not { } proof)
                return;
            decision = view.Accept(note.Span, view.Size, proof, asked);
        }

        await TakeAsync(decision, cancellationToken);
    }

    private async Task TakeAsync(LogDecision decision, CancellationToken cancellationToken)
    {
        if (decision.Rejection is { } rejection)
        {
            string kept = decision.Evidence is { } evidence ? $" Both checkpoints are kept {await memory.SaveEvidenceAsync(taskId, evidence, cancellationToken)}." : "";
            throw new RoundRefusedException(rejection with { Detail = rejection.Detail + kept });
        }

        if (decision.View.Size > view.Size)
            await memory.SaveCheckpointAsync(taskId, decision.View.Largest!.Note.Encode(), cancellationToken);
        view = decision.View;
    }
}
