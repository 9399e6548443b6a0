using SecureFed.Client.Ledger;
using SecureFed.Client.State;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Rounds;

/// <summary>Takes a client through one round: load, step, save, then send. Makes no decision of its own; the role does that its protection has.</summary>
internal abstract class RoundParticipant(ClientContext context, RoundTransport transport, IRoundStateStore store, UpdatePipeline pipeline, IPrivacyLedger ledger)
{
    private int zeroedRecords;
    private Exception? fault;

    protected ClientContext Context => context;

    protected RoundTransport Transport => transport;

    protected UpdatePipeline Pipeline => pipeline;

    /// <summary>Whether bytes that hold the update may have reached the server.</summary>
    protected bool HasUpdateLeft { get; set; }

    protected ulong? ReceiptIndex { get; set; }

    protected int Survivors { get; set; }

    /// <summary>The round, once it was joined.</summary>
    protected abstract RoundParameters Round { get; }

    protected abstract Digest OpenDigest { get; }

    /// <summary>See <see cref="PrivacyCharge.Advertisement"/>.</summary>
    protected abstract Digest PartDigest { get; }

    /// <param name="opening">The signed ROUND_OPENED entry, examined by the caller.</param>
    /// <param name="saved">What the client remembers of the task; with the state of this very round if <paramref name="isResuming"/>.</param>
    /// <param name="isResuming">Whether this round was joined before a restart.</param>
    /// <param name="compute">Computes what to contribute. With noise it is called only when the round is paid for, and whatever it throws becomes a zero vector. It may hand over what a trainer computed ahead of the round and of any charge: nothing of that has left.</param>
    /// <param name="charge">What the round costs this client's data; null if its sum is exact.</param>
    /// <param name="cancellationToken">Leaves the round; its state stays saved, so that a restart resumes or abstains.</param>
    /// <exception cref="RoundRefusedException">The server or the round breaks the policy; nothing more was revealed.</exception>
    public async Task<RoundOutcome> TakePartAsync(
        Announcement opening, SavedRounds saved, bool isResuming, Func<ValueTask<RoundInput>> compute, PrivacyCharge? charge, CancellationToken cancellationToken)
    {
        await JoinAsync(opening, saved, isResuming);
        RoundParameters round = Round;
        try
        {
            // Paid before anything that the round asks for is computed, and before anything computed ahead of it leaves: what the server can learn from a round that it ends early (time, silence) is not free either.
            await SaveAsync(saved, RoundPhase.Advertise, cancellationToken);
            if (charge is not null)
                await ledger.ChargeAsync(charge with { Advertisement = PartDigest }, context.Policy.Limits, cancellationToken);
            QuantizedUpdate quantized;
            if (charge is null)
            {
                RoundInput input = await compute();
                saved = input.RememberIn(saved);
                quantized = input.Quantize(pipeline, context.Task, round, out _);
            }
            else
            {
                quantized = await QuantizeWithoutFailAsync(compute, round, cancellationToken);
            }

            RoundStatus status = await StepThroughAsync(quantized, saved, cancellationToken);
            await store.EraseRoundAsync(context.Task.TaskId, round.Number, cancellationToken);
            return Outcome(status, status == RoundStatus.TooLate ? ErrorCodes.TooLate : null, status == RoundStatus.Contributed ? quantized.Values.ToArray() : default);
        }
        catch (SecureFedException exception) when (exception is not RoundRefusedException && EndOf(exception.Code) is { } status)
        {
            await store.EraseRoundAsync(context.Task.TaskId, round.Number, CancellationToken.None);
            return Outcome(HasUpdateLeft ? RoundStatus.Unknown : status, exception.Code, default);
        }
        catch (RoundRefusedException)
        {
            await store.EraseRoundAsync(context.Task.TaskId, round.Number, CancellationToken.None);
            throw;
        }
        finally
        {
            Leave();
        }

        RoundOutcome Outcome(RoundStatus status, string? reason, ReadOnlyMemory<int> integers) =>
            new(round.RoundId, round.Number, round.Kind, status, reason, Survivors, integers, ReceiptIndex, zeroedRecords, fault);
    }

    /// <summary>A client that falls silent because of its data tells the server something, and silence carries no noise: so it takes part with a zero vector.</summary>
    private async Task<QuantizedUpdate> QuantizeWithoutFailAsync(Func<ValueTask<RoundInput>> compute, RoundParameters round, CancellationToken cancellationToken)
    {
        try
        {
            return (await compute()).Quantize(pipeline, context.Task, round, out zeroedRecords);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            fault = exception;
            return pipeline.Quantize(round.Layout, new double[round.Layout.ComputedDimension]);
        }
    }

    /// <summary>A client never joins a round number twice: what cannot be resumed is abstained from, not begun again with fresh keys.</summary>
    private async Task JoinAsync(Announcement opening, SavedRounds saved, bool isResuming)
    {
        if (!isResuming)
        {
            if (Begin(opening, saved.LastRoundNumber) is { } refusal)
                throw new RoundRefusedException(refusal);
            return;
        }

        if (TryRestore(saved.ActiveRound) && OpenDigest == Protocol.Rounds.OpenDigest.Of(opening.Entry.Bytes.Span, opening.Entry.Index))
            return;
        Leave();
        await store.EraseRoundAsync(context.Task.TaskId, saved.LastRoundNumber, CancellationToken.None);
        throw new RoundRefusedException(
            ErrorCodes.RoundReplayed,
            $"Round {saved.LastRoundNumber} was joined before, but the saved state does not belong to the opening that the server shows now. The client abstains from it and joins from the next round on.");
    }

    /// <summary>Joins the round with fresh secrets.</summary>
    /// <returns>Null, or why not.</returns>
    protected abstract RoundRejection? Begin(Announcement opening, int lastRoundNumber);

    /// <summary>Joins the round that was saved; false if these bytes are no state of one.</summary>
    protected abstract bool TryRestore(ReadOnlyMemory<byte> saved);

    /// <summary>Steps through what the protection asks of a client until its part is done.</summary>
    protected abstract Task<RoundStatus> StepThroughAsync(QuantizedUpdate quantized, SavedRounds saved, CancellationToken cancellationToken);

    /// <summary>The round's state to save; holds its secrets.</summary>
    protected abstract byte[] Encode();

    /// <summary>Disposes of the round's secrets.</summary>
    protected abstract void Leave();

    protected async Task SaveAsync(SavedRounds saved, RoundPhase step, CancellationToken cancellationToken)
    {
        byte[] state = Encode();
        ulong sequence = Math.Max(saved.RosterSequence, context.Roster.Sequence);
        SavedRounds next = saved with { LastRoundNumber = Round.Number, ActiveRound = state, RosterSequence = sequence, RosterDigest = context.Roster.Digest, TaskDigest = Round.TaskDigest };
        await store.SaveAsync(context.Task.TaskId, next, step, cancellationToken);
    }

    protected ulong CheckReceipt(SignedEntry receipt, ClientStep upload, Identifier leaf) =>
        receipt.TryOpen(context.Task.TaskId, context.Policy.ServerKey.Span, out LogEntry? entry)
        && entry!.Event is TaskEvent.MessageAccepted { Kind: EventType.UpdateUploaded } accepted
        && accepted.RoundId == leaf
        && SignedMessage.TryDecode(upload.Message!.Value, out SignedMessage? message) is null
        && accepted.MessageDigest == message!.Digest
            ? receipt.Index
            : throw new RoundRefusedException(ErrorCodes.ServerUntrusted, "The receipt does not record this upload under the pinned server key; the client reveals nothing more in this round.");

    protected static ClientStep Require(ClientStep step) => step.Refusal is { } refusal ? throw new RoundRefusedException(refusal) : step;

    /// <summary>Null if the server says that it has moved on: what comes late is not needed any more, and the client goes on to learn what became of the round.</summary>
    protected static async Task<SignedEntry?> UnlessLateAsync(Task<SignedEntry> sending)
    {
        try
        {
            return await sending;
        }
        catch (SecureFedException exception) when (string.Equals(exception.Code, ErrorCodes.TooLate, StringComparison.Ordinal))
        {
            return null;
        }
    }

    private static RoundStatus? EndOf(string code) => code switch
    {
        ErrorCodes.TooLate or ErrorCodes.NotInCohort or ErrorCodes.CohortFull => RoundStatus.TooLate,
        ErrorCodes.RoundAborted => RoundStatus.Aborted,
        _ => null,
    };

    protected static int CountOf(Announcement survivors) =>
        LogEntry.TryDecode(survivors.Entry.Bytes.Span, out LogEntry? entry) && entry!.Event is TaskEvent.ListPublished list ? list.Count : 0;
}
