using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Rings;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking;

/// <summary>The server's side of pairwise masking: collects keys, relays sealed shares, certifies survivors, recovers what the dropped left behind.</summary>
/// <remarks>
/// Bonawitz et al. 2017, Figure 4; unmask requests and certificates as in DESIGN section 3. Never holds an unmasked update: it subtracts the total of all
/// masks from the total of all uploads.
/// </remarks>
internal sealed class MaskingServer(
    Identifier taskId,
    RoundParameters parameters,
    Digest openDigest,
    Roster roster,
    IBlobSource blobs,
    SurvivorHistory released,
    MaskingCohort? leaf = null,
    Func<IReadOnlyList<Identifier>?>? listedBeside = null) : IServerProtection
{
    private readonly SortedDictionary<Identifier, SignedMessage> advertisements = [];
    private readonly HashSet<string> advertisedKeys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> clientsByOrganisation = new(StringComparer.Ordinal);
    private readonly SortedDictionary<int, ShareBundle> bundles = [];
    private readonly SortedDictionary<int, SurvivorUpload> uploaded = [];
    private readonly SortedDictionary<int, ReadOnlyMemory<byte>> confirmations = [];
    private readonly SortedDictionary<int, UnmaskAnswer> answers = [];
    private readonly Dictionary<int, int> sharesOf = [];
    private MaskingCohort? cohort = leaf;
    private int[] dealers = [];
    private Digest dealersDigest;
    private int[] survivors = [];
    private Digest survivorListDigest;
    private ulong survivorEntryIndex;

    public RoundPhase FirstPhase => RoundPhase.Advertise;

    public RoundPhase PhaseOfSelection => RoundPhase.Upload;

    public IReadOnlyList<Identifier> Members => cohort is null ? [] : [.. Enumerable.Range(0, cohort.Count).Select(i => cohort[i])];

    public IReadOnlyList<Identifier> Survivors => [.. survivors.Select(s => cohort![s])];

    public IEnumerable<Identifier> Participants => advertisements.Keys.Union(Members);

    public RoundRejection? Validate(SignedMessage message)
    {
        if (message.Body is Advertisement advertisement)
            return ValidateAdvertisement(message, advertisement);
        if (message.Header.Binding != cohort!.Digest)
            return Refuse(ErrorCodes.RoundMismatch, "The message binds another cohort than the published one; abstain from this round.");
        if (cohort.IndexOf(message.Header.Sender) is not int sender)
            return Refuse(ErrorCodes.NotInCohort, "The sender is not in this round's cohort; wait for the next round.");
        return message.Body switch
        {
            ShareBundle bundle => ValidateBundle(sender, bundle),
            Upload upload => ValidateUpload(sender, upload.Statement) ?? ValidatePadding(upload),
            UploadStatement upload => ValidateUpload(sender, upload),
            Confirmation confirmation => ValidateConfirmation(confirmation),
            UnmaskAnswer answer => ValidateAnswer(sender, answer),
            _ => Refuse(ErrorCodes.InvalidMessage, "This message has no place in a masked round."),
        };
    }

    public PendingEvent? Advance(RoundPhase phase, Patience patience) => phase switch
    {
        RoundPhase.Advertise => AdvanceAdvertise(patience),
        RoundPhase.Share => MoveOn(bundles.Count, cohort!.Count, cohort.Thresholds.LeastSurvivors, patience, ErrorCodes.TooFewDealers, ListDealers),
        RoundPhase.Upload => MoveOn(uploaded.Count, dealers.Length, cohort!.Thresholds.LeastSurvivors, patience, ErrorCodes.TooFewSurvivors, ListSurvivors),
        RoundPhase.Confirm => MoveOn(confirmations.Count, cohort!.Thresholds.Quorum, cohort.Thresholds.Quorum, patience, ErrorCodes.QuorumMissing, RequestUnmask),
        _ => throw new ArgumentOutOfRangeException(nameof(phase)),
    };

    public void Apply(ulong index, TaskEvent change, SignedMessage? message, ReadOnlyMemory<byte> list)
    {
        if (message is not null)
            ApplyMessage(message);
        else
            ApplyList(index, ((TaskEvent.ListPublished)change).Kind, list.Span);
    }

    public ProtectionRelease TryRelease(Patience patience)
    {
        (uint[]? masks, string? failure, IReadOnlyList<Identifier> suspects) = TryRecoverMasks(patience);
        if (failure is not null)
            return ProtectionRelease.Failed(failure, suspects);
        if (masks is null)
            return ProtectionRelease.Waiting;

        uint[] sum = new uint[parameters.Layout.Dimension];
        uint[] words = new uint[sum.Length];
        foreach (int survivor in survivors)
        {
            if (!RingPacking.TryUnpack(blobs.Get(uploaded[survivor].WordsDigest).Span, parameters.Layout.RingBits, words))
                return ProtectionRelease.Failed(ErrorCodes.InvalidAggregate, []); // Validate() has checked it before; only a damaged blob comes here.
            Ring.Add(sum, words);
        }

        Ring.Subtract(sum, masks);
        Ring.Reduce(sum, parameters.Layout.RingBits);
        return new ProtectionRelease(sum, EncodeMasks(masks), null, suspects);
    }

    public bool IsRemoved(Digest removed, Digest aggregate) => TryRecoverMasks(Patience.DeadlinePassed).Masks is { } masks && Digest.Of(EncodeMasks(masks)) == removed;

    private byte[] EncodeMasks(uint[] masks)
    {
        Ring.Reduce(masks, parameters.Layout.RingBits);
        return RingVector.Encode(masks);
    }

    private (uint[]? Masks, string? Failure, IReadOnlyList<Identifier> Suspects) TryRecoverMasks(Patience patience)
    {
        bool isLast = patience == Patience.DeadlinePassed || answers.Count == survivors.Length;
        if (!isLast && dealers.Any(dealer => sharesOf.GetValueOrDefault(dealer) < cohort!.Thresholds.Threshold))
            return (null, null, []);
        MaskRemoval removal = new(cohort!, dealers, survivors, bundles, answers);
        using MaskRecovery recovery = removal.TryRecover(isLast);
        if (!recovery.IsComplete && !isLast)
            return (null, null, []);

        IReadOnlyList<int> disputed = SuspectNaming.Name(recovery.Disputes, cohort!.Thresholds.Corrupt);
        Identifier[] suspects = [.. recovery.InconsistentOwners.Union(disputed).Select(index => cohort[index])];
        if (recovery.IsComplete)
            return (removal.SumMasks(recovery, parameters.Layout.Dimension), null, suspects);
        return (null, recovery.InconsistentOwners.Count > 0 ? ErrorCodes.InconsistentShares : ErrorCodes.TooFewAnswers, suspects);
    }

    public void Forget()
    {
        advertisements.Clear();
        advertisedKeys.Clear();
        bundles.Clear();
        answers.Clear();
        sharesOf.Clear();
    }

    public IReadOnlyList<(int Dealer, ReadOnlyMemory<byte> Box)> InboxOf(Identifier client)
    {
        if (cohort?.IndexOf(client) is not int recipient)
            return [];
        List<(int, ReadOnlyMemory<byte>)> inbox = [];
        foreach (int dealer in cohort.NeighboursOf(recipient))
        {
            if (bundles.TryGetValue(dealer, out ShareBundle? bundle) && Array.BinarySearch(dealers, dealer) >= 0 && bundle.BoxFor(recipient) is { } box)
                inbox.Add((dealer, box));
        }

        return inbox;
    }

    private RoundRejection? ValidateAdvertisement(SignedMessage message, Advertisement advertisement)
    {
        if (message.Header.Binding != openDigest)
            return Refuse(ErrorCodes.RoundMismatch, "The advertisement binds another opening of the round; fetch the ROUND_OPENED entry again.");
        if (advertisements.Count >= parameters.Cohort.Greatest)
            return Refuse(ErrorCodes.CohortFull, "The cohort is complete; wait for the next round.");
        string organisation = roster.Find(message.Header.Sender)!.Organisation;
        if (clientsByOrganisation.GetValueOrDefault(organisation) >= parameters.Cohort.OrganisationCap)
            return Refuse(ErrorCodes.OrganisationCap, $"The round takes {parameters.Cohort.OrganisationCap} client(s) of one organisation; wait for the next round.");
        if (!P256.IsValidPublicKey(advertisement.MaskKey.Span) || !P256.IsValidPublicKey(advertisement.SealingKey.Span))
            return Refuse(ErrorCodes.InvalidKey, "A key is no point on P-256 in uncompressed form.");
        return advertisement.MaskKey.Span.SequenceEqual(advertisement.SealingKey.Span)
            || advertisedKeys.Contains(NameOf(advertisement.MaskKey))
            || advertisedKeys.Contains(NameOf(advertisement.SealingKey))
            ? Refuse(ErrorCodes.StaleKey, "A key was already advertised; keys are fresh in every round and for every purpose.")
            : null;
    }

    private RoundRejection? ValidateBundle(int sender, ShareBundle bundle) =>
        bundle.Shares.Select(s => s.Recipient).SequenceEqual(cohort!.NeighboursOf(sender))
            ? null
            : Refuse(ErrorCodes.InvalidNeighbours, "A bundle holds exactly one sealed share for every neighbour of its sender.");

    private RoundRejection? ValidateUpload(int sender, UploadStatement upload)
    {
        if (Array.BinarySearch(dealers, sender) < 0)
            return Refuse(ErrorCodes.NotInCohort, "The sender dealt no shares in this round, so its masks could not be removed; wait for the next round.");
        if (upload.DealersDigest != dealersDigest)
            return Refuse(ErrorCodes.RoundMismatch, "The upload follows another dealers list; abstain from this round.");
        return upload.Dimension == parameters.Layout.Dimension && upload.RingBits == parameters.Layout.RingBits
            ? null
            : Refuse(ErrorCodes.LengthMismatch, $"This round takes {parameters.Layout.Dimension} coordinates of {parameters.Layout.RingBits} bits.");
    }

    private static RoundRejection? ValidatePadding(Upload upload) =>
        RingPacking.IsCanonical(upload.PackedWords.Span, upload.Dimension, upload.RingBits)
            ? null
            : Refuse(ErrorCodes.InvalidMessage, "The padding bits of the packed vector are not zero.");

    private RoundRejection? ValidateConfirmation(Confirmation confirmation) =>
        confirmation.SurvivorListDigest == survivorListDigest && confirmation.EntryIndex == survivorEntryIndex
            ? null
            : Refuse(ErrorCodes.RoundMismatch, "The confirmation is for another survivor list than the published one.");

    private RoundRejection? ValidateAnswer(int sender, UnmaskAnswer answer)
    {
        if (Array.BinarySearch(survivors, sender) < 0)
            return Refuse(ErrorCodes.InvalidAnswer, "Only survivors answer: the sender's upload is not in the certified list; wait for the next round.");
        if (answer.SurvivorListDigest != survivorListDigest)
            return Refuse(ErrorCodes.RoundMismatch, "The answer is for another survivor list than the certified one.");
        HashSet<int> owners = [.. cohort!.NeighboursOf(sender)];
        owners.IntersectWith(dealers);
        return answer.Shares.All(s => owners.Contains(s.Owner) && s.Kind == (Array.BinarySearch(survivors, s.Owner) >= 0 ? ShareKind.SelfMaskSeed : ShareKind.MaskKey))
            ? null
            : Refuse(ErrorCodes.InvalidAnswer, "An answer holds shares of neighbours only: the seed's for survivors, the mask key's for the dropped.");
    }

    private PendingEvent? AdvanceAdvertise(Patience patience)
    {
        // No early start on silence here: clients are still training, and a smaller cohort would lose their updates.
        bool mayMoveOn = advertisements.Count == parameters.Cohort.Greatest || patience == Patience.DeadlinePassed;
        if (!mayMoveOn)
            return null;
        if (advertisements.Count < parameters.Cohort.Least
            || CohortThresholds.TryDerive(parameters.Cohort, advertisements.Count, out _) is not { } thresholds)
        {
            return Abort(ErrorCodes.CohortTooSmall);
        }

        CohortList list = new(openDigest, [.. advertisements.Values.Select(a => a.Bytes)], thresholds);
        return Publish(EventType.CohortPublished, list.Encode(), advertisements.Count);
    }

    private PendingEvent? MoveOn(int have, int all, int needed, Patience patience, string failure, Func<PendingEvent> publish)
    {
        if (have >= all || (have >= needed && patience != Patience.Waiting))
            return publish();
        return patience == Patience.DeadlinePassed ? Abort(failure) : null;
    }

    private PendingEvent ListDealers() =>
        Publish(EventType.DealersListed, new DealersList(cohort!.Digest, [.. bundles.Keys]).Encode(), bundles.Count);

    private PendingEvent ListSurvivors()
    {
        Identifier[] senders = [.. uploaded.Keys.Select(index => cohort![index])];
        if (SurvivorSelection.Choose(senders, cohort!.Thresholds.LeastSurvivors, released, parameters, listedBeside?.Invoke() ?? []) is not { } names)
            return Abort(ErrorCodes.SurvivorsTooSimilar);
        int[] chosen = [.. names.Select(name => cohort.IndexOf(name)!.Value)];
        if (cohort.CouldBeCut(chosen))
            return Abort(ErrorCodes.SurvivorsSplit);
        return Publish(EventType.SurvivorsListed, new SurvivorList(cohort.Digest, dealersDigest, [.. chosen.Select(c => uploaded[c])]).Encode(), chosen.Length);
    }

    private PendingEvent RequestUnmask()
    {
        UnmaskRequest request = new(
            cohort!.Digest,
            survivorListDigest,
            survivorEntryIndex,
            [.. dealers.Except(survivors)],
            [.. confirmations.Take(cohort.Thresholds.Quorum).Select(c => new QuorumSignature(c.Key, c.Value))]); // More would only cost every client a check.
        return Publish(EventType.UnmaskRequested, request.Encode(), request.Dropped.Count);
    }

    private PendingEvent Publish(EventType kind, byte[] list, int count) =>
        new(new TaskEvent.ListPublished(kind, parameters.RoundId, Digest.Of(list), count), list);

    private PendingEvent Abort(string reason) => new(new TaskEvent.RoundAborted(parameters.RoundId, reason));

    private void ApplyMessage(SignedMessage message)
    {
        if (message.Body is Advertisement advertisement)
        {
            advertisements.Add(message.Header.Sender, message);
            advertisedKeys.Add(NameOf(advertisement.MaskKey));
            advertisedKeys.Add(NameOf(advertisement.SealingKey));
            string organisation = roster.Find(message.Header.Sender)!.Organisation;
            clientsByOrganisation[organisation] = clientsByOrganisation.GetValueOrDefault(organisation) + 1;
            return;
        }

        int sender = cohort!.IndexOf(message.Header.Sender)!.Value;
        switch (message.Body)
        {
            case ShareBundle bundle:
                bundles.Add(sender, bundle);
                break;
            case UploadStatement upload:
                uploaded.Add(sender, new SurvivorUpload(sender, upload.WordsDigest, message.SignatureBytes.ToArray()));
                break;
            case Confirmation:
                confirmations.Add(sender, message.SignatureBytes);
                break;
            case UnmaskAnswer answer:
                answers.Add(sender, answer);
                foreach (ReleasedShare share in answer.Shares)
                    sharesOf[share.Owner] = sharesOf.GetValueOrDefault(share.Owner) + 1;
                break;
        }
    }

    private void ApplyList(ulong index, EventType kind, ReadOnlySpan<byte> list)
    {
        switch (kind)
        {
            case EventType.CohortPublished when CohortList.TryDecode(list, out CohortList? read):
                if (parameters.Cohort.Leaves == 1)
                    cohort = MaskingCohort.Create(read!, Digest.Of(list), parameters.RoundId);
                break;
            case EventType.DealersListed when DealersList.TryDecode(list, out DealersList? read):
                dealers = [.. read!.Dealers];
                dealersDigest = Digest.Of(list);
                break;
            case EventType.SurvivorsListed when SurvivorList.TryDecode(list, out SurvivorList? read):
                survivors = [.. read!.Survivors];
                if (released.IsTooSimilar(parameters.Kind, Survivors, parameters.Cohort.LeastDifference))
                    throw new InvalidOperationException($"Entry {index} lists survivors too similar to those of an earlier released round.");
                survivorListDigest = Digest.Of(list);
                survivorEntryIndex = index;
                break;
            case EventType.UnmaskRequested when UnmaskRequest.TryDecode(list, out _):
                break;
            default:
                throw new InvalidOperationException($"The blob of {kind} of task {taskId} is no such list.");
        }
    }

    private static string NameOf(ReadOnlyMemory<byte> key) => Convert.ToHexString(key.Span);

    private static RoundRejection Refuse(string code, string detail) => new(code, detail);
}
