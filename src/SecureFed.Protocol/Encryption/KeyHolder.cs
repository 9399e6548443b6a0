using System.Diagnostics.CodeAnalysis;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>One key holder over one task, stepped by hand: announcement in, message to send out.</summary>
/// <remarks>
/// <para>DESIGN section 3, Encryption. In every round it answers one challenge about everybody's shares, signs one list, and gives one sum over that list against a
/// certificate that t_h holders signed the same. The holder of a single key has no challenge to answer, and gives what that one list's sum decrypts to.</para>
/// <para>Every step either refuses and leaves the state as it was, or changes the state and returns one message. The shell saves <see cref="Encode"/> before it sends. Asked again
/// with the same announcement a step returns the same bytes; with another one it refuses. A second challenge answered, or a second list summed, would be linear
/// equations of single clients' keys.</para>
/// <para>State that was lost must not be made up: a holder without the key of its seat refuses the round. State that was rolled back to an older copy cannot be told from
/// state that was never newer; keep one copy.</para>
/// <para>Does not protect against t_h colluding holders, nor against what the sum itself reveals.</para>
/// </remarks>
public sealed class KeyHolder : IDisposable
{
    private readonly HolderContext context;
    private readonly KeyHolderState state;
    private readonly IHolderScheme scheme;
    private OpenedRound? round;
    private UploadList? fixedList;
    private UploadList? signedList;

    private KeyHolder(HolderContext context, KeyHolderState state)
    {
        this.context = context;
        this.state = state;
        scheme = IHolderScheme.Of(context);
    }

    /// <summary>Number of the next offer.</summary>
    public ulong NextNumber => state.NextNumber;

    /// <summary>Offers that no round has taken, by number: what to send again after a restart.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Offers => [.. state.Keys.Values.Select(k => (ReadOnlyMemory<byte>)k.Offer)];

    /// <summary>Highest round number that was joined; 0 before the first.</summary>
    public int LastRoundNumber => state.LastRoundNumber;

    /// <summary>The round that is under way; null between rounds.</summary>
    public RoundParameters? Round => round?.Parameters;

    /// <summary>Of the round that is under way; null between rounds.</summary>
    public Digest? OpenDigest => round?.OpenDigest;

    /// <summary>Own seat in the round that is under way; null between rounds.</summary>
    public HolderEntry? Seat => round?.Encryption.Table.Find(context.Self);

    /// <summary>The fixed list, in the order in which the check takes deliveries; empty before.</summary>
    public IReadOnlyList<ListedUpload> FixedUploads => fixedList?.Uploads ?? [];

    /// <summary>The list that was signed, in the order in which the sum takes deliveries; empty before.</summary>
    public IReadOnlyList<ListedUpload> SignedUploads => signedList?.Uploads ?? [];

    /// <summary>Whether this round's challenge has been answered.</summary>
    public bool HasChecked => state.Round?.CheckAnswer.Length > 0;

    /// <summary>Whether this round's sum has been given; <see cref="OnSumRequest"/> then needs no deliveries.</summary>
    public bool HasSummed => state.Round?.SumAnswer.Length > 0;

    /// <summary>A holder that has offered nothing yet in this task.</summary>
    /// <param name="context">The holder.</param>
    /// <param name="firstNumber">1; after a loss of state a number above all that were ever offered. Lists signed before the loss are then unknown to the cross-round guard.</param>
    public static KeyHolder Create(HolderContext context, ulong firstNumber = 1)
    {
        ArgumentOutOfRangeException.ThrowIfZero(firstNumber);
        return new KeyHolder(context, new KeyHolderState(context.Task.TaskId, context.Self) { NextNumber = firstNumber });
    }

    /// <summary>Goes on from saved state; null if the bytes are no state of this holder in this task.</summary>
    public static KeyHolder? Restore(HolderContext context, ReadOnlySpan<byte> saved)
    {
        if (KeyHolderState.TryDecode(saved) is not { } restored)
            return null;
        KeyHolder holder = new(context, restored);
        if (restored.TaskId == context.Task.TaskId && restored.Holder == context.Self && holder.TryReadRound())
            return holder;
        restored.Dispose();
        return null;
    }

    /// <summary>What to save before a message is sent. Holds secrets: keep it as a key is kept, in one place.</summary>
    public byte[] Encode() => state.Encode();

    /// <summary>Offers one key more for a round to come.</summary>
    /// <returns>A <see cref="SignedHolderKey"/>.</returns>
    public ReadOnlyMemory<byte> Offer(IRandomSource random)
    {
        (byte[] privateKey, ReadOnlyMemory<byte> publicKey) = scheme.Draw(random);
        SignedHolderKey offer = SignedHolderKey.Sign(context.Task.TaskId, context.Self, state.NextNumber, publicKey, context.Signer);
        state.Keys.Add(state.NextNumber++, new KeyHolderState.OfferedKey(privateKey, offer.Bytes.ToArray()));
        return offer.Bytes;
    }

    /// <summary>Joins a round in whose table this holder sits. An earlier round that was still under way ends with it; keys of earlier offers are erased.</summary>
    /// <returns>Null, or why the holder takes no part.</returns>
    public RoundRejection? OnOpening(Announcement opening)
    {
        if (round is not null && round.OpenDigest == Rounds.OpenDigest.Of(opening.Entry.Bytes.Span, opening.Entry.Index))
            return null;
        if (EncryptionExamination.FindFault(context.Examining, opening, state.LastRoundNumber, out OpenedRound? opened) is { } refusal)
            return refusal;
        if (opened!.Encryption.Table.Find(context.Self) is not { } seat)
            return new RoundRejection(ErrorCodes.UnknownHolder, "This holder has no seat in the round: none of its offers was left. Offer further keys.");
        if (!state.Keys.TryGetValue(seat.Number, out KeyHolderState.OfferedKey? key) || !scheme.Matches(key.PrivateKey, seat.RoundKey.Span))
            return new RoundRejection(ErrorCodes.StateLost, $"The private half of the round key, offer {seat.Number}, is not in this holder's state: it has served or was lost. The holder takes no part in the round.");

        KeyHolderRoundState joined = new()
        {
            OpenEntry = opening.Entry.Bytes.ToArray(),
            OpenIndex = opening.Entry.Index,
            InvitedList = opening.Blob.ToArray(),
            PrivateKey = [.. key.PrivateKey],
        };
        state.Round?.Dispose();
        foreach (ulong number in state.Keys.Keys.TakeWhile(n => n <= seat.Number).ToArray())
            state.Erase(number);
        state.Round = joined;
        state.LastRoundNumber = opened.Parameters.Number;
        (round, fixedList, signedList) = (opened, null, null);
        return null;
    }

    /// <summary>Takes note of the fixed uploads without answering the challenge: for a holder that comes after the check. It may still sign a list and give a sum.</summary>
    /// <returns>Null, or why the list is refused.</returns>
    public RoundRejection? AcceptFixedUploads(Announcement announcement)
    {
        if (!IsUnderWay(out KeyHolderRoundState? active) || !scheme.HasCheck)
            return OutOfOrder;
        if (FindFixedFault(active, announcement, out UploadList? list) is { } refusal)
            return refusal;
        Keep(active, announcement, list!);
        return null;
    }

    /// <summary>Answers the round's one challenge: masked combinations of every listed client's share.</summary>
    /// <param name="announcement">The list that fixes all uploads.</param>
    /// <param name="deliveries">One for each listed upload, in the list's order; read once, and not at all if the challenge was answered before.</param>
    public HolderStep OnFixedUploads(Announcement announcement, IEnumerable<HolderDelivery> deliveries)
    {
        if (!IsUnderWay(out KeyHolderRoundState? active) || !scheme.HasCheck)
            return HolderStep.Refuse(OutOfOrder);
        if (FindFixedFault(active, announcement, out UploadList? list) is { } refusal)
            return HolderStep.Refuse(refusal);
        if (active.CheckAnswer.Length > 0)
            return HolderStep.Send(active.CheckAnswer);
        if (active.PrivateKey.Length == 0)
            return HolderStep.Refuse(OutOfOrder);
        using ShareReader reader = new(context, round, active.PrivateKey);
        if (HolderShares.TryCheck(reader, list!.Uploads, deliveries, ChallengeOf(announcement), out ShareCheckAnswer? answer) is { } fault)
            return HolderStep.Refuse(fault);
        active.CheckAnswer = Sign(answer!);
        Keep(active, announcement, list);
        return HolderStep.Send(active.CheckAnswer);
    }

    /// <summary>Signs the list of uploads to be summed, one per round.</summary>
    public HolderStep OnSurvivors(Announcement announcement)
    {
        if (!IsUnderWay(out KeyHolderRoundState? active))
            return HolderStep.Refuse(OutOfOrder);
        if (signedList is not null)
            return announcement.Blob.Span.SequenceEqual(active.SignedList) && announcement.Entry.Index == active.SignedIndex ? HolderStep.Send(active.ListSignature) : HolderStep.Refuse(SecondList);
        if (scheme.HasCheck && fixedList is null)
            return HolderStep.Refuse(OutOfOrder);
        if (ListAnnouncement.FindFault(announcement, context.Task, context.Policy, EventType.SurvivorsListed, round.Parameters.RoundId, scheme.HasCheck ? active.FixedIndex : active.OpenIndex) is { } fault)
            return HolderStep.Refuse(fault);
        if (round.TryReadList(announcement.Blob.Span, out UploadList? list) is { } refusal)
            return HolderStep.Refuse(refusal);
        if (fixedList?.Uploads.ToHashSet().IsSupersetOf(list!.Uploads) == false)
            return HolderStep.Refuse(ErrorCodes.InvalidSurvivors, "The list holds an upload that was not fixed before the challenge; the holder signs nothing.");
        Identifier[] survivors = [.. list!.Uploads.Select(u => u.Client)];
        int leastDifference = context.Task.Cohort.LeastDifference;
        if (state.History.IsTooSimilar(round.Parameters.Kind, survivors, leastDifference))
            return HolderStep.Refuse(ErrorCodes.SurvivorsTooSimilar, $"The survivors differ by fewer than {leastDifference} clients from those of an earlier round: the two sums could be subtracted. The holder signs nothing.");

        active.ListSignature = Sign(new ListSignature(Digest.Of(announcement.Blob.Span), announcement.Entry.Index));
        active.SignedList = announcement.Blob.ToArray();
        active.SignedIndex = announcement.Entry.Index;
        state.History = state.History.Add(round.Parameters.Number, round.Parameters.Kind, survivors);
        signedList = list;
        return HolderStep.Send(active.ListSignature);
    }

    /// <summary>Gives, once, the sum of the key shares over the signed list (under a single key the decrypted sum), after verifying itself that t_h holders signed the same. The round's key is erased with it.</summary>
    /// <param name="announcement">The request with its certificate.</param>
    /// <param name="deliveries">One for each upload of the signed list, in its order; read once, and not at all if the sum was given before.</param>
    public HolderStep OnSumRequest(Announcement announcement, IEnumerable<HolderDelivery> deliveries)
    {
        if (!IsUnderWay(out KeyHolderRoundState? active) || signedList is null)
            return HolderStep.Refuse(OutOfOrder);
        if (ListAnnouncement.FindFault(announcement, context.Task, context.Policy, EventType.UnmaskRequested, round.Parameters.RoundId, active.SignedIndex) is { } fault)
            return HolderStep.Refuse(fault);
        if (!KeySumRequest.TryDecode(announcement.Blob.Span, out KeySumRequest? request) || request!.OpenDigest != round.OpenDigest)
            return HolderStep.Refuse(ErrorCodes.InvalidCertificate, "The request does not belong to this opening of the round; no sum is given.");
        if (request.ListDigest != Digest.Of(active.SignedList) || request.ListEntryIndex != active.SignedIndex)
            return HolderStep.Refuse(SecondList);
        if (!ListCertificate.IsValid(request, round, context.Task, context.Roster))
            return HolderStep.Refuse(ErrorCodes.InvalidCertificate, $"The list lacks {round.Encryption.Specification.Threshold} valid signatures of holders of this round; no sum is given.");
        if ((context.Policy.Check(context.InForce) ?? context.Policy.Check(round.Thresholds)) is { } violation)
            return HolderStep.Refuse(violation);
        if (active.SumAnswer.Length > 0)
            return HolderStep.Send(active.SumAnswer);

        if (scheme.TryAnswer(round, active.PrivateKey, request.ListDigest, signedList.Uploads, deliveries, out IMessageBody? answer) is { } refusal)
            return HolderStep.Refuse(refusal);
        active.SumAnswer = Sign(answer!);
        active.EraseKey();
        return HolderStep.Send(active.SumAnswer);
    }

    /// <summary>Ends a round that was closed or aborted and erases its key. Another round than the one under way is not touched.</summary>
    public void EndRound(Identifier roundId)
    {
        if (round?.Parameters.RoundId != roundId)
            return;
        state.Round?.Dispose();
        state.Round = null;
        (round, fixedList, signedList) = (null, null, null);
    }

    public void Dispose() => state.Dispose();

    public override string ToString() => "KeyHolder(hidden)";

    private static RoundRejection OutOfOrder { get; } =
        new(ErrorCodes.WrongPhase, "The holder has not seen what comes before this step of the round; show it the earlier announcements first.");

    private static RoundRejection SecondList { get; } =
        new(ErrorCodes.SecondList, "The server presented a second list for this round; a holder signs and sums one list only.");

    private static Digest ChallengeOf(Announcement announcement) => Rounds.OpenDigest.Of(announcement.Entry.Bytes.Span, announcement.Entry.Index);

    [MemberNotNullWhen(true, nameof(round))]
    private bool IsUnderWay([NotNullWhen(true)] out KeyHolderRoundState? active)
    {
        active = state.Round;
        return active is not null && round is not null;
    }

    private RoundRejection? FindFixedFault(KeyHolderRoundState active, Announcement announcement, out UploadList? list)
    {
        list = fixedList;
        if (list is not null)
        {
            return ChallengeOf(announcement) == active.ChallengeDigest && announcement.Blob.Span.SequenceEqual(active.FixedList)
                ? null
                : new RoundRejection(ErrorCodes.HistoryRewritten, "The server fixed the uploads of this round a second time; a holder answers one challenge only and keeps its first view.");
        }

        return ListAnnouncement.FindFault(announcement, context.Task, context.Policy, EventType.UploadsFixed, round!.Parameters.RoundId, active.OpenIndex)
            ?? round.TryReadList(announcement.Blob.Span, out list);
    }

    private void Keep(KeyHolderRoundState active, Announcement announcement, UploadList list)
    {
        active.FixedList = announcement.Blob.ToArray();
        active.FixedIndex = announcement.Entry.Index;
        active.ChallengeDigest = ChallengeOf(announcement);
        fixedList = list;
    }

    private bool TryReadRound()
    {
        if (state.Round is not { } active)
            return true;
        round = OpenedRound.TryRead(context.Task, active.OpenEntry, active.OpenIndex, active.InvitedList);
        return round?.Encryption.Table.Find(context.Self) is { } seat
            && (active.PrivateKey.Length == 0 || scheme.Matches(active.PrivateKey, seat.RoundKey.Span))
            && TryReadList(active.FixedList, out fixedList)
            && TryReadList(active.SignedList, out signedList);
    }

    /// <summary>A list that was kept; none is empty bytes.</summary>
    private static bool TryReadList(byte[] saved, out UploadList? list)
    {
        list = null;
        return saved.Length == 0 || UploadList.TryDecode(saved, out list);
    }

    private byte[] Sign(IMessageBody body) =>
        SignedMessage.Sign(new MessageHeader(context.Task.TaskId, round!.Parameters.RoundId, context.Self, round.OpenDigest), body, context.Signer).Bytes.ToArray();
}
