using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking;

/// <summary>A client's side of one masked round, stepped by hand: announcement in, message to send out.</summary>
/// <remarks>
/// <para>Bonawitz et al. 2017, Figure 4 (malicious variant), with the changes of DESIGN section 3.</para>
/// <para>Every step either refuses and leaves the state as it was, or changes the state and returns one message. The shell saves <see cref="Encode"/> before
/// it sends. Asked again with the same announcement a step returns the same bytes; with another one it refuses, so no key ever masks a second vector, no
/// second survivor list is signed and no second unmask request is answered.</para>
/// <para>Does not protect against more than c colluding clients with the server, nor against what the sum itself reveals.</para>
/// </remarks>
public sealed class MaskingClient : IDisposable
{
    private readonly ClientContext context;
    private readonly RoundParameters round;
    private readonly MaskingClientState state;
    private readonly RoundSecrets secrets;
    private MaskingCohort? cohort;
    private DealersList? dealers;
    private SurvivorList? survivors;

    private MaskingClient(ClientContext context, RoundParameters round, MaskingClientState state)
    {
        this.context = context;
        this.round = round;
        this.state = state;
        secrets = new RoundSecrets(context, state);
        OpenDigest = Rounds.OpenDigest.Of(state.OpenEntry, state.OpenIndex);
    }

    public RoundParameters Round => round;

    public Digest OpenDigest { get; }

    /// <summary>The id that the messages after the advertisement name: the round's, or that of the leaf in which this client stands.</summary>
    public Identifier LeafId => cohort?.RoundId ?? round.RoundId;

    /// <summary>σ² of the noise share that this round's update must carry, known with the cohort: ⌈z²·D₂²/h⌉; zero if sums are exact.</summary>
    /// <exception cref="InvalidOperationException">The cohort is not known yet.</exception>
    public Rational ShareVariance => cohort is null
        ? throw new InvalidOperationException("The share of noise follows from the cohort: take the cohort first.")
        : round.Noise is { } noise ? NoiseShare.VarianceOf(round.Layout, noise.NoiseMultiplier, cohort.Thresholds.HonestSurvivors) : Rational.Zero;

    /// <summary>The signed advertisement to send first.</summary>
    public ReadOnlyMemory<byte> Advertisement => state.Advertisement;

    /// <summary>Whether this round's one vector has been masked: from then on only the same upload may be sent.</summary>
    public bool HasMasked => state.Upload.Length > 0;

    public ReadOnlyMemory<byte> UploadBytes => state.Upload;

    /// <summary>The clients of the list that this client signed; empty before.</summary>
    public IReadOnlyList<Identifier> Survivors => survivors is null ? [] : [.. survivors.Survivors.Select(i => cohort![i])];

    /// <summary>Whether the list that this client signed holds its own upload.</summary>
    public bool IsSurvivor => survivors is not null && cohort?.IndexOf(context.Self) is { } self && survivors.Survivors.Contains(self);

    /// <summary>Examines a round before anything is computed for it: entry, roster, parameters and policy.</summary>
    /// <param name="context">The client.</param>
    /// <param name="opening">Signed ROUND_OPENED entry.</param>
    /// <param name="lastRoundNumber">Highest round number of this task that this client ever joined, 0 if none.</param>
    /// <param name="round">The round's parameters if it is acceptable.</param>
    /// <returns>Null, or why the client abstains.</returns>
    public static RoundRejection? Examine(ClientContext context, SignedEntry opening, int lastRoundNumber, out RoundParameters? round)
    {
        RoundRejection? refusal = RoundExamination.FindFault(context, opening, lastRoundNumber, out round);
        if (refusal is not null || round!.Protection == ProtectionKind.Masking)
            return refusal;
        round = null;
        return Refuse(ErrorCodes.InvalidParameters, "The round is encrypted, not masked.");
    }

    /// <summary>Examines a round together with the model that it names, before anything is computed on that model.</summary>
    /// <returns>Null, or why the client abstains.</returns>
    public static RoundRejection? ExamineModel(TaskParameters task, RoundParameters round, ModelState model) => RoundExamination.FindFault(task, round, model);

    /// <summary>Step 1: fresh keys for a round that <see cref="Examine"/> accepts.</summary>
    public static (MaskingClient? Client, RoundRejection? Refusal) Begin(ClientContext context, SignedEntry opening, int lastRoundNumber, IRandomSource random)
    {
        if (Examine(context, opening, lastRoundNumber, out RoundParameters? round) is { } refusal)
            return (null, refusal);
        using AgreementKey maskKey = AgreementKey.Generate(random);
        using AgreementKey sealingKey = AgreementKey.Generate(random);
        Digest openDigest = Rounds.OpenDigest.Of(opening.Bytes.Span, opening.Index);
        SignedMessage advertisement = SignedMessage.Sign(
            new MessageHeader(context.Task.TaskId, round!.RoundId, context.Self, openDigest),
            new Advertisement(maskKey.PublicKey, sealingKey.PublicKey),
            context.Signer);
        MaskingClientState fresh = new()
        {
            OpenEntry = opening.Bytes.ToArray(),
            OpenIndex = opening.Index,
            LastIndex = opening.Index,
            Advertisement = advertisement.Bytes.ToArray(),
        };
        maskKey.ExportPrivateKey(fresh.MaskPrivateKey);
        sealingKey.ExportPrivateKey(fresh.SealingPrivateKey);
        return (new MaskingClient(context, round, fresh), null);
    }

    /// <summary>Continues a round from saved state; null if the bytes are not such a state.</summary>
    public static MaskingClient? Restore(ClientContext context, ReadOnlySpan<byte> saved)
    {
        MaskingClientState? restored = MaskingClientState.TryDecode(saved);
        if (restored is null || !LogEntry.TryDecode(restored.OpenEntry, out LogEntry? entry) || entry!.Event is not TaskEvent.RoundOpened opened)
            return null;
        MaskingClient client = new(context, context.Task.Complete(opened.Round), restored);
        if (CohortList.TryDecode(restored.CohortList, out CohortList? list))
            client.cohort = MaskingCohort.Create(list!, restored.LeafDigest, restored.LeafId);
        if (DealersList.TryDecode(restored.DealersList, out DealersList? dealers))
            client.dealers = dealers;
        if (SurvivorList.TryDecode(restored.SurvivorList, out SurvivorList? survivors))
            client.survivors = survivors;
        return client;
    }

    /// <summary>What to save before a message is sent. Holds secrets: keep it as a key is kept, erase it when the round ends.</summary>
    public byte[] Encode() => state.Encode();

    /// <summary>Step 2: checks the cohort and shares the two secrets of this round among the neighbours.</summary>
    public ClientStep OnCohort(Announcement announcement, IRandomSource random)
    {
        if (cohort is not null)
            return Digest.Of(announcement.Blob.Span) == state.CohortDigest ? ClientStep.Send(state.ShareBundle) : Contradiction("cohort");
        if (OpenList(announcement, EventType.CohortPublished, round.RoundId) is { } refusal)
            return ClientStep.Refuse(refusal);
        if (CheckedCohort.TryOpen(announcement.Blob, context, round, OpenDigest, out CheckedCohort? published) is { } fault)
            return ClientStep.Refuse(fault);
        if (published!.LeafOf(context.Self, state.Advertisement) is not var (leaf, accepted))
            return ClientStep.Refuse(CohortCheck.Fault("the own advertisement is missing or altered"));
        if (context.Policy.Check(accepted.Thresholds) is { } violation)
            return ClientStep.Refuse(violation);

        random.Fill(state.SelfMaskSeed);
        state.ShareBundle = Sign(accepted, secrets.DealShares(accepted, random));
        state.CohortDigest = Digest.Of(announcement.Blob.Span);
        state.CohortList = leaf.Bytes;
        state.LeafDigest = leaf.Digest;
        state.LeafId = leaf.RoundId;
        state.LastIndex = announcement.Entry.Index;
        cohort = accepted;
        return ClientStep.Send(state.ShareBundle);
    }

    /// <summary>Step 3: opens the shares of the dealers and masks the update.</summary>
    /// <param name="announcement">The dealers list U2.</param>
    /// <param name="inbox">One sealed box from every neighbour in U2, by cohort index.</param>
    /// <param name="update">The only thing that can be masked; consumed for this round.</param>
    public ClientStep OnDealers(Announcement announcement, IReadOnlyList<(int Dealer, ReadOnlyMemory<byte> Box)> inbox, NoisedUpdate update)
    {
        if (dealers is not null)
            return announcement.Blob.Span.SequenceEqual(state.DealersList) ? ClientStep.Send(new MaskedUpdate(state.Upload)) : Contradiction("dealers list");
        if (cohort is null)
            return OutOfOrder();
        if (!TaskParameters.IsSame(update.Layout, round.Layout))
            throw new ArgumentException("The update was made for another round's layout.", nameof(update));
        if (update.ShareVariance != ShareVariance)
            throw new ArgumentException("The update does not carry the share of noise that this round's cohort demands.", nameof(update));
        if (OpenList(announcement, EventType.DealersListed, cohort.RoundId) is { } refusal)
            return ClientStep.Refuse(refusal);
        int self = cohort.IndexOf(context.Self)!.Value;
        if (!DealersList.TryDecode(announcement.Blob.Span, out DealersList? list) || list!.CohortDigest != cohort.Digest || !IsWithin(list.Dealers, cohort.Count))
            return ClientStep.Refuse(ErrorCodes.InvalidDealers, "The dealers list does not belong to this cohort; the client abstains.");
        int[] maskedNeighbours = [.. cohort.NeighboursOf(self).Intersect(list.Dealers)];
        if (!list.Dealers.Contains(self) || list.Dealers.Count < cohort.Thresholds.LeastSurvivors || maskedNeighbours.Length < cohort.Thresholds.Threshold)
            return ClientStep.Refuse(ErrorCodes.InvalidDealers, "The dealers list leaves this client out or is too small to hide an update; the client abstains.");

        state.ReceivedShares = secrets.OpenShares(cohort, inbox);
        state.Upload = Sign(cohort, secrets.Mask(cohort, update, maskedNeighbours, Digest.Of(announcement.Blob.Span)));
        state.DealersList = announcement.Blob.ToArray();
        state.LastIndex = announcement.Entry.Index;
        dealers = list;
        return ClientStep.Send(new MaskedUpdate(state.Upload));
    }

    /// <summary>Step 4: signs the survivor list, one per round.</summary>
    /// <param name="announcement">The survivor list.</param>
    /// <param name="answered">Survivors of the lists of this task that this client signed, for the cross-round guard; null if it keeps none.</param>
    public ClientStep OnSurvivors(Announcement announcement, SurvivorHistory? answered = null)
    {
        if (survivors is not null)
            return announcement.Blob.Span.SequenceEqual(state.SurvivorList) && announcement.Entry.Index == state.SurvivorEntryIndex ? ClientStep.Send(state.Confirmation) : SecondList();
        if (cohort is null || dealers is null)
            return OutOfOrder();
        if (OpenList(announcement, EventType.SurvivorsListed, cohort.RoundId) is { } refusal)
            return ClientStep.Refuse(refusal);
        if (!SurvivorList.TryDecode(announcement.Blob.Span, out SurvivorList? list)
            || list!.CohortDigest != cohort.Digest
            || list.DealersDigest != Digest.Of(state.DealersList)
            || list.Survivors.Except(dealers.Dealers).Any())
        {
            return ClientStep.Refuse(ErrorCodes.InvalidSurvivors, "The survivor list does not follow this cohort's dealers list; the client signs nothing.");
        }

        if (list.Survivors.Count < cohort.Thresholds.LeastSurvivors)
            return ClientStep.Refuse(ErrorCodes.TooFewSurvivors, $"{list.Survivors.Count} survivors are fewer than the {cohort.Thresholds.LeastSurvivors} that this round promised; the client signs nothing.");
        if (cohort.CouldBeCut(list.Survivors))
            return ClientStep.Refuse(ErrorCodes.SurvivorsSplit, "The dropped stand so close on the neighbour graph that the sum might fall apart into two; the client signs nothing.");
        int leastDifference = context.Task.Cohort.LeastDifference;
        if (answered?.IsTooSimilar(round.Kind, [.. list.Survivors.Select(i => cohort[i])], leastDifference) == true)
            return ClientStep.Refuse(ErrorCodes.SurvivorsTooSimilar, $"The survivors differ by fewer than {leastDifference} clients from those of an earlier round: the two sums could be subtracted. The client signs nothing.");
        if (!UploadCheck.FollowOneDealersList(list, cohort, context, round))
            return ClientStep.Refuse(ErrorCodes.InvalidSurvivors, "An upload of the survivor list is not signed for this client's dealers list; the client signs nothing.");

        state.Confirmation = Sign(cohort, new Confirmation(Digest.Of(announcement.Blob.Span), announcement.Entry.Index));
        state.SurvivorList = announcement.Blob.ToArray();
        state.SurvivorEntryIndex = announcement.Entry.Index;
        state.LastIndex = announcement.Entry.Index;
        survivors = list;
        return ClientStep.Send(state.Confirmation);
    }

    /// <summary>Step 5: releases, once, the seed shares of survivors and the key shares of the dropped, after verifying the quorum certificate itself.</summary>
    public ClientStep OnUnmaskRequest(Announcement announcement)
    {
        if (survivors is null || cohort is null || dealers is null)
            return OutOfOrder();
        if (OpenList(announcement, EventType.UnmaskRequested, cohort.RoundId) is { } refusal)
            return ClientStep.Refuse(refusal);
        if (!UnmaskRequest.TryDecode(announcement.Blob.Span, out UnmaskRequest? request) || request!.CohortDigest != cohort.Digest)
            return ClientStep.Refuse(ErrorCodes.InvalidCertificate, "The unmask request does not belong to this cohort; no share is released.");
        if (request.SurvivorListDigest != Digest.Of(state.SurvivorList) || request.SurvivorEntryIndex != state.SurvivorEntryIndex)
            return SecondList();
        if (!request.Dropped.SequenceEqual(dealers.Dealers.Except(survivors.Survivors)))
            return ClientStep.Refuse(ErrorCodes.InvalidCertificate, "The request names others than the dropped of the certified list; no share is released.");
        if (!QuorumCheck.IsCertified(request, cohort, context))
            return ClientStep.Refuse(ErrorCodes.InvalidCertificate, $"The survivor list lacks {cohort.Thresholds.Quorum} valid confirmations of cohort members; no share is released.");
        if (!IsSurvivor)
        {
            // Only survivors answer. Otherwise the dropped of two gaps in the ring would give the seed shares that the survivors beside the gaps lack, and the
            // sum would fall apart into two (RingCutTests: with k = 184 of n = 10,000 always).
            return ClientStep.Refuse(ErrorCodes.TooLate, "This client's update is not in the certified list; it has no part in unmasking the others.");
        }

        if ((context.Policy.Check(context.Task) ?? context.Policy.Check(cohort.Thresholds)) is { } violation)
            return ClientStep.Refuse(violation);

        if (state.Answer.Length == 0)
            state.Answer = Sign(cohort, secrets.Answer(cohort, dealers, survivors, request.SurvivorListDigest));
        state.LastIndex = Math.Max(state.LastIndex, announcement.Entry.Index);
        return ClientStep.Send(state.Answer);
    }

    public void Dispose() => state.Dispose();

    private RoundRejection? OpenList(Announcement announcement, EventType kind, Identifier roundId)
    {
        if (!announcement.Entry.TryOpen(context.Task.TaskId, context.Policy.ServerKey.Span, out LogEntry? entry))
            return Refuse(ErrorCodes.ServerUntrusted, "The announcement is not signed by the server that the policy pins.");
        return entry!.Event is TaskEvent.ListPublished published
            && published.Kind == kind
            && published.RoundId == roundId
            && published.ListDigest == Digest.Of(announcement.Blob.Span)
            && (announcement.Entry.Index > state.LastIndex || state.Answer.Length > 0)
            ? null
            : Refuse(ErrorCodes.HistoryRewritten, $"The announcement is not a later {kind} entry of this round with this list; the client abstains.");
    }

    private byte[] Sign(MaskingCohort binding, IMessageBody body) =>
        SignedMessage.Sign(new MessageHeader(context.Task.TaskId, binding.RoundId, context.Self, binding.Digest), body, context.Signer).Bytes.ToArray();

    private static bool IsWithin(IReadOnlyList<int> indices, int count) => indices.Count == 0 || indices[^1] < count;

    private static RoundRejection Refuse(string code, string detail) => new(code, detail);

    private static ClientStep Contradiction(string what) =>
        ClientStep.Refuse(ErrorCodes.HistoryRewritten, $"The server published a second {what} for this round; the client abstains and keeps its first view.");

    private static ClientStep SecondList() =>
        ClientStep.Refuse(ErrorCodes.SecondList, "The server presented a second survivor list for this round; a client signs and answers one list only.");

    private static ClientStep OutOfOrder() =>
        ClientStep.Refuse(ErrorCodes.WrongPhase, "The server skipped a step of the round; the client abstains.");
}
