using System.Globalization;
using System.Text;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Transparency;

/// <summary>The entries of an encrypted task, written by hand as an honest server would write them. Behind the messages is nothing; the offers of keys are real.</summary>
/// <remarks>Seven clients, of which five must survive; five key holders of which four are needed, or a single one.</remarks>
internal sealed class EncryptedLog
{
    private readonly KeyedRandomSource random;
    private readonly SigningKey[] holderKeys;

    public EncryptedLog(string seed, bool isSingleKey = false, int leaves = 1)
    {
        random = Seeded.Source(seed);
        ConsortiumOptions options = new()
        {
            Clients = 7,
            Least = 5,
            DeltaDrop = 0.15m,
            TrainRounds = 4,
            GreatestFailures = 3,
            Epsilon = 4,
            SpareRounds = 2,
            Class = isSingleKey ? ServerClass.Curious : ServerClass.Malicious,
        };
        holderKeys = [.. Enumerable.Range(0, isSingleKey ? 1 : 5).Select(_ => SigningKey.Generate(random))];
        Holders = [.. holderKeys.Select(_ => Identifier.Random(random))];
        TaskParameters masked = new SimulatedConsortium(seed, options).Task;
        Task = masked with
        {
            Protection = isSingleKey ? ProtectionKind.EncryptionSingleKey : ProtectionKind.Encryption,
            Encryption = isSingleKey
                ? new EncryptionSpecification("S1", 0, Holders, 1, 0)
                : new EncryptionSpecification("A1", BfvParameters.UsualDroppedBits(BfvSet.A1, 32), Holders, 4, 2),
            Cohort = masked.Cohort with { Leaves = leaves },
        };
        byte[] parameters = Task.Encode();
        Blobs.Put(parameters);
        Model = Digest.Of("model 0"u8);
        Events.Add(new TaskEvent.TaskCreated(Digest.Of(parameters), Roster, Model));
    }

    public List<TaskEvent> Events { get; } = [];

    public MemoryBlobs Blobs { get; } = new();

    public TaskParameters Task { get; }

    public IReadOnlyList<Identifier> Holders { get; }

    public Digest Model { get; private set; }

    public static Digest Roster { get; } = Digest.Of("roster"u8);

    private RoundParameters Round => Events.OfType<TaskEvent.RoundOpened>().Last().Round;

    /// <summary>A round that closes without one client's upload; one that is aborted at Upload, with a holder that had no key on offer; one that is aborted after sums were asked for; one that closes with all.</summary>
    public static EncryptedLog Honest(string seed)
    {
        EncryptedLog log = new(seed);
        HolderEntry[] first = log.OfferAll(1);
        HolderEntry[] second = [.. log.OfferAll(2).Take(4)];
        log.Events.RemoveAt(log.Events.Count - 1); // The fifth holder has not offered its second key yet.

        log.Open(7, first);
        log.Accept(EventType.UpdateUploaded, "client", 7);
        log.List(EventType.UploadsFixed, 7);
        log.Accept(EventType.SharesChecked, "holder", 5);
        log.List(EventType.SurvivorsListed, 6);
        log.Accept(EventType.SurvivorsConfirmed, "holder", 4);
        log.List(EventType.UnmaskRequested, 1);
        log.Accept(EventType.UnmaskAnswered, "holder", 4);
        log.Close(6, log.Name("client", 3));
        log.Publish();

        log.Open(6, second);
        log.Accept(EventType.UpdateUploaded, "client", 3);
        HolderEntry[] third = [.. Enumerable.Range(0, 5).Select(h => log.Offer(h, h == 4 ? 2UL : 3))];
        log.Abort();

        log.Open(7, third);
        log.Accept(EventType.UpdateUploaded, "client", 7);
        log.List(EventType.UploadsFixed, 7);
        log.Accept(EventType.SharesChecked, "holder", 4);
        log.List(EventType.SurvivorsListed, 7);
        log.Accept(EventType.SurvivorsConfirmed, "holder", 4);
        log.List(EventType.UnmaskRequested, 0);
        log.Accept(EventType.UnmaskAnswered, "holder", 3);
        log.Abort(log.Name("holder", 0));

        log.Open(6, log.OfferAll(4));
        log.Accept(EventType.UpdateUploaded, "client", 6);
        log.List(EventType.UploadsFixed, 6);
        log.Accept(EventType.SharesChecked, "holder", 5);
        log.List(EventType.SurvivorsListed, 6);
        log.Accept(EventType.SurvivorsConfirmed, "holder", 5);
        log.List(EventType.UnmaskRequested, 0);
        log.Accept(EventType.UnmaskAnswered, "holder", 5);
        log.Close(6);
        log.Publish();
        log.Events.Add(new TaskEvent.VectorsDeleted(log.Events.OfType<TaskEvent.RoundOpened>().First().Round.RoundId));
        return log;
    }

    /// <summary>One round under a single key.</summary>
    public static EncryptedLog SingleKey(string seed)
    {
        EncryptedLog log = new(seed, isSingleKey: true);
        log.Open(7, log.OfferAll(1));
        log.Accept(EventType.UpdateUploaded, "client", 7);
        log.List(EventType.SurvivorsListed, 6);
        log.Accept(EventType.SurvivorsConfirmed, "holder", 1);
        log.List(EventType.UnmaskRequested, 1);
        log.Accept(EventType.UnmaskAnswered, "holder", 1);
        log.Close(6);
        log.Publish();
        return log;
    }

    /// <summary>An offer that no entry names yet; its blob is there unless <paramref name="isHeld"/> is false.</summary>
    public SignedHolderKey Sign(int holder, ulong number, ReadOnlyMemory<byte> key = default, bool isHeld = true)
    {
        SignedHolderKey offer = SignedHolderKey.Sign(Task.TaskId, Holders[holder], number, key.IsEmpty ? SigningKey.Generate(random).PublicKey : key, holderKeys[holder]);
        if (isHeld)
            Blobs.Put(offer.Bytes);
        return offer;
    }

    public static HolderEntry SeatOf(SignedHolderKey offer, int point) => new(point, offer.Holder, offer.Number, offer.Key, offer.Signature);

    public HolderEntry[] OfferAll(ulong number) => [.. Enumerable.Range(0, Holders.Count).Select(h => Offer(h, number))];

    public HolderEntry Offer(int holder, ulong number)
    {
        SignedHolderKey offer = Sign(holder, number);
        Events.Add(new TaskEvent.HolderKeyOffered(offer.Digest));
        return SeatOf(offer, holder + 1);
    }

    public void Open(int invited, params HolderEntry[] seats) => Events.Add(new TaskEvent.RoundOpened(new RoundParameters(
        Identifier.Random(random),
        Events.OfType<TaskEvent.RoundOpened>().Count() + 1,
        RoundKind.Train,
        ((TaskEvent.TaskCreated)Events[0]).ParametersDigest,
        Roster,
        Model,
        Task.LayoutOf(RoundKind.Train),
        Task.Cohort,
        Task.Protection,
        Task.NoiseOf(RoundKind.Train),
        Digest.Of("salt"u8),
        new RoundEncryption(Task.Encryption!, new HolderTable(seats), invited, Digest.Of("invited"u8)))));

    public void Accept(EventType kind, string who, int count)
    {
        for (int i = 0; i < count; i++)
            Events.Add(new TaskEvent.MessageAccepted(kind, Round.RoundId, Name(who, i), Digest.Of(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{kind} {Round.Number} {i}")))));
    }

    public void List(EventType kind, int count) => Events.Add(new TaskEvent.ListPublished(kind, Round.RoundId, Digest.Of(Encoding.UTF8.GetBytes($"{kind}")), count));

    public void Close(int survivors, params Identifier[] suspects) => Events.Add(new TaskEvent.RoundClosed(Round.RoundId, Digest.Of("sum"u8), Digest.Of("removed"u8), survivors, suspects));

    public void Abort(params Identifier[] suspects) => Events.Add(new TaskEvent.RoundAborted(Round.RoundId, "aborted-by-operator", suspects));

    public void Publish()
    {
        Digest parent = Model;
        Model = Digest.Of(parent.ToArray());
        Events.Add(new TaskEvent.ModelPublished(Round.RoundId, parent, Model));
    }

    /// <summary>A pseudonym of the last round.</summary>
    public Identifier Name(string who, int number) => Pseudonym.Of(Round.RoundId.ToArray(), new Identifier(Digest.Of(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{who} {number}"))).ToArray().AsSpan(0, Identifier.Bytes)));
}
