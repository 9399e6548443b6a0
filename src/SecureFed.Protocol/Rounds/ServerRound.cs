using SecureFed.Cryptography.Rings;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Rounds;

/// <summary>One aggregation as the server sees it: decides about messages, folds events, releases the sum.</summary>
/// <remarks>
/// <para>Stepped by hand: <see cref="Handle"/> and <see cref="Advance(Patience)"/> decide and change nothing; the shell makes the decided event durable and then
/// calls <see cref="Apply"/>, which is the only way the state moves. A restart folds the same events and stands in the same place.</para>
/// <para>Masking: Advertise → Share → Upload → Confirm → Unmask → Closed | Aborted. Bonawitz et al. 2017, Figure 4, with the changes of DESIGN section 3.
/// Encryption: Upload → Check → Confirm → Unmask → Closed | Aborted; under a single key without Check.</para>
/// <para>Holds only protected vectors. Learns the sum of the survivors' updates and nothing else, as long as at least h honest clients survive
/// (threat-model.md, claims C1 to C3).</para>
/// </remarks>
public sealed class ServerRound
{
    private readonly IServerProtection protection;
    private readonly AcceptedMessages messages = new();
    private readonly Dictionary<EventType, (ulong Index, Digest ListDigest)> lists = [];
    private readonly Identifier taskId;
    private readonly ReadOnlyMemory<byte> pseudonymSalt;
    private readonly IBlobSource blobs;
    private readonly SurvivorHistory released;

    // The round of which this is a leaf; its advertisements name the clients.
    private readonly ServerRound? trunk;
    private ServerRound[] leaves = [];

    internal ServerRound(
        Identifier taskId,
        ulong openIndex,
        ReadOnlySpan<byte> openEntry,
        RoundParameters parameters,
        Roster roster,
        ReadOnlyMemory<byte> pseudonymSalt,
        IBlobSource blobs,
        SurvivorHistory released)
    {
        this.taskId = taskId;
        this.pseudonymSalt = pseudonymSalt;
        this.blobs = blobs;
        Roster = roster;
        this.released = released;
        Parameters = parameters;
        OpenIndex = openIndex;
        OpenDigest = Rounds.OpenDigest.Of(openEntry, openIndex);
        protection = parameters.Protection switch
        {
            ProtectionKind.Masking => new MaskingServer(taskId, parameters, OpenDigest, roster, blobs, released),
            ProtectionKind.EncryptionSingleKey => new SingleKeyServer(taskId, parameters, OpenDigest, blobs, released),
            _ => new EncryptionServer(taskId, parameters, OpenDigest, roster, blobs, released),
        };
        Phase = protection.FirstPhase;
        CohortSize = protection.Members.Count;
    }

    /// <summary>A leaf: starts where its round has published the cohort.</summary>
    private ServerRound(ServerRound whole, MaskingCohort cohort)
    {
        trunk = whole;
        taskId = whole.taskId;
        pseudonymSalt = whole.pseudonymSalt;
        blobs = whole.blobs;
        Roster = whole.Roster;
        released = whole.released;
        Parameters = whole.Parameters with { RoundId = cohort.RoundId };
        OpenIndex = whole.OpenIndex;
        OpenDigest = whole.OpenDigest;
        CohortSize = cohort.Count;
        Phase = RoundPhase.Share;
        protection = new MaskingServer(taskId, Parameters, OpenDigest, Roster, blobs, released, cohort, () => whole.ListedBeside(this));
    }

    public RoundParameters Parameters { get; }

    /// <summary>Under which the round opened: who may take part in it, whatever roster came later.</summary>
    public Roster Roster { get; }

    public ulong OpenIndex { get; }

    public Digest OpenDigest { get; }

    /// <summary>Where the round stands. A round with leaves stays in Share until the last of its leaves is over.</summary>
    public RoundPhase Phase { get; private set; }

    /// <summary>Whether the round is still in the phase with which it opened, in which clients compute: it lasts longer than the others.</summary>
    public bool IsCollecting => Phase == protection.FirstPhase;

    /// <summary>The leaves of a round that has more than one, once the cohort is published; each a full round of its own from Share on.</summary>
    public IReadOnlyList<ServerRound> Leaves => leaves;

    /// <summary>Error code of an aborted round.</summary>
    public string? AbortReason { get; private set; }

    /// <summary>n after Advertise.</summary>
    public int CohortSize { get; private set; }

    /// <summary>Number of summed updates once the survivors are listed.</summary>
    public int SurvivorCount => leaves.Length == 0 ? protection.Survivors.Count : ClosedLeaves.Sum(l => l.SurvivorCount);

    /// <summary>The cohort, once it is published; ascending within each leaf.</summary>
    public IReadOnlyList<Identifier> Members => leaves.Length == 0 ? protection.Members : [.. leaves.SelectMany(l => l.Members)];

    /// <summary>Whose updates the sum holds, once the survivors are listed; ascending within each leaf.</summary>
    public IReadOnlyList<Identifier> Survivors => leaves.Length == 0 ? protection.Survivors : [.. ClosedLeaves.SelectMany(l => l.Survivors)];

    /// <summary>σ² of the noise in every coordinate of the sum, integer units: a share of each survivor. 0 without noise, and before there are survivors.</summary>
    public double NoiseVariance => Parameters.Noise is not { } noise ? 0
        : leaves.Length > 0 ? ClosedLeaves.Sum(l => l.NoiseVariance)
        : CohortSize == 0 ? 0
        : SurvivorCount * (double)NoiseShare.VarianceOf(
            Parameters.Layout, noise.NoiseMultiplier, CohortThresholds.HonestIn(Parameters.Cohort, trunk?.CohortSize ?? CohortSize, CohortSize)).Numerator;

    /// <summary>Digest of the sum: d ring elements, 32-bit big-endian each.</summary>
    public Digest? AggregateDigest { get; private set; }

    /// <summary>Digest of what was taken away for it: the total of the masks, or the sum of keys; under a single key, of the digests of the ciphertexts that were decrypted.</summary>
    public Digest? MaskTotalDigest { get; private set; }

    /// <summary>Pseudonyms of the clients against whom the unmask answers speak, ascending; empty before the end. A hint for people: nobody is excluded by it.</summary>
    public IReadOnlyList<Identifier> Suspects { get; private set; } = [];

    /// <summary>Log indices of the published lists by kind, for the shell that serves them.</summary>
    public IReadOnlyDictionary<EventType, (ulong Index, Digest ListDigest)> Lists => lists;

    /// <summary>Decides about one authenticated message. Changes nothing.</summary>
    public MessageDecision Handle(SignedMessage message)
    {
        if (message.Header.TaskId != taskId || message.Header.RoundId != Parameters.RoundId)
            return MessageDecision.Refuse(ErrorCodes.RoundMismatch, "The message belongs to another task or round; fetch the current round and start over.");
        if (leaves.Length > 0 && message.Body.Type != MessageType.Advertisement)
            return MessageDecision.Refuse(ErrorCodes.RoundMismatch, "This round has leaves; the message must name the sender's leaf.");
        EventType kind = EventOf(message.Body.Type);
        if (messages.Of(kind).TryGetValue(message.Header.Sender, out AcceptedMessage earlier))
        {
            return earlier.Digest == message.Digest
                ? MessageDecision.Repeat(earlier.Index)
                : MessageDecision.Refuse(
                    kind == EventType.UpdateUploaded ? ErrorCodes.ConflictingUpload : ErrorCodes.ConflictingMessage,
                    "A different message of this kind was already accepted from this client; only the same bytes may be sent again.");
        }

        RoundPhase expected = PhaseOf(message.Body.Type);
        if (Phase > expected)
            return MessageDecision.Refuse(ErrorCodes.TooLate, $"The round is past {expected}; wait for the next round.");
        if (Phase < expected)
            return MessageDecision.Refuse(ErrorCodes.WrongPhase, $"The round is still in {Phase}; wait for {expected}.");
        if (protection.Validate(message) is { } rejection)
            return MessageDecision.Refuse(rejection);

        Identifier pseudonym = Pseudonym.Of(pseudonymSalt.Span, message.Header.Sender);
        return MessageDecision.Accept(new PendingEvent(new TaskEvent.MessageAccepted(kind, Parameters.RoundId, pseudonym, message.Digest), message.Record) { Vectors = message.Body.Vectors });
    }

    /// <summary>The next event if the round can move on, else null. Changes nothing; call again after applying it.</summary>
    public PendingEvent? Advance(Patience patience) => Advance(_ => patience);

    /// <summary>The same with a patience for each leaf.</summary>
    public PendingEvent? Advance(Func<ServerRound, Patience> patienceWith) => Phase switch
    {
        RoundPhase.Closed or RoundPhase.Aborted => null,
        RoundPhase.Share when leaves.Length > 0 => AdvanceLeaves(patienceWith),
        RoundPhase.Unmask => AdvanceRelease(patienceWith(this)),
        _ => protection.Advance(Phase, patienceWith(this)),
    };

    /// <summary>The event that ends the round without a sum, for an operator or a fault outside the protocol.</summary>
    public PendingEvent Abort(string reason) => new(new TaskEvent.RoundAborted(Parameters.RoundId, reason));

    /// <summary>The fold. Events come from the log in order; an illegal one is a corrupt log.</summary>
    /// <exception cref="InvalidOperationException">The event does not fit the state.</exception>
    internal void Apply(ulong index, TaskEvent change)
    {
        if (leaves.Length > 0 && leaves.FirstOrDefault(l => l.Parameters.RoundId == RoundIdOf(change)) is { } leaf)
        {
            leaf.Apply(index, change);
            return;
        }

        switch (change)
        {
            case TaskEvent.MessageAccepted accepted when accepted.RoundId == Parameters.RoundId && leaves.Length == 0:
                ApplyMessage(index, accepted);
                break;
            case TaskEvent.ListPublished published when published.RoundId == Parameters.RoundId && leaves.Length == 0:
                ApplyList(index, published);
                break;
            case TaskEvent.RoundClosed closed when closed.RoundId == Parameters.RoundId && IsSummed && closed.Survivors == SurvivorCount && !IsTooSimilar:
                Suspects = Known(closed.Suspects);
                AggregateDigest = closed.AggregateDigest;
                MaskTotalDigest = closed.MaskTotalDigest;
                Phase = RoundPhase.Closed;
                protection.Forget();
                break;
            case TaskEvent.RoundAborted aborted when aborted.RoundId == Parameters.RoundId && Phase is not RoundPhase.Closed and not RoundPhase.Aborted:
                Suspects = Known(aborted.Suspects);
                AbortWith(aborted.Reason);
                break;
            default:
                throw new InvalidOperationException($"The log holds {change.Type} while the round is in {Phase}.");
        }
    }

    /// <summary>The sealed shares that were dealt to one cohort member, as (dealer index, box), for its inbox.</summary>
    public IReadOnlyList<(int Dealer, ReadOnlyMemory<byte> Box)> InboxOf(Identifier client) => protection.InboxOf(client);

    /// <summary>Signed statements of the fixed uploads in order, from one place on, each with the share that it seals to one key holder; empty after the last, and for whoever has no seat.</summary>
    public IReadOnlyList<HolderDelivery> DeliveriesTo(Identifier holder, int from, int count) => protection.DeliveriesTo(holder, from, count);

    /// <summary>A listed upload as the holder of a round's single key adds it itself; null before there is a list, for an upload that is not in it, and for anybody else.</summary>
    public HolderDelivery? DeliveryOf(Identifier holder, Identifier client) => protection.DeliveryOf(holder, client);

    /// <summary>Log index of a client's accepted message, for its receipt.</summary>
    public ulong? IndexOf(EventType kind, Identifier client) =>
        messages.Of(kind).TryGetValue(client, out AcceptedMessage message)
            ? message.Index
            : leaves.Select(l => l.IndexOf(kind, client)).FirstOrDefault(i => i is not null);

    public int CountOf(EventType kind) => messages.Of(kind).Count + leaves.Sum(l => l.CountOf(kind));

    /// <summary>Whether the answers so far give what has this digest in the log as removed. For an audit after the uploads are gone.</summary>
    internal bool IsRemoved(Digest removed, Digest aggregate) => Phase == RoundPhase.Unmask && protection.IsRemoved(removed, aggregate);

    private IEnumerable<ServerRound> ClosedLeaves => leaves.Where(l => l.Phase == RoundPhase.Closed);

    private bool IsOver => Phase is RoundPhase.Closed or RoundPhase.Aborted;

    /// <summary>Whether the next event may be the sum.</summary>
    private bool IsSummed => leaves.Length == 0 ? Phase == RoundPhase.Unmask : Phase == RoundPhase.Share && leaves.All(l => l.IsOver) && ClosedLeaves.Any();

    /// <summary>Whether the sum of the leaves comes too near to that of an earlier round; each leaf's own survivors were compared when they were listed.</summary>
    private bool IsTooSimilar => leaves.Length > 0 && released.IsTooSimilar(Parameters.Kind, Survivors, Parameters.Cohort.LeastDifference);

    /// <summary>Survivors of all other leaves once none of them can list any more, null before: who lists last heeds the guard for the whole sum.</summary>
    private IReadOnlyList<Identifier>? ListedBeside(ServerRound last)
    {
        ServerRound[] others = [.. leaves.Where(l => l != last && l.Phase != RoundPhase.Aborted)];
        return others.All(l => l.Phase > RoundPhase.Upload) ? [.. others.SelectMany(l => l.Survivors)] : null;
    }

    private PendingEvent? AdvanceLeaves(Func<ServerRound, Patience> patienceWith)
    {
        foreach (ServerRound leaf in leaves)
        {
            if (leaf.Advance(patienceWith) is { } pending)
                return pending;
        }

        if (!leaves.All(l => l.IsOver))
            return null;
        string? failure = !ClosedLeaves.Any() ? leaves[0].AbortReason ?? ErrorCodes.InternalError : IsTooSimilar ? ErrorCodes.SurvivorsTooSimilar : null;
        return failure is null ? SumLeaves() : new PendingEvent(new TaskEvent.RoundAborted(Parameters.RoundId, failure, SuspectsOfLeaves()));
    }

    private Identifier[] SuspectsOfLeaves() => [.. leaves.SelectMany(l => l.Suspects).Distinct().Order().Take(SuspectList.GreatestCount)];

    /// <summary>A leaf that failed is missing from the sum, as its clients would be had they dropped out.</summary>
    private PendingEvent SumLeaves()
    {
        uint[] sum = new uint[Parameters.Layout.Dimension];
        uint[] masks = new uint[sum.Length];
        uint[] words = new uint[sum.Length];
        foreach (ServerRound leaf in ClosedLeaves)
        {
            AddTo(sum, leaf.AggregateDigest!.Value);
            AddTo(masks, leaf.MaskTotalDigest!.Value);
        }

        Ring.Reduce(sum, Parameters.Layout.RingBits);
        Ring.Reduce(masks, Parameters.Layout.RingBits);
        return Close(sum, RingVector.Encode(masks), SuspectsOfLeaves());

        void AddTo(uint[] total, Digest blob)
        {
            if (!RingVector.TryDecode(blobs.Get(blob).Span, words))
                throw new InvalidOperationException("The sum of a closed leaf is malformed.");
            Ring.Add(total, words);
        }
    }

    private void AbortWith(string reason)
    {
        AbortReason = reason;
        Phase = RoundPhase.Aborted;
        protection.Forget();
        foreach (ServerRound leaf in leaves.Where(l => !l.IsOver))
            leaf.AbortWith(reason);
    }

    private PendingEvent? AdvanceRelease(Patience patience)
    {
        ProtectionRelease release = protection.TryRelease(patience);
        Identifier[] suspects = [.. release.Suspects.Take(SuspectList.GreatestCount).Select(client => Pseudonym.Of(pseudonymSalt.Span, client)).Order()];
        if (release.Failure is not null)
            return new PendingEvent(new TaskEvent.RoundAborted(Parameters.RoundId, release.Failure, suspects));
        return release.Sum is null ? null : Close(release.Sum, release.Removed!, suspects);
    }

    private PendingEvent Close(uint[] sum, byte[] removed, IReadOnlyList<Identifier> suspects)
    {
        byte[] aggregate = RingVector.Encode(sum);
        return new PendingEvent(
            new TaskEvent.RoundClosed(Parameters.RoundId, Digest.Of(aggregate), Digest.Of(removed), SurvivorCount, suspects),
            aggregate,
            removed);
    }

    /// <exception cref="InvalidOperationException">A name is no pseudonym of a participant of this round.</exception>
    private IReadOnlyList<Identifier> Known(IReadOnlyList<Identifier> suspects) =>
        suspects.Except((trunk ?? this).protection.Participants.Select(client => Pseudonym.Of(pseudonymSalt.Span, client))).Any()
            ? throw new InvalidOperationException("The log suspects somebody who is not in the round.")
            : suspects;

    private void ApplyMessage(ulong index, TaskEvent.MessageAccepted accepted)
    {
        if (SignedMessage.TryDecodeRecord(blobs.Get(accepted.MessageDigest), out SignedMessage? message) is not null
            || EventOf(message!.Body.Type) != accepted.Kind
            || PhaseOf(message.Body.Type) != Phase
            || messages.Of(accepted.Kind).ContainsKey(message.Header.Sender)
            || accepted.Pseudonym != Pseudonym.Of(pseudonymSalt.Span, message.Header.Sender))
        {
            throw new InvalidOperationException($"Entry {index} accepts a message that does not fit the round in {Phase}.");
        }

        messages.Add(accepted.Kind, message.Header.Sender, new AcceptedMessage(index, accepted.MessageDigest));
        protection.Apply(index, accepted, message, default);
    }

    private void ApplyList(ulong index, TaskEvent.ListPublished published)
    {
        (RoundPhase before, RoundPhase after) = published.Kind switch
        {
            EventType.CohortPublished => (RoundPhase.Advertise, RoundPhase.Share),
            EventType.DealersListed => (RoundPhase.Share, RoundPhase.Upload),
            EventType.UploadsFixed => (RoundPhase.Upload, RoundPhase.Check),
            EventType.SurvivorsListed => (protection.PhaseOfSelection, RoundPhase.Confirm),
            EventType.UnmaskRequested => (RoundPhase.Confirm, RoundPhase.Unmask),
            _ => throw new InvalidOperationException($"{published.Kind} is not a list."),
        };
        if (Phase != before)
            throw new InvalidOperationException($"The log holds {published.Kind} while the round is in {Phase}.");
        ReadOnlyMemory<byte> list = blobs.Get(published.ListDigest);
        protection.Apply(index, published, null, list);
        lists[published.Kind] = (index, published.ListDigest);
        Phase = after;
        if (published.Kind == EventType.CohortPublished)
            FixCohort(published.Count, list);
    }

    private void FixCohort(int count, ReadOnlyMemory<byte> bytes)
    {
        CohortSize = count;
        if (Parameters.Cohort.Leaves == 1)
            return;
        if (!CohortList.TryDecode(bytes.Span, out CohortList? cohort))
            throw new InvalidOperationException("A published cohort is malformed.");
        leaves = [.. CohortLeaf.Cut(cohort!, bytes.ToArray(), Parameters).Select(leaf => new ServerRound(this, MaskingCohort.Create(leaf)))];
    }

    private static Identifier? RoundIdOf(TaskEvent change) => change switch
    {
        TaskEvent.MessageAccepted accepted => accepted.RoundId,
        TaskEvent.ListPublished published => published.RoundId,
        TaskEvent.RoundClosed closed => closed.RoundId,
        TaskEvent.RoundAborted aborted => aborted.RoundId,
        _ => null,
    };

    private static EventType EventOf(MessageType type) => type switch
    {
        MessageType.Advertisement => EventType.KeysAdvertised,
        MessageType.ShareBundle => EventType.SharesDealt,
        MessageType.Upload or MessageType.EncryptedUpload or MessageType.SingleKeyUpload => EventType.UpdateUploaded,
        MessageType.ShareCheckAnswer => EventType.SharesChecked,
        MessageType.Confirmation or MessageType.ListSignature => EventType.SurvivorsConfirmed,
        MessageType.UnmaskAnswer or MessageType.KeySumAnswer or MessageType.SingleKeyAnswer => EventType.UnmaskAnswered,
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    private static RoundPhase PhaseOf(MessageType type) => type switch
    {
        MessageType.Advertisement => RoundPhase.Advertise,
        MessageType.ShareBundle => RoundPhase.Share,
        MessageType.Upload or MessageType.EncryptedUpload or MessageType.SingleKeyUpload => RoundPhase.Upload,
        MessageType.ShareCheckAnswer => RoundPhase.Check,
        MessageType.Confirmation or MessageType.ListSignature => RoundPhase.Confirm,
        MessageType.UnmaskAnswer or MessageType.KeySumAnswer or MessageType.SingleKeyAnswer => RoundPhase.Unmask,
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };
}
