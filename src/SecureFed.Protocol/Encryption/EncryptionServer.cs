using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>The server's side of a round with one-time keys: adds ciphertexts as they come, has the shares checked, and opens the one sum that t_h holders certify.</summary>
/// <remarks>
/// DESIGN section 3, Encryption. The server never holds a key share in clear before the holders sum them, and of the keys only S = Σ s_i over the one list. What it keeps of an
/// upload while the round runs is its statement; the ciphertext is added to the running sum and lies in the log's store.
/// </remarks>
internal sealed class EncryptionServer : IServerProtection
{
    private readonly Identifier taskId;
    private readonly RoundParameters parameters;
    private readonly RoundEncryption encryption;
    private readonly Digest openDigest;
    private readonly Roster roster;
    private readonly IBlobSource blobs;
    private readonly SurvivorHistory released;
    private readonly BfvParameters arithmetic;
    private readonly CohortThresholds thresholds;
    private readonly Identifier[] invited;
    private readonly SortedDictionary<Identifier, AcceptedUpload> uploads = [];
    private readonly HashSet<Digest> seen = [];
    private readonly Dictionary<int, ShareCheckAnswer> checks = [];
    private readonly SortedDictionary<int, ReadOnlyMemory<byte>> signatures = [];
    private readonly SortedDictionary<int, ulong[]> sums = [];
    private CiphertextSum? total;
    private Digest challengeDigest;
    private ShareVerdicts? verdicts;
    private Identifier[] survivors = [];
    private Digest listDigest;
    private ulong listIndex;

    /// <exception cref="InvalidOperationException">The parameters are not those of an encrypted round.</exception>
    public EncryptionServer(Identifier taskId, RoundParameters parameters, Digest openDigest, Roster roster, IBlobSource blobs, SurvivorHistory released)
    {
        this.taskId = taskId;
        this.parameters = parameters;
        this.openDigest = openDigest;
        this.roster = roster;
        this.blobs = blobs;
        this.released = released;
        encryption = parameters.Encryption ?? throw new InvalidOperationException("An encrypted round names its holders.");
        invited = InvitedList.TryDecode(blobs.Get(encryption.InvitedDigest).Span, out InvitedList? list)
            ? [.. list!.Clients]
            : throw new InvalidOperationException("The list of invited clients is malformed.");
        thresholds = CohortThresholds.TryDeriveEncrypted(parameters.Cohort, invited.Length, out string reason) ?? throw new InvalidOperationException(reason);
        arithmetic = EncryptedRound.ParametersOf(parameters);
        total = NewSum();
    }

    public RoundPhase FirstPhase => RoundPhase.Upload;

    public RoundPhase PhaseOfSelection => RoundPhase.Check;

    public IReadOnlyList<Identifier> Members => invited;

    public IReadOnlyList<Identifier> Survivors => survivors;

    public IEnumerable<Identifier> Participants => invited.Concat(encryption.Table.Entries.Select(seat => seat.Holder));

    private EncryptionSpecification Specification => encryption.Specification;

    private HolderTable Table => encryption.Table;

    public RoundRejection? Validate(SignedMessage message)
    {
        if (message.Header.Binding != openDigest)
            return Refuse(ErrorCodes.RoundMismatch, "The message binds another opening of the round; fetch the ROUND_OPENED entry again.");
        if (message.Body.SenderRole == RosterRole.KeyHolder && Table.Find(message.Header.Sender) is null)
            return Refuse(ErrorCodes.UnknownHolder, "The sender has no seat in this round's holder table.");
        return message.Body switch
        {
            EncryptedUpload upload => ValidateStatement(message.Header.Sender, upload.Statement) ?? ValidateContent(upload),
            EncryptedUploadStatement statement => ValidateStatement(message.Header.Sender, statement),
            ShareCheckAnswer answer => ValidateCheck(answer),
            ListSignature signature => signature.ListDigest == listDigest && signature.EntryIndex == listIndex
                ? null
                : Refuse(ErrorCodes.RoundMismatch, "The signature is for another list than the published one."),
            KeySumAnswer answer => ValidateSum(answer),
            _ => Refuse(ErrorCodes.InvalidMessage, "This message has no place in an encrypted round."),
        };
    }

    public PendingEvent? Advance(RoundPhase phase, Patience patience) => phase switch
    {
        RoundPhase.Upload => AdvanceUpload(patience),
        RoundPhase.Check => AdvanceCheck(patience),
        RoundPhase.Confirm => signatures.Count >= Specification.Threshold ? RequestSums() : patience == Patience.DeadlinePassed ? Abort(ErrorCodes.QuorumMissing) : null,
        _ => throw new ArgumentOutOfRangeException(nameof(phase)),
    };

    public void Apply(ulong index, TaskEvent change, SignedMessage? message, ReadOnlyMemory<byte> list)
    {
        if (message is not null)
            ApplyMessage(message);
        else
            ApplyList(index, (TaskEvent.ListPublished)change, list.Span);
    }

    public IReadOnlyList<HolderDelivery> DeliveriesTo(Identifier holder, int from, int count)
    {
        int seat = Table.PlaceOf(holder);
        return seat < 0 ? [] : [.. uploads.Values.Skip(from).Take(count).Select(upload => new HolderDelivery(blobs.Get(upload.Digest), blobs.Get(upload.Statement.BoxDigests[seat])))];
    }

    public void Forget()
    {
        seen.Clear();
        checks.Clear();
        sums.Clear();
        total = null;
    }

    public ProtectionRelease TryRelease(Patience patience)
    {
        bool isLast = patience == Patience.DeadlinePassed || sums.Count == Table.Entries.Count;
        (int[] seats, int[] points, ulong[] vectors) = UsableSums();
        if (seats.Length < Specification.Threshold)
            return isLast ? ProtectionRelease.Failed(ErrorCodes.TooFewAnswers, []) : ProtectionRelease.Waiting;

        CiphertextSum ciphertexts = total ?? AddAgain();
        uint[] decrypted = new uint[ciphertexts.Dimension];
        using PublicPolynomials polynomials = new(arithmetic.Set, openDigest.ToArray());
        foreach ((ulong[] sumOfKeys, int[] wrong) in KeySums.Candidates(arithmetic.Set, points, vectors, Specification.Threshold, Specification.CorruptHolders))
        {
            if (OneTimeDecryption.TryDecrypt(ciphertexts, polynomials, sumOfKeys, 0, decrypted, out _))
                return new ProtectionRelease(decrypted[..parameters.Layout.Dimension], Encode(sumOfKeys), null, NamesOf([.. wrong.Select(k => seats[k]), .. verdicts?.WrongSeats ?? []]));
        }

        // More sums may show which of these are wrong.
        return isLast ? ProtectionRelease.Failed(ErrorCodes.InvalidAggregate, NamesOf(verdicts?.WrongSeats ?? [])) : ProtectionRelease.Waiting;
    }

    public bool IsRemoved(Digest removed, Digest aggregate)
    {
        (_, int[] points, ulong[] vectors) = UsableSums();
        return KeySums.Candidates(arithmetic.Set, points, vectors, Specification.Threshold, Specification.CorruptHolders).Any(candidate => Digest.Of(Encode(candidate.Sum)) == removed);
    }

    private RoundRejection? ValidateStatement(Identifier sender, EncryptedUploadStatement statement)
    {
        if (Array.BinarySearch(invited, sender) < 0)
            return Refuse(ErrorCodes.NotInCohort, "The sender is not invited to this round; wait for the next round.");
        if (statement.BoxDigests.Count != Table.Entries.Count)
            return Refuse(ErrorCodes.LengthMismatch, $"This round takes one sealed share for each of {Table.Entries.Count} key holders.");
        if (!P256.IsValidPublicKey(statement.SealingKey.Span))
            return Refuse(ErrorCodes.InvalidKey, "The sealing key is no point on P-256 in uncompressed form.");

        // Another client's bytes prove nothing about their sender; its boxes would not open for it either.
        return NamesIn(statement).Any(seen.Contains) || NamesIn(statement).Distinct().Count() < Table.Entries.Count + 2
            ? Refuse(ErrorCodes.InvalidCiphertext, "A part of this upload was sent before by another client, or stands in it twice. Encrypt under a fresh key.")
            : null;
    }

    private RoundRejection? ValidateContent(EncryptedUpload upload)
    {
        if (upload.Boxes[0].Length != EncryptedRound.BoxBytes(arithmetic.Set))
            return Refuse(ErrorCodes.LengthMismatch, $"A sealed share of this round has {EncryptedRound.BoxBytes(arithmetic.Set)} bytes.");
        return (total ?? NewSum()).Accepts(upload.Ciphertexts.Span)
            ? null
            : Refuse(ErrorCodes.InvalidCiphertext, $"This round takes {EncryptedRound.LengthOf(parameters)} coefficients of {arithmetic.PackedBits} bits, each of a number below q, and zero padding bits.");
    }

    private RoundRejection? ValidateCheck(ShareCheckAnswer answer)
    {
        if (answer.ChallengeDigest != challengeDigest)
            return Refuse(ErrorCodes.RoundMismatch, "The answer is to another challenge than the published one.");
        return answer.Answers.Select(a => a.Client).Concat(answer.Unopened).Order().SequenceEqual(uploads.Keys)
            ? null
            : Refuse(ErrorCodes.InvalidAnswer, "An answer covers every client whose upload is fixed, and no other.");
    }

    private RoundRejection? ValidateSum(KeySumAnswer answer)
    {
        if (answer.ListDigest != listDigest)
            return Refuse(ErrorCodes.RoundMismatch, "The answer is for another list than the certified one.");
        return answer.TryReadSum(arithmetic.Set.Modulus, new ulong[arithmetic.Set.Degree])
            ? null
            : Refuse(ErrorCodes.InvalidAnswer, $"A sum of shares is {arithmetic.Set.Degree} packed numbers below q.");
    }

    /// <summary>Not on silence: clients are still training, and a smaller cohort would lose their updates.</summary>
    private PendingEvent? AdvanceUpload(Patience patience)
    {
        if (uploads.Count < invited.Length && patience != Patience.DeadlinePassed)
            return null;
        if (uploads.Count < thresholds.LeastSurvivors)
            return Abort(ErrorCodes.TooFewSurvivors);
        return Publish(EventType.UploadsFixed, ListOf(uploads.Keys), uploads.Count);
    }

    /// <summary>With t_h answers nothing is tested, so only the deadline makes do with them.</summary>
    private PendingEvent? AdvanceCheck(Patience patience)
    {
        bool isEnough = checks.Count == Table.Entries.Count
            || (patience == Patience.Quiet && checks.Count > Specification.Threshold)
            || (patience == Patience.DeadlinePassed && checks.Count >= Specification.Threshold);
        if (!isEnough)
            return patience == Patience.DeadlinePassed ? Abort(ErrorCodes.TooFewHolders) : null;
        IReadOnlyList<Identifier> kept = Judge().Kept;
        if (kept.Count < thresholds.LeastSurvivors)
            return Abort(ErrorCodes.TooFewSurvivors);
        if (SurvivorSelection.Choose(kept, thresholds.LeastSurvivors, released, parameters, []) is not { } chosen)
            return Abort(ErrorCodes.SurvivorsTooSimilar);
        return Publish(EventType.SurvivorsListed, ListOf(chosen), chosen.Count);
    }

    private PendingEvent RequestSums()
    {
        KeySumRequest request = new(openDigest, listDigest, listIndex, [.. signatures.Take(Specification.Threshold).Select(s => new HolderSignature(Table.Entries[s.Key].Point, s.Value))]);
        return Publish(EventType.UnmaskRequested, request.Encode(), uploads.Count - survivors.Length);
    }

    private PendingEvent Publish(EventType kind, byte[] list, int count) => new(new TaskEvent.ListPublished(kind, parameters.RoundId, Digest.Of(list), count), list);

    private PendingEvent Abort(string reason) => new(new TaskEvent.RoundAborted(parameters.RoundId, reason));

    private byte[] ListOf(IEnumerable<Identifier> clients) => new UploadList(openDigest, [.. clients.Select(client => new ListedUpload(client, uploads[client].Digest))]).Encode();

    private ShareVerdicts Judge() => ShareVerdicts.Of(encryption, [.. uploads.Keys], checks, thresholds.Corrupt, thresholds.LeastSurvivors);

    private void ApplyMessage(SignedMessage message)
    {
        int seat = Table.PlaceOf(message.Header.Sender);
        switch (message.Body)
        {
            case EncryptedUploadStatement statement:
                uploads.Add(message.Header.Sender, new AcceptedUpload(message.Digest, statement));
                seen.UnionWith(NamesIn(statement));
                Add(statement);
                break;
            case ShareCheckAnswer answer:
                checks.Add(seat, answer);
                break;
            case ListSignature:
                signatures.Add(seat, message.SignatureBytes);
                break;
            case KeySumAnswer answer:
                ulong[] sum = new ulong[arithmetic.Set.Degree];
                if (!answer.TryReadSum(arithmetic.Set.Modulus, sum))
                    throw new InvalidOperationException("The log holds a malformed sum of key shares.");
                sums.Add(seat, sum);
                break;
        }
    }

    private void ApplyList(ulong index, TaskEvent.ListPublished published, ReadOnlySpan<byte> list)
    {
        switch (published.Kind)
        {
            case EventType.UploadsFixed when UploadList.TryDecode(list, out _):
                challengeDigest = OpenDigest.Of(new LogEntry(taskId, published).Encode(), index);
                break;
            case EventType.SurvivorsListed when UploadList.TryDecode(list, out UploadList? read):
                survivors = [.. read!.Uploads.Select(u => u.Client)];
                if (read.Uploads.Any(u => !uploads.TryGetValue(u.Client, out AcceptedUpload? upload) || upload.Digest != u.UploadDigest))
                    throw new InvalidOperationException($"Entry {index} lists an upload that the round has not accepted.");
                if (released.IsTooSimilar(parameters.Kind, survivors, parameters.Cohort.LeastDifference))
                    throw new InvalidOperationException($"Entry {index} lists survivors too similar to those of an earlier released round.");
                verdicts = Judge();
                RemoveOthers();
                listDigest = Digest.Of(list);
                listIndex = index;
                break;
            case EventType.UnmaskRequested when KeySumRequest.TryDecode(list, out _):
                break;
            default:
                throw new InvalidOperationException($"The blob of {published.Kind} of task {taskId} is no such list.");
        }
    }

    private CiphertextSum NewSum() => new(arithmetic, EncryptedRound.LengthOf(parameters));

    /// <summary>Adds a ciphertext to the running sum. One whose vector was deleted since, with those of a finished round, ends it: the sum is in the log then.</summary>
    private void Add(EncryptedUploadStatement statement)
    {
        try
        {
            if (total?.TryAdd(blobs.Get(statement.CiphertextsDigest).Span) == false)
                total = null;
        }
        catch (KeyNotFoundException)
        {
            total = null;
        }
    }

    private void RemoveOthers()
    {
        foreach (Identifier left in uploads.Keys.Except(survivors))
        {
            if (total?.TryRemove(blobs.Get(uploads[left].Statement.CiphertextsDigest).Span) == false)
                total = null;
        }
    }

    /// <exception cref="KeyNotFoundException">An upload is not held any more.</exception>
    private CiphertextSum AddAgain()
    {
        CiphertextSum again = NewSum();
        foreach (Identifier survivor in survivors)
        {
            if (!again.TryAdd(blobs.Get(uploads[survivor].Statement.CiphertextsDigest).Span))
                throw new InvalidOperationException("The log holds a malformed ciphertext.");
        }

        return again;
    }

    private (int[] Seats, int[] Points, ulong[] Vectors) UsableSums()
    {
        int[] trusted = [.. sums.Keys.Except(verdicts?.WrongSeats ?? [])];
        int[] seats = trusted.Length >= Specification.Threshold ? trusted : [.. sums.Keys];
        return (seats, [.. seats.Select(seat => Table.Entries[seat].Point)], [.. seats.SelectMany(seat => sums[seat])]);
    }

    private Identifier[] NamesOf(IEnumerable<int> seats) => [.. seats.Distinct().Select(seat => Table.Entries[seat].Holder)];

    private byte[] Encode(ulong[] sumOfKeys)
    {
        byte[] packed = new byte[ResiduePacking.PackedBytes(arithmetic.Set.Modulus, sumOfKeys.Length)];
        ResiduePacking.Pack(arithmetic.Set.Modulus, sumOfKeys, packed);
        return packed;
    }

    private static IEnumerable<Digest> NamesIn(EncryptedUploadStatement statement) =>
        statement.BoxDigests.Append(statement.CiphertextsDigest).Append(Digest.Of(statement.SealingKey.Span));

    private static RoundRejection Refuse(string code, string detail) => new(code, detail);

    /// <param name="Digest">Of the upload's record in the log.</param>
    /// <param name="Statement">What its sender signed.</param>
    private sealed record AcceptedUpload(Digest Digest, EncryptedUploadStatement Statement);
}
