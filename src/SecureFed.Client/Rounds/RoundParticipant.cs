using SecureFed.Client.Ledger;
using SecureFed.Client.State;
using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Rounds;

/// <summary>Takes a client through one round: load, step, save, then send. Makes no decision of its own; <see cref="MaskingClient"/> does.</summary>
internal sealed class RoundParticipant(ClientContext context, RoundTransport transport, IRoundStateStore store, IRandomSource random, UpdatePipeline pipeline, IPrivacyLedger ledger)
{
    private bool hasUpdateLeft;
    private ulong? receiptIndex;
    private int survivors;
    private int zeroedRecords;
    private Exception? fault;

    /// <param name="opening">The signed ROUND_OPENED entry, examined by the caller.</param>
    /// <param name="saved">What the client remembers of the task; with the state of this very round if <paramref name="isResuming"/>.</param>
    /// <param name="isResuming">Whether this round was joined before a restart.</param>
    /// <param name="compute">Computes what to contribute. With noise it is called only when the round is paid for, and whatever it throws becomes a zero vector.</param>
    /// <param name="charge">What the round costs this client's data; null if its sum is exact.</param>
    /// <param name="cancellationToken">Leaves the round; its state stays saved, so that a restart resumes or abstains.</param>
    /// <exception cref="RoundRefusedException">The server or the round breaks the policy; nothing more was revealed.</exception>
    public async Task<RoundOutcome> TakePartAsync(
        SignedEntry opening, SavedRounds saved, bool isResuming, Func<ValueTask<RoundInput>> compute, PrivacyCharge? charge, CancellationToken cancellationToken)
    {
        using MaskingClient client = isResuming ? await ResumeAsync(saved, opening) : Begin(opening, saved.LastRoundNumber);
        RoundParameters round = client.Round;
        try
        {
            // Paid before anything looks at the data: what the server can learn from a round that it ends early (time, silence) is not free either.
            await SaveAsync(client, saved, RoundPhase.Advertise, cancellationToken);
            if (charge is not null)
                await ledger.ChargeAsync(charge with { Advertisement = Digest.Of(client.Advertisement.Span) }, context.Policy.Limits, cancellationToken);
            QuantizedUpdate quantized = charge is null
                ? (await compute()).Quantize(pipeline, context.Task, round, out _)
                : await QuantizeWithoutFailAsync(compute, round, cancellationToken);
            RoundStatus status = await StepThroughAsync(client, quantized, saved, cancellationToken);
            await store.EraseRoundAsync(context.Task.TaskId, round.Number, cancellationToken);
            return Outcome(status, status == RoundStatus.TooLate ? ErrorCodes.TooLate : null, status == RoundStatus.Contributed ? quantized.Values.ToArray() : default);
        }
        catch (SecureFedException exception) when (exception is not RoundRefusedException && EndOf(exception.Code) is { } status)
        {
            await store.EraseRoundAsync(context.Task.TaskId, round.Number, CancellationToken.None);
            return Outcome(hasUpdateLeft ? RoundStatus.Unknown : status, exception.Code, default);
        }
        catch (RoundRefusedException)
        {
            await store.EraseRoundAsync(context.Task.TaskId, round.Number, CancellationToken.None);
            throw;
        }

        RoundOutcome Outcome(RoundStatus status, string? reason, ReadOnlyMemory<int> integers) =>
            new(round.RoundId, round.Number, round.Kind, status, reason, survivors, integers, receiptIndex, zeroedRecords, fault);
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

    private async Task<RoundStatus> StepThroughAsync(MaskingClient client, QuantizedUpdate quantized, SavedRounds saved, CancellationToken cancellationToken)
    {
        // After a restart that had masked already, the saved upload is sent and the vector computed now is not used.
        bool isEarlierVector = hasUpdateLeft = client.HasMasked;
        await transport.SendAdvertisementAsync(client.Advertisement, cancellationToken);

        ClientStep shares = Require(client.OnCohort(await transport.GetCohortAsync(cancellationToken), random));
        transport.MoveTo(client.LeafId);
        await SaveAsync(client, saved, RoundPhase.Share, cancellationToken);
        await transport.SendSharesAsync(shares.Message!.Value, cancellationToken);

        (Announcement dealers, IReadOnlyList<(int, ReadOnlyMemory<byte>)> inbox) = await transport.GetInboxAsync(cancellationToken);
        ClientStep upload = Require(client.OnDealers(dealers, inbox, pipeline.AddNoise(quantized, client.ShareVariance)));
        await SaveAsync(client, saved, RoundPhase.Upload, cancellationToken);
        hasUpdateLeft = true;
        SignedEntry? receipt = await UnlessLateAsync(transport.SendUploadAsync(upload.Masked!, cancellationToken));
        if (receipt is not null)
            receiptIndex = CheckReceipt(receipt, upload, client.LeafId);

        // Also after "too late": only the certified list says whether the update is in the sum.
        Announcement survivorList = await transport.GetSurvivorsAsync(cancellationToken);
        if (receipt is not null)
            await transport.KeepReceiptAsync(receipt, cancellationToken);
        ClientStep confirmation = Require(client.OnSurvivors(survivorList, saved.History));

        // Remembered with the signature, not with the answer: a server can keep the request from some, and who is not in this sum has most to fear from the next.
        SurvivorHistory history = saved.History ?? SurvivorHistory.Empty;
        if (history.LastRound != client.Round.Number)
            saved = saved with { History = history.Add(client.Round.Number, client.Round.Kind, client.Survivors) };
        await SaveAsync(client, saved, RoundPhase.Confirm, cancellationToken);
        await UnlessLateAsync(transport.SendConfirmationAsync(confirmation.Message!.Value, cancellationToken));
        survivors = CountOf(survivorList);
        ClientStep answer = client.OnUnmaskRequest(await transport.GetUnmaskRequestAsync(cancellationToken));

        // The certificate shows that no other list was certified: before it, one with this client's update could be.
        if (!client.IsSurvivor && string.Equals(answer.Refusal?.Code, ErrorCodes.TooLate, StringComparison.Ordinal))
            return RoundStatus.TooLate;
        Require(answer);
        Digest repetition = RoundRepetition.DigestOf(client.Round);

        // After a restart it may stand there already; with noise every round is charged, also one that repeats another.
        SavedRounds answered = client.Round.Noise is not null || saved.Answered?.Contains(repetition) == true ? saved : saved with { Answered = [.. saved.Answered ?? [], repetition] };
        await SaveAsync(client, answered, RoundPhase.Unmask, cancellationToken);
        await UnlessLateAsync(transport.SendUnmaskAnswerAsync(answer.Message!.Value, cancellationToken));
        return isEarlierVector ? RoundStatus.Resumed : RoundStatus.Contributed;
    }

    /// <summary>A client never joins a round number twice: what cannot be resumed is abstained from, not begun again with fresh keys.</summary>
    private async Task<MaskingClient> ResumeAsync(SavedRounds saved, SignedEntry opening)
    {
        MaskingClient? client = MaskingClient.Restore(context, saved.ActiveRound.Span);
        if (client is not null && client.OpenDigest == OpenDigest.Of(opening.Bytes.Span, opening.Index))
            return client;
        client?.Dispose();
        await store.EraseRoundAsync(context.Task.TaskId, saved.LastRoundNumber, CancellationToken.None);
        throw new RoundRefusedException(
            ErrorCodes.RoundReplayed,
            $"Round {saved.LastRoundNumber} was joined before, but the saved state does not belong to the opening that the server shows now. The client abstains from it and joins from the next round on.");
    }

    private MaskingClient Begin(SignedEntry opening, int lastRoundNumber)
    {
        (MaskingClient? client, RoundRejection? refusal) = MaskingClient.Begin(context, opening, lastRoundNumber, random);
        return client ?? throw new RoundRefusedException(refusal!);
    }

    private async Task SaveAsync(MaskingClient client, SavedRounds saved, RoundPhase step, CancellationToken cancellationToken)
    {
        byte[] state = client.Encode();
        ulong sequence = Math.Max(saved.RosterSequence, context.Roster.Sequence);
        SavedRounds next = saved with { LastRoundNumber = client.Round.Number, ActiveRound = state, RosterSequence = sequence, RosterDigest = context.Roster.Digest, TaskDigest = client.Round.TaskDigest };
        await store.SaveAsync(context.Task.TaskId, next, step, cancellationToken);
    }

    private ulong CheckReceipt(SignedEntry receipt, ClientStep upload, Identifier leaf) =>
        receipt.TryOpen(context.Task.TaskId, context.Policy.ServerKey.Span, out LogEntry? entry)
        && entry!.Event is TaskEvent.MessageAccepted { Kind: EventType.UpdateUploaded } accepted
        && accepted.RoundId == leaf
        && SignedMessage.TryDecode(upload.Message!.Value, out SignedMessage? message) is null
        && accepted.MessageDigest == message!.Digest
            ? receipt.Index
            : throw new RoundRefusedException(ErrorCodes.ServerUntrusted, "The receipt does not record this upload under the pinned server key; the client reveals nothing more in this round.");

    private static ClientStep Require(ClientStep step) => step.Refusal is { } refusal ? throw new RoundRefusedException(refusal) : step;

    /// <summary>Null if the server says that it has moved on: what comes late is not needed any more, and the client goes on to learn what became of the round.</summary>
    private static async Task<SignedEntry?> UnlessLateAsync(Task<SignedEntry> sending)
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

    private static int CountOf(Announcement survivors) =>
        LogEntry.TryDecode(survivors.Entry.Bytes.Span, out LogEntry? entry) && entry!.Event is TaskEvent.ListPublished list ? list.Count : 0;
}
