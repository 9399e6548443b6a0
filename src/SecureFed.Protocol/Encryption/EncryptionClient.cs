using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>A client's side of one encrypted round, with one-time keys or under a single one, stepped by hand: it uploads once and need not come back.</summary>
/// <remarks>
/// <para>DESIGN section 3, Encryption. No message but the upload; <see cref="OnSurvivors"/> only tells whether the upload is summed.</para>
/// <para>The shell saves <see cref="Encode"/> before it sends. Asked again, <see cref="Encrypt"/> returns the same bytes, also after a restart: no second vector is encrypted
/// for a round whose first may have left. A client that stopped before it saved an upload has sent nothing, and encrypts under a key of its own again.</para>
/// <para>Under a single key an upload is a SEAL ciphertext to the one holder, and one client that encrypts dishonestly reads everybody's: policy must opt in.</para>
/// <para>Does not protect against t_h colluding key holders, against more than c colluding clients with the server, nor against what the sum itself reveals.</para>
/// </remarks>
public sealed class EncryptionClient : IDisposable
{
    private readonly ClientContext context;
    private readonly OpenedRound round;
    private readonly EncryptionClientState state;
    private UploadList? survivors;

    private EncryptionClient(ClientContext context, OpenedRound round, EncryptionClientState state)
    {
        this.context = context;
        this.round = round;
        this.state = state;
    }

    public RoundParameters Round => round.Parameters;

    public Digest OpenDigest => round.OpenDigest;

    /// <summary>Names this client's part in the round, for its ledger: a part is charged once, and one that was begun anew after a loss of state again.</summary>
    public Digest PartDigest => Digest.Of([.. OpenDigest.ToArray(), .. state.Part]);

    /// <summary>c, S_min and h of the round.</summary>
    public CohortThresholds Thresholds => round.Thresholds;

    /// <summary>σ² of the noise share that this round's update must carry: ⌈z²·D₂²/h⌉; zero if sums are exact.</summary>
    public Rational ShareVariance => Round.Noise is { } noise ? NoiseShare.VarianceOf(Round.Layout, noise.NoiseMultiplier, round.Thresholds.HonestSurvivors) : Rational.Zero;

    /// <summary>Whether this round's one vector has been encrypted: from then on only the same upload may be sent.</summary>
    public bool HasEncrypted => state.Upload.Length > 0;

    public ReadOnlyMemory<byte> UploadBytes => state.Upload;

    /// <summary>The clients of the list that the server has shown; empty before.</summary>
    public IReadOnlyList<Identifier> Survivors => survivors is null ? [] : [.. survivors.Uploads.Select(u => u.Client)];

    /// <summary>Whether that list holds this client's own upload.</summary>
    public bool IsSurvivor => survivors is not null && survivors.Uploads.Any(u => u.Client == context.Self);

    /// <summary>Examines a round before anything is computed for it: entry, roster, parameters, key holders, invitation and policy.</summary>
    /// <param name="context">The client.</param>
    /// <param name="opening">Signed ROUND_OPENED entry and the list of invited clients.</param>
    /// <param name="lastRoundNumber">Highest round number of this task that this client ever joined, 0 if none.</param>
    /// <param name="round">The round's parameters if it is acceptable.</param>
    /// <returns>Null, or why the client abstains.</returns>
    public static RoundRejection? Examine(ClientContext context, Announcement opening, int lastRoundNumber, out RoundParameters? round)
    {
        RoundRejection? refusal = FindFault(context, opening, lastRoundNumber, out OpenedRound? opened);
        round = opened?.Parameters;
        return refusal;
    }

    /// <summary>Examines a round together with the model that it names, before anything is computed on that model.</summary>
    /// <returns>Null, or why the client abstains.</returns>
    public static RoundRejection? ExamineModel(TaskParameters task, RoundParameters round, ModelState model) => RoundExamination.FindFault(task, round, model);

    /// <summary>Joins a round that <see cref="Examine"/> accepts. Draws no key yet.</summary>
    public static (EncryptionClient? Client, RoundRejection? Refusal) Begin(ClientContext context, Announcement opening, int lastRoundNumber, IRandomSource random)
    {
        if (FindFault(context, opening, lastRoundNumber, out OpenedRound? round) is { } refusal)
            return (null, refusal);
        byte[] part = new byte[EncryptionClientState.PartBytes];
        random.Fill(part);
        EncryptionClientState fresh = new() { Part = part, OpenEntry = opening.Entry.Bytes.ToArray(), OpenIndex = opening.Entry.Index, InvitedList = opening.Blob.ToArray() };
        return (new EncryptionClient(context, round!, fresh), null);
    }

    /// <summary>Continues a round from saved state; null if the bytes are not such a state.</summary>
    public static EncryptionClient? Restore(ClientContext context, ReadOnlySpan<byte> saved)
    {
        if (EncryptionClientState.TryDecode(saved) is not { } restored
            || OpenedRound.TryRead(context.Task, restored.OpenEntry, restored.OpenIndex, restored.InvitedList) is not { } round)
        {
            return null;
        }

        EncryptionClient client = new(context, round, restored);
        if (UploadList.TryDecode(restored.SurvivorList, out UploadList? list))
            client.survivors = list;
        return client;
    }

    /// <summary>What to save before the upload is sent.</summary>
    public byte[] Encode() => state.Encode();

    /// <summary>Encrypts the update under a key that nobody keeps, shares that key among the holders and signs both.</summary>
    /// <param name="update">The only thing that can be encrypted; consumed for this round. Not looked at if the round's vector was encrypted before.</param>
    /// <param name="random">Strong.</param>
    /// <exception cref="ArgumentException">The update has another layout or another share of noise than the round demands.</exception>
    public ClientStep Encrypt(NoisedUpdate update, IRandomSource random)
    {
        if (HasEncrypted)
            return ClientStep.Send(new EncryptedUpdate(state.Upload));
        if (!TaskParameters.IsSame(update.Layout, Round.Layout))
            throw new ArgumentException("The update was made for another round's layout.", nameof(update));
        if (update.ShareVariance != ShareVariance)
            throw new ArgumentException("The update does not carry the share of noise that this round demands.", nameof(update));
        if ((context.Policy.Check(context.InForce) ?? context.Policy.Check(round.Thresholds)) is { } violation)
            return ClientStep.Refuse(violation);
        IMessageBody upload = Round.Protection == ProtectionKind.EncryptionSingleKey
            ? SingleKeyUploadEncryption.Create(round, context.SingleKeys, update, random)
            : UploadEncryption.Create(round, context.Self, update, random);
        state.Upload = SignedMessage.Sign(new MessageHeader(context.Task.TaskId, Round.RoundId, context.Self, OpenDigest), upload, context.Signer).Bytes.ToArray();
        return ClientStep.Send(new EncryptedUpdate(state.Upload));
    }

    /// <summary>Takes note of the one list of summed uploads. The client answers nothing to it; the holders do.</summary>
    /// <returns>Null, or why the list is none of this round.</returns>
    public RoundRejection? OnSurvivors(Announcement announcement)
    {
        if (survivors is not null)
            return announcement.Blob.Span.SequenceEqual(state.SurvivorList) && announcement.Entry.Index == state.SurvivorEntryIndex ? null : SecondList;
        if (ListAnnouncement.FindFault(announcement, context.Task, context.Policy, EventType.SurvivorsListed, Round.RoundId, state.OpenIndex) is { } fault)
            return fault;
        if (round.TryReadList(announcement.Blob.Span, out UploadList? list) is { } refusal)
            return refusal;
        if (list!.Uploads.FirstOrDefault(u => u.Client == context.Self) is { } own && !IsOwnUpload(own.UploadDigest))
            return new RoundRejection(ErrorCodes.InvalidSurvivors, "The list names an upload of this client that it has not made; report it to the roster authority.");
        state.SurvivorList = announcement.Blob.ToArray();
        state.SurvivorEntryIndex = announcement.Entry.Index;
        survivors = list;
        return null;
    }

    /// <summary>Nothing is left to zero: what was secret was gone before <see cref="Encrypt"/> returned.</summary>
    public void Dispose() => survivors = null;

    public override string ToString() => nameof(EncryptionClient);

    private static RoundRejection SecondList { get; } =
        new(ErrorCodes.SecondList, "The server presented a second survivor list for this round; the client keeps its first view.");

    private static RoundRejection? FindFault(ClientContext context, Announcement opening, int lastRoundNumber, out OpenedRound? round)
    {
        if (EncryptionExamination.FindFault(context, opening, lastRoundNumber, out round) is { } refusal)
            return refusal;
        if (round!.Invited.Contains(context.Self))
            return null;
        round = null;
        return new RoundRejection(ErrorCodes.NotInCohort, "The round does not invite this client; wait for the next one.");
    }

    private bool IsOwnUpload(Digest uploadDigest) =>
        HasEncrypted && SignedMessage.TryDecode(state.Upload, out SignedMessage? upload) is null && upload!.Digest == uploadDigest;
}
