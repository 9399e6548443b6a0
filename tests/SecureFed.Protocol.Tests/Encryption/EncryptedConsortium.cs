using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sharing;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>Six clients, five key holders (t_h = 4, f = 2) and a server that signs whatever a test has it publish. It decides nothing: the roles have to.</summary>
internal sealed class EncryptedConsortium
{
    public const int Threshold = 4;

    private readonly List<SignedHolderKey> offers = [];
    private ulong index = 1;
    private int number;

    public EncryptedConsortium(string seed, int clients = 6, int leastDifference = 0, int holders = 5)
    {
        Random = Seeded.Source(seed);
        SigningKey authority = SigningKey.Generate(Random);
        ServerKey = SigningKey.Generate(Random);
        Clients = [.. Enumerable.Range(0, clients).Select(_ => new EncryptingParty(Identifier.Random(Random), SigningKey.Generate(Random))).OrderBy(c => c.Id)];
        Holders = [.. Enumerable.Range(0, holders).Select(_ => new HoldingParty(Identifier.Random(Random), SigningKey.Generate(Random)))];
        Roster = Roster.Create(
            1,
            [
                .. Clients.Select((c, i) => new RosterEntry(c.Id, RosterRole.Client, $"Organisation {i}", c.Key.PublicKey)),
                .. Holders.Select((h, i) => new RosterEntry(h.Id, RosterRole.KeyHolder, $"Keeper {i}", h.Key.PublicKey)),
            ],
            authority);
        Task = new TaskParameters(
            Identifier.Random(Random),
            "Encrypted task",
            new ModelSpecification(TaskModelKind.Vector, 7, [], null, 0),
            new TrainingSpecification(ServerOptimizerKind.FedAvg, 1, LocalOptimizerKind.Sgd, 0.1, 1e-8, 1, 1, 1, 2.5, 100),
            new TaskSchedule(false, 1000, false, 1000),
            [new RoundShape(RoundKind.Train, [new SegmentShape("delta", 7, 2.5), new SegmentShape("weight", 1, 1)])],
            new CohortBounds(clients - 1, clients, clients, 1, ExactDecimal.Zero, ExactDecimal.From(0.34m), ServerClass.Malicious, 1, leastDifference),
            new PhaseDeadlines(1000, 1000, 100),
            ProtectionKind.Encryption,
            32,
            PrivacySpecification.None,
            Encryption: new EncryptionSpecification("A1", 8, [.. Holders.Select(h => h.Id)], Threshold, 2 * Threshold - holders - 1));
        Assert.Null(Task.FindFault());
        Policy = new ClientPolicy(
            authority.PublicKey, ServerKey.PublicKey, 3, 2, 1, ExactDecimal.Zero, ExactDecimal.From(0.5m), false, false, [ProtectionKind.Encryption], [TaskModelKind.Vector],
            KeyHolders: [.. Holders.Select(h => h.Id)], LeastHolderThreshold: Threshold, LeastCorruptHolders: 1);
        foreach (EncryptingParty client in Clients)
            client.Context = new(client.Id, client.Key, Roster, Task, Policy);
        foreach (HoldingParty holder in Holders)
        {
            holder.Context = new HolderContext(holder.Id, holder.Key, Roster, Task, Policy);
            holder.Role = KeyHolder.Create(holder.Context);
        }
    }

    public KeyedRandomSource Random { get; }

    public SigningKey ServerKey { get; }

    public Roster Roster { get; }

    public TaskParameters Task { get; }

    public ClientPolicy Policy { get; }

    public IReadOnlyList<EncryptingParty> Clients { get; }

    public IReadOnlyList<HoldingParty> Holders { get; }

    public Announcement Opening { get; private set; } = null!;

    public RoundParameters Round { get; private set; } = null!;

    public Digest OpenDigest => SecureFed.Protocol.Rounds.OpenDigest.Of(Opening.Entry.Bytes.Span, Opening.Entry.Index);

    public HolderTable Table => Round.Encryption!.Table;

    /// <summary>The last upload of each client that made one.</summary>
    public SortedDictionary<Identifier, SignedMessage> Uploads { get; } = [];

    public BfvSet Set => EncryptedRound.ParametersOf(Round).Set;

    /// <summary>Every holder offers keys.</summary>
    public void Offer(int keys = 1)
    {
        foreach (HoldingParty holder in Holders)
        {
            for (int i = 0; i < keys; i++)
                offers.Add(SignedHolderKey.TryDecode(holder.Role.Offer(Random).Span)!);
        }
    }

    /// <summary>Seats with the lowest offer that is left; holders without one have none.</summary>
    public HolderTable TakeOffers()
    {
        List<HolderEntry> seats = [];
        for (int x = 1; x <= Holders.Count; x++)
        {
            if (offers.Where(o => o.Holder == Holders[x - 1].Id).MinBy(o => o.Number) is not { } offer)
                continue;
            offers.Remove(offer);
            seats.Add(new HolderEntry(x, offer.Holder, offer.Number, offer.Key, offer.Signature));
        }

        return new HolderTable(seats);
    }

    public RoundParameters NextRound(HolderTable table, IReadOnlyList<Identifier> invited) => new(
        Identifier.Random(Random),
        ++number,
        RoundKind.Train,
        Digest.Of(Task.Encode()),
        Roster.Digest,
        Digest.Of("model"u8),
        Task.LayoutOf(RoundKind.Train),
        Task.Cohort,
        Task.Protection,
        null,
        Digest.Of("salt"u8),
        new RoundEncryption(Task.Encryption!, table, invited.Count, Digest.Of(new InvitedList(invited).Encode())));

    /// <summary>Publishes an opening; joins nobody.</summary>
    public Announcement Open(RoundParameters round, IReadOnlyList<Identifier>? invited = null)
    {
        Round = round;
        Uploads.Clear();
        return Opening = Publish(new TaskEvent.RoundOpened(round), new InvitedList(invited ?? [.. Clients.Select(c => c.Id)]).Encode());
    }

    /// <summary>A round that is as it should be, which all holders with a seat join.</summary>
    public void Open()
    {
        Offer();
        Open(NextRound(TakeOffers(), [.. Clients.Select(c => c.Id)]));
        foreach (HoldingParty holder in Holders)
            Assert.Null(holder.Role.OnOpening(Opening));
    }

    /// <summary>Those clients upload; all of them if none are named.</summary>
    public void Upload(params IReadOnlyList<EncryptingParty> clients)
    {
        foreach (EncryptingParty client in clients.Count > 0 ? clients : Clients)
        {
            (EncryptionClient? role, _) = client.Begin(Opening);
            client.Role = role!;
            Accept(role!.Encrypt(client.MakeUpdate(Round.Layout, Random), Random).Message!.Value);
        }
    }

    public void Accept(ReadOnlyMemory<byte> upload)
    {
        Assert.Null(SignedMessage.TryAuthenticate(upload, Roster, out SignedMessage? message));
        Uploads[message!.Header.Sender] = message;
    }

    public UploadList ListOf(params IEnumerable<EncryptingParty> clients) =>
        new(OpenDigest, [.. clients.OrderBy(c => c.Id).Select(c => new ListedUpload(c.Id, Uploads[c.Id].Digest))]);

    public Announcement PublishList(EventType kind, UploadList list) => PublishList(kind, list.Encode());

    public Announcement PublishList(EventType kind, byte[] blob) => Publish(new TaskEvent.ListPublished(kind, Round.RoundId, Digest.Of(blob), 1), blob);

    /// <summary>UPLOADS_FIXED with all that were uploaded.</summary>
    public Announcement Fix() => PublishList(EventType.UploadsFixed, ListOf(Clients.Where(c => Uploads.ContainsKey(c.Id))));

    /// <summary>What a holder is sent for those uploads.</summary>
    public List<HolderDelivery> DeliveriesTo(HoldingParty holder, IReadOnlyList<ListedUpload> uploads) =>
        [.. uploads.Select(u => new HolderDelivery(Uploads[u.Client].Record, ((EncryptedUpload)Uploads[u.Client].Body).Boxes[Table.PlaceOf(holder.Id)]))];

    public HolderStep Check(HoldingParty holder, Announcement fixing) => holder.Role.OnFixedUploads(fixing, DeliveriesTo(holder, Read(fixing).Uploads));

    public HolderStep Sum(HoldingParty holder, Announcement request) => holder.Role.OnSumRequest(request, DeliveriesTo(holder, holder.Role.SignedUploads));

    public static UploadList Read(Announcement list)
    {
        Assert.True(UploadList.TryDecode(list.Blob.Span, out UploadList? read));
        return read!;
    }

    /// <summary>A request for the sum over a list, with what holders signed.</summary>
    public KeySumRequest RequestFor(Announcement list, params IEnumerable<(HoldingParty Holder, ReadOnlyMemory<byte> Message)> signed) => new(
        OpenDigest,
        Digest.Of(list.Blob.Span),
        list.Entry.Index,
        [.. signed.Select(s => new HolderSignature(Table.Find(s.Holder.Id)!.Point, s.Message[^P256.SignatureBytes..])).OrderBy(s => s.Point)]);

    public Announcement PublishRequest(KeySumRequest request) => PublishList(EventType.UnmaskRequested, request.Encode());

    /// <summary>Signs a list as a corrupt holder does: without looking, and as often as it is asked.</summary>
    public ReadOnlyMemory<byte> SignBlindly(HoldingParty holder, Announcement list) => SignedMessage.Sign(
        new MessageHeader(Task.TaskId, Round.RoundId, holder.Id, OpenDigest), new ListSignature(Digest.Of(list.Blob.Span), list.Entry.Index), holder.Key).Bytes;

    /// <summary>Runs the round that is open over those survivors, all holders signing, and returns the request to which the sums answer.</summary>
    public Announcement RunToRequest(params IReadOnlyList<EncryptingParty> survivors)
    {
        Announcement fixing = Fix();
        foreach (HoldingParty holder in Holders)
            Assert.NotNull(Check(holder, fixing).Message);
        Announcement list = PublishList(EventType.SurvivorsListed, ListOf(survivors));
        (HoldingParty, ReadOnlyMemory<byte>)[] signed = [.. Holders.Select(h => (h, h.Role.OnSurvivors(list).Message!.Value))];
        return PublishRequest(RequestFor(list, signed.Take(Threshold)));
    }

    /// <summary>What the server learns: the sum of the listed uploads by those holders' sums; null if the residue is not honest.</summary>
    public int[]? Decrypt(UploadList list, IReadOnlyList<(HoldingParty Holder, ReadOnlyMemory<byte> Message)> answers)
    {
        BfvParameters parameters = EncryptedRound.ParametersOf(Round);
        CiphertextSum sum = new(parameters, EncryptedRound.LengthOf(Round));
        foreach (ListedUpload listed in list.Uploads)
            Assert.True(sum.TryAdd(((EncryptedUpload)Uploads[listed.Client].Body).Ciphertexts.Span));
        ulong[] shares = new ulong[answers.Count * Set.Degree];
        int[] points = new int[answers.Count];
        for (int i = 0; i < points.Length; i++)
        {
            points[i] = Table.Find(answers[i].Holder.Id)!.Point;
            Assert.Null(SignedMessage.TryAuthenticate(answers[i].Message, Roster, out SignedMessage? message));
            KeySumAnswer answer = Assert.IsType<KeySumAnswer>(message!.Body);
            Assert.Equal(Digest.Of(list.Encode()), answer.ListDigest);
            Assert.True(answer.TryReadSum(Set.Modulus, shares.AsSpan(i * Set.Degree, Set.Degree)));
        }

        Assert.True(VectorInterpolation.TryCreate(Set.Modulus, points, out VectorInterpolation? interpolation));
        ulong[] sumOfKeys = new ulong[Set.Degree];
        interpolation.Combine(shares, sumOfKeys);
        uint[] values = new uint[sum.Dimension];
        using PublicPolynomials polynomials = new(Set, OpenDigest.ToArray());
        if (!OneTimeDecryption.TryDecrypt(sum, polynomials, sumOfKeys, 0, values, out _))
            return null;
        Assert.All(values.Skip(Round.Layout.Dimension), v => Assert.Equal(0U, v));
        return SumDecoder.ToIntegers(Round.Layout, values.AsSpan(0, Round.Layout.Dimension));
    }

    public static int[] SumOf(IEnumerable<EncryptingParty> clients) =>
        clients.Select(c => c.Integers).Aggregate((a, b) => [.. a.Zip(b, (x, y) => x + y)]);

    public Announcement Publish(TaskEvent @event, byte[] blob) =>
        new(SignedEntry.Sign(Task.TaskId, index++, new LogEntry(Task.TaskId, @event).Encode(), ServerKey), blob);
}
