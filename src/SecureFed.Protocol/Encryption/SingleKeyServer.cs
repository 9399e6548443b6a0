using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Seal;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>The server's side of a round under a single key: adds ciphertexts as they come, has the holder sign the one list, and closes with what the holder decrypts.</summary>
/// <remarks>
/// <para>Upload → Confirm → Unmask: there are no shares to check (DESIGN section 3, Encryption, item 7).</para>
/// <para>Protects against a server that follows the protocol, and only while every client encrypts honestly: whoever sends c₁ + ⌊2^26·q/t⌋ reads the round's secret key out of the
/// decrypted sum (notes on homomorphic encryption, section 0).</para>
/// <para><b>What the log keeps as removed</b> is the digest of every ciphertext of the sum, which the holder has signed as well. With the uploads an auditor adds again and compares; that
/// the sum decrypts to the aggregate stands on the holder's signature alone, since showing it would take the key, and the key opens every upload.</para>
/// </remarks>
internal sealed class SingleKeyServer : IServerProtection
{
    private readonly Identifier taskId;
    private readonly RoundParameters parameters;
    private readonly HolderEntry seat;
    private readonly Digest openDigest;
    private readonly IBlobSource blobs;
    private readonly SurvivorHistory released;
    private readonly CohortThresholds thresholds;
    private readonly Identifier[] invited;
    private readonly SortedDictionary<Identifier, AcceptedUpload> uploads = [];
    private readonly HashSet<Digest> seen = [];
    private SingleKeyTotal? total;
    private Identifier[] survivors = [];
    private Digest listDigest;
    private ulong listIndex;
    private ReadOnlyMemory<byte>? signature;
    private SingleKeyAnswerStatement? answer;

    /// <exception cref="InvalidOperationException">The parameters are not those of a round under a single key.</exception>
    public SingleKeyServer(Identifier taskId, RoundParameters parameters, Digest openDigest, IBlobSource blobs, SurvivorHistory released)
    {
        this.taskId = taskId;
        this.parameters = parameters;
        this.openDigest = openDigest;
        this.blobs = blobs;
        this.released = released;
        seat = parameters.Encryption?.Table.Entries is [HolderEntry only] ? only : throw new InvalidOperationException("A round under a single key has one seat.");
        invited = InvitedList.TryDecode(blobs.Get(parameters.Encryption.InvitedDigest).Span, out InvitedList? list)
            ? [.. list!.Clients]
            : throw new InvalidOperationException("The list of invited clients is malformed.");
        thresholds = CohortThresholds.TryDeriveEncrypted(parameters.Cohort, invited.Length, out string reason) ?? throw new InvalidOperationException(reason);
        total = new SingleKeyTotal(parameters);
    }

    public RoundPhase FirstPhase => RoundPhase.Upload;

    public RoundPhase PhaseOfSelection => RoundPhase.Upload;

    public IReadOnlyList<Identifier> Members => invited;

    public IReadOnlyList<Identifier> Survivors => survivors;

    public IEnumerable<Identifier> Participants => invited.Append(seat.Holder);

    public RoundRejection? Validate(SignedMessage message)
    {
        if (message.Header.Binding != openDigest)
            return Refuse(ErrorCodes.RoundMismatch, "The message binds another opening of the round; fetch the ROUND_OPENED entry again.");
        if (message.Body.SenderRole == RosterRole.KeyHolder && message.Header.Sender != seat.Holder)
            return Refuse(ErrorCodes.UnknownHolder, "The sender does not hold this round's key.");
        return message.Body switch
        {
            SingleKeyUpload upload => ValidateUpload(message.Header.Sender, upload),
            SingleKeyUploadStatement statement => ValidateStatement(message.Header.Sender, statement),
            ListSignature signed => signed.ListDigest == listDigest && signed.EntryIndex == listIndex
                ? null
                : Refuse(ErrorCodes.RoundMismatch, "The signature is for another list than the published one."),
            SingleKeyAnswer given => ValidateAnswer(given),
            SingleKeyAnswerStatement statement => ValidateList(statement.ListDigest),
            _ => Refuse(ErrorCodes.InvalidMessage, "This message has no place in a round under a single key."),
        };
    }

    public PendingEvent? Advance(RoundPhase phase, Patience patience) => phase switch
    {
        RoundPhase.Upload => AdvanceUpload(patience),
        // Second components that cancel: the holder would decrypt nothing of this, so the round is lost now and not at its deadline.
        RoundPhase.Confirm when total is not null && total.TryFinish() is null => Abort(ErrorCodes.InvalidAggregate),
        RoundPhase.Confirm => signature is not null ? RequestSum() : patience == Patience.DeadlinePassed ? Abort(ErrorCodes.QuorumMissing) : null,
        _ => throw new ArgumentOutOfRangeException(nameof(phase)),
    };

    public void Apply(ulong index, TaskEvent change, SignedMessage? message, ReadOnlyMemory<byte> list)
    {
        if (message is not null)
            ApplyMessage(message);
        else
            ApplyList(index, (TaskEvent.ListPublished)change, list.Span);
    }

    public HolderDelivery? DeliveryOf(Identifier holder, Identifier client) =>
        holder == seat.Holder && Array.BinarySearch(survivors, client) >= 0
            ? new HolderDelivery(blobs.Get(uploads[client].Digest), blobs.Get(uploads[client].Statement.VectorDigest))
            : null;

    public void Forget()
    {
        seen.Clear();
        answer = null;
        total = null;
    }

    public ProtectionRelease TryRelease(Patience patience)
    {
        if (answer is null)
            return patience == Patience.DeadlinePassed ? ProtectionRelease.Failed(ErrorCodes.TooFewAnswers, []) : ProtectionRelease.Waiting;
        uint[] values = new uint[parameters.Layout.Dimension];
        if ((total ?? AddAgain()).TryFinish() is not { } sum
            || SingleKeyTotal.Name(sum) is not { } name
            || Digest.Of(name) != answer.SumDigest
            || !RingPacking.TryUnpack(blobs.Get(answer.ValuesDigest).Span, parameters.Layout.RingBits, values))
        {
            return ProtectionRelease.Failed(ErrorCodes.InvalidAggregate, [seat.Holder]);
        }

        return new ProtectionRelease(values, name, null, []);
    }

    public bool IsRemoved(Digest removed, Digest aggregate)
    {
        uint[] values = new uint[parameters.Layout.Dimension];
        if (answer?.SumDigest != removed || !RingVector.TryDecode(blobs.Get(aggregate).Span, values))
            return false;
        byte[] packed = new byte[RingPacking.PackedBytes(values.Length, parameters.Layout.RingBits)];
        RingPacking.Pack(values, parameters.Layout.RingBits, packed);
        return Digest.Of(packed) == answer.ValuesDigest;
    }

    private RoundRejection? ValidateStatement(Identifier sender, SingleKeyUploadStatement statement)
    {
        if (Array.BinarySearch(invited, sender) < 0)
            return Refuse(ErrorCodes.NotInCohort, "The sender is not invited to this round; wait for the next round.");
        if (statement.CiphertextDigests.Count != SingleKeyRound.CountOf(parameters))
            return Refuse(ErrorCodes.LengthMismatch, $"This round takes {SingleKeyRound.CountOf(parameters)} ciphertexts.");
        return statement.CiphertextDigests.Any(seen.Contains) || statement.CiphertextDigests.Distinct().Count() < statement.CiphertextDigests.Count
            ? Refuse(ErrorCodes.InvalidCiphertext, "A ciphertext of this upload was sent before by another client, or stands in it twice. Encrypt anew.")
            : null;
    }

    private RoundRejection? ValidateUpload(Identifier sender, SingleKeyUpload upload)
    {
        int size = SingleKeyRound.CiphertextBytes(SingleKeyRound.ParametersOf(parameters));
        if (upload.CiphertextBytes != size || upload.Count != SingleKeyRound.CountOf(parameters))
            return Refuse(ErrorCodes.LengthMismatch, $"This round takes {SingleKeyRound.CountOf(parameters)} ciphertexts of {size} bytes, uncompressed and unseeded.");
        if (ValidateStatement(sender, upload.Statement) is { } rejection)
            return rejection;
        return SingleKeyRound.FindFault(upload.Ciphertexts.Span, parameters, out _) is { } fault
            ? Refuse(ErrorCodes.InvalidCiphertext, $"The upload is refused, {fault}.")
            : null;
    }

    private RoundRejection? ValidateList(Digest list) =>
        list == listDigest ? null : Refuse(ErrorCodes.RoundMismatch, "The answer is for another list than the published one.");

    private RoundRejection? ValidateAnswer(SingleKeyAnswer given)
    {
        if (ValidateList(given.ListDigest) is { } rejection)
            return rejection;
        if (!RingPacking.IsCanonical(given.PackedValues.Span, parameters.Layout.Dimension, parameters.Layout.RingBits))
            return Refuse(ErrorCodes.InvalidAnswer, $"A sum of this round is {parameters.Layout.Dimension} packed values of {parameters.Layout.RingBits} bits.");
        return (total ?? AddAgain()).TryFinish() is { } sum && Digest.Of(SingleKeyTotal.Name(sum)) == given.SumDigest
            ? null
            : Refuse(ErrorCodes.InvalidAnswer, "The holder has decrypted another sum of ciphertexts than the listed uploads give; fetch them again.");
    }

    /// <summary>Not on silence: clients are still training, and a smaller cohort would lose their updates.</summary>
    private PendingEvent? AdvanceUpload(Patience patience)
    {
        if (uploads.Count < invited.Length && patience != Patience.DeadlinePassed)
            return null;
        if (uploads.Count < thresholds.LeastSurvivors)
            return Abort(ErrorCodes.TooFewSurvivors);
        if (SurvivorSelection.Choose([.. uploads.Keys], thresholds.LeastSurvivors, released, parameters, []) is not { } chosen)
            return Abort(ErrorCodes.SurvivorsTooSimilar);
        byte[] list = new UploadList(openDigest, [.. chosen.Select(client => new ListedUpload(client, uploads[client].Digest))]).Encode();
        return Publish(EventType.SurvivorsListed, list, chosen.Count);
    }

    private PendingEvent RequestSum() => Publish(
        EventType.UnmaskRequested,
        new KeySumRequest(openDigest, listDigest, listIndex, [new HolderSignature(seat.Point, signature!.Value)]).Encode(),
        uploads.Count - survivors.Length);

    private PendingEvent Publish(EventType kind, byte[] list, int count) => new(new TaskEvent.ListPublished(kind, parameters.RoundId, Digest.Of(list), count), list);

    private PendingEvent Abort(string reason) => new(new TaskEvent.RoundAborted(parameters.RoundId, reason));

    private void ApplyMessage(SignedMessage message)
    {
        switch (message.Body)
        {
            case SingleKeyUploadStatement statement:
                uploads.Add(message.Header.Sender, new AcceptedUpload(message.Digest, statement));
                seen.UnionWith(statement.CiphertextDigests);
                Add(statement);
                break;
            case ListSignature:
                signature = message.SignatureBytes;
                break;
            case SingleKeyAnswerStatement statement:
                answer = statement;
                break;
        }
    }

    private void ApplyList(ulong index, TaskEvent.ListPublished published, ReadOnlySpan<byte> list)
    {
        switch (published.Kind)
        {
            case EventType.SurvivorsListed when UploadList.TryDecode(list, out UploadList? read):
                if (read!.Uploads.Any(u => !uploads.TryGetValue(u.Client, out AcceptedUpload? upload) || upload.Digest != u.UploadDigest))
                    throw new InvalidOperationException($"Entry {index} lists an upload that the round has not accepted.");
                survivors = [.. read.Uploads.Select(u => u.Client)];
                if (released.IsTooSimilar(parameters.Kind, survivors, parameters.Cohort.LeastDifference))
                    throw new InvalidOperationException($"Entry {index} lists survivors too similar to those of an earlier released round.");
                if (survivors.Length < uploads.Count)
                    total = null;
                listDigest = Digest.Of(list);
                listIndex = index;
                break;
            case EventType.UnmaskRequested when KeySumRequest.TryDecode(list, out _):
                break;
            default:
                throw new InvalidOperationException($"The blob of {published.Kind} of task {taskId} is no such list.");
        }
    }

    /// <summary>Adds an upload to the running sum. One whose vector was deleted since, with those of a finished round, ends it: the sum is in the log then.</summary>
    private void Add(SingleKeyUploadStatement statement)
    {
        try
        {
            total?.Add(Read(statement));
        }
        catch (KeyNotFoundException)
        {
            total = null;
        }
    }

    /// <exception cref="KeyNotFoundException">An upload is not held any more.</exception>
    private SingleKeyTotal AddAgain()
    {
        SingleKeyTotal again = new(parameters);
        foreach (Identifier survivor in survivors) again.Add(Read(uploads[survivor].Statement));
        return again;
    }

    /// <exception cref="InvalidOperationException">The log holds what no round takes.</exception>
    private IReadOnlyList<SealCiphertext> Read(SingleKeyUploadStatement statement) =>
        SingleKeyRound.FindFault(blobs.Get(statement.VectorDigest).Span, parameters, out IReadOnlyList<SealCiphertext> ciphertexts) is { } fault
            ? throw new InvalidOperationException($"The log holds a malformed upload: {fault}.")
            : ciphertexts;

    private static RoundRejection Refuse(string code, string detail) => new(code, detail);

    /// <param name="Digest">Of the upload's record in the log.</param>
    /// <param name="Statement">What its sender signed.</param>
    private sealed record AcceptedUpload(Digest Digest, SingleKeyUploadStatement Statement);
}
