using SecureFed.Client.Ledger;
using SecureFed.Client.State;
using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Rounds;

/// <summary>A client in a masked round: five messages, see <see cref="MaskingClient"/>.</summary>
internal sealed class MaskedParticipant(ClientContext context, RoundTransport transport, IRoundStateStore store, IRandomSource random, UpdatePipeline pipeline, IPrivacyLedger ledger)
    : RoundParticipant(context, transport, store, pipeline, ledger)
{
    private MaskingClient? role;

    protected override RoundParameters Round => role!.Round;

    protected override Digest OpenDigest => role!.OpenDigest;

    protected override Digest PartDigest => Digest.Of(role!.Advertisement.Span);

    protected override RoundRejection? Begin(Announcement opening, int lastRoundNumber)
    {
        (role, RoundRejection? refusal) = MaskingClient.Begin(Context, opening.Entry, lastRoundNumber, random);
        return refusal;
    }

    protected override bool TryRestore(ReadOnlyMemory<byte> saved)
    {
        role = MaskingClient.Restore(Context, saved.Span);
        return role is not null;
    }

    protected override byte[] Encode() => role!.Encode();

    protected override void Leave() => role?.Dispose();

    protected override async Task<RoundStatus> StepThroughAsync(QuantizedUpdate quantized, SavedRounds saved, CancellationToken cancellationToken)
    {
        MaskingClient client = role!;

        // After a restart that had masked already, the saved upload is sent and the vector computed now is not used.
        bool isEarlierVector = HasUpdateLeft = client.HasMasked;
        await Transport.SendAdvertisementAsync(client.Advertisement, cancellationToken);

        ClientStep shares = Require(client.OnCohort(await Transport.GetCohortAsync(cancellationToken), random));
        Transport.MoveTo(client.LeafId);
        await SaveAsync(saved, RoundPhase.Share, cancellationToken);
        await Transport.SendSharesAsync(shares.Message!.Value, cancellationToken);

        (Announcement dealers, IReadOnlyList<(int, ReadOnlyMemory<byte>)> inbox) = await Transport.GetInboxAsync(cancellationToken);
        ClientStep upload = Require(client.OnDealers(dealers, inbox, Pipeline.AddNoise(quantized, client.ShareVariance)));
        await SaveAsync(saved, RoundPhase.Upload, cancellationToken);
        HasUpdateLeft = true;
        SignedEntry? receipt = await UnlessLateAsync(Transport.SendUploadAsync(upload.Masked!, cancellationToken));
        if (receipt is not null)
            ReceiptIndex = CheckReceipt(receipt, upload, client.LeafId);

        // Also after "too late": only the certified list says whether the update is in the sum.
        Announcement survivorList = await Transport.GetSurvivorsAsync(cancellationToken);
        if (receipt is not null)
            await Transport.KeepReceiptAsync(receipt, cancellationToken);
        ClientStep confirmation = Require(client.OnSurvivors(survivorList, saved.History));

        // Remembered with the signature, not with the answer: a server can keep the request from some, and who is not in this sum has most to fear from the next.
        SurvivorHistory history = saved.History ?? SurvivorHistory.Empty;
        if (history.LastRound != client.Round.Number)
            saved = saved with { History = history.Add(client.Round.Number, client.Round.Kind, client.Survivors) };
        await SaveAsync(saved, RoundPhase.Confirm, cancellationToken);
        await UnlessLateAsync(Transport.SendConfirmationAsync(confirmation.Message!.Value, cancellationToken));
        Survivors = CountOf(survivorList);
        ClientStep answer = client.OnUnmaskRequest(await Transport.GetUnmaskRequestAsync(cancellationToken));

        // The certificate shows that no other list was certified: before it, one with this client's update could be.
        if (!client.IsSurvivor && string.Equals(answer.Refusal?.Code, ErrorCodes.TooLate, StringComparison.Ordinal))
            return RoundStatus.TooLate;
        Require(answer);
        Digest repetition = RoundRepetition.DigestOf(client.Round);

        // After a restart it may stand there already; with noise every round is charged, also one that repeats another.
        SavedRounds answered = client.Round.Noise is not null || saved.Answered?.Contains(repetition) == true ? saved : saved with { Answered = [.. saved.Answered ?? [], repetition] };
        await SaveAsync(answered, RoundPhase.Unmask, cancellationToken);
        await UnlessLateAsync(Transport.SendUnmaskAnswerAsync(answer.Message!.Value, cancellationToken));
        return isEarlierVector ? RoundStatus.Resumed : RoundStatus.Contributed;
    }
}
