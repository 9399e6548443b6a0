using SecureFed.Client.State;
using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Rounds;

/// <summary>Takes a client through one round: load, step, save, then send. Makes no decision of its own; <see cref="MaskingClient"/> does.</summary>
internal sealed class RoundParticipant(ClientContext context, RoundTransport transport, IRoundStateStore store, IRandomSource random, UpdatePipeline pipeline)
{
    /// <param name="opening">The signed ROUND_OPENED entry, examined by the caller.</param>
    /// <param name="saved">State of this very round from before a restart, or null.</param>
    /// <param name="lastRoundNumber">Highest round that this client joined before.</param>
    /// <param name="values">Concatenated segments.</param>
    /// <param name="cancellationToken">Leaves the round; its state stays saved, so that a restart resumes or abstains.</param>
    /// <exception cref="RoundRefusedException">The server or the round breaks the policy; nothing more was revealed.</exception>
    public async Task<RoundOutcome> TakePartAsync(
        SignedEntry opening, SavedRounds? saved, int lastRoundNumber, ReadOnlyMemory<double> values, CancellationToken cancellationToken)
    {
        using MaskingClient client = saved is null ? Begin(opening, lastRoundNumber) : await ResumeAsync(saved, opening);
        RoundParameters round = client.Round;
        (NoisedUpdate noised, QuantizedUpdate quantized) = pipeline.Prepare(round.Layout, values.Span);
        ulong? receiptIndex = null;
        int survivors = 0;
        try
        {
            await SaveAsync(client, RoundPhase.Advertise, cancellationToken);
            await transport.SendAdvertisementAsync(client.Advertisement, cancellationToken);

            ClientStep shares = Require(client.OnCohort(await transport.GetCohortAsync(cancellationToken), random));
            await SaveAsync(client, RoundPhase.Share, cancellationToken);
            await transport.SendSharesAsync(shares.Message!.Value, cancellationToken);

            // After a restart that had masked already, the saved upload is sent and the vector computed now is not used.
            bool isOurVector = !client.HasMasked;
            (Announcement dealers, IReadOnlyList<(int, ReadOnlyMemory<byte>)> inbox) = await transport.GetInboxAsync(cancellationToken);
            ClientStep upload = Require(client.OnDealers(dealers, inbox, noised));
            await SaveAsync(client, RoundPhase.Upload, cancellationToken);
            receiptIndex = CheckReceipt(await transport.SendUploadAsync(upload.Masked!, cancellationToken), upload, round);

            Announcement survivorList = await transport.GetSurvivorsAsync(cancellationToken);
            ClientStep confirmation = Require(client.OnSurvivors(survivorList));
            await SaveAsync(client, RoundPhase.Confirm, cancellationToken);
            await TolerateLateAsync(transport.SendConfirmationAsync(confirmation.Message!.Value, cancellationToken));
            survivors = CountOf(survivorList);

            ClientStep answer = Require(client.OnUnmaskRequest(await transport.GetUnmaskRequestAsync(cancellationToken)));
            await SaveAsync(client, RoundPhase.Unmask, cancellationToken);
            await TolerateLateAsync(transport.SendUnmaskAnswerAsync(answer.Message!.Value, cancellationToken));
            await store.EraseRoundAsync(context.Task.TaskId, round.Number, cancellationToken);
            return Outcome(RoundStatus.Contributed, null, isOurVector ? quantized.Values.ToArray() : default);
        }
        catch (SecureFedException exception) when (exception is not RoundRefusedException && EndOf(exception.Code) is { } status)
        {
            await store.EraseRoundAsync(context.Task.TaskId, round.Number, CancellationToken.None);
            return Outcome(status, exception.Code, default);
        }
        catch (RoundRefusedException)
        {
            await store.EraseRoundAsync(context.Task.TaskId, round.Number, CancellationToken.None);
            throw;
        }

        RoundOutcome Outcome(RoundStatus status, string? reason, ReadOnlyMemory<int> integers) =>
            new(round.RoundId, round.Number, round.Kind, status, reason, survivors, integers, receiptIndex);
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

    private Task SaveAsync(MaskingClient client, RoundPhase step, CancellationToken cancellationToken) =>
        store.SaveAsync(context.Task.TaskId, new SavedRounds(client.Round.Number, client.Encode()), step, cancellationToken);

    private ulong CheckReceipt(SignedEntry receipt, ClientStep upload, RoundParameters round) =>
        receipt.TryOpen(context.Task.TaskId, context.Policy.ServerKey.Span, out LogEntry? entry)
        && entry!.Event is TaskEvent.MessageAccepted { Kind: EventType.UpdateUploaded } accepted
        && accepted.RoundId == round.RoundId
        && accepted.MessageDigest == Digest.Of(upload.Message!.Value.Span)
            ? receipt.Index
            : throw new RoundRefusedException(ErrorCodes.ServerUntrusted, "The receipt does not record this upload under the pinned server key; the client reveals nothing more in this round.");

    private static ClientStep Require(ClientStep step) => step.Refusal is { } refusal ? throw new RoundRefusedException(refusal) : step;

    /// <summary>A confirmation or answer that comes late is not needed any more: enough others came.</summary>
    private static async Task TolerateLateAsync(Task<SignedEntry> sending)
    {
        try
        {
            await sending;
        }
        catch (SecureFedException exception) when (string.Equals(exception.Code, ErrorCodes.TooLate, StringComparison.Ordinal))
        {
            // Nothing to do.
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
