using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Audit;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>A log without blobs, of legal entries, in which rounds end as a test likes.</summary>
internal sealed class OutcomeLog : IDisposable
{
    private const int Clients = 5;
    private static readonly Digest Model = Digest.Of("model"u8);
    private static readonly Digest Roster = Digest.Of("roster"u8);
    private readonly ProtectionKind protection;
    private readonly TaskParameters task;
    private readonly Identifier[] holders;
    private readonly SigningKey[] keys;
    private readonly List<TaskEvent> events = [];
    private int rounds;

    public OutcomeLog(ProtectionKind protection)
    {
        this.protection = protection;
        int seats = protection switch { ProtectionKind.Encryption => 5, ProtectionKind.EncryptionSingleKey => 1, _ => 0 };
        holders = [.. Enumerable.Range(0, seats).Select(_ => NewIdentifier())];
        keys = [.. holders.Select(_ => NewKey())];
        task = new TaskParameters(
            NewIdentifier(),
            "Outcomes",
            new ModelSpecification(TaskModelKind.Vector, 10, [], null, 0),
            new TrainingSpecification(ServerOptimizerKind.FedAvg, 1, LocalOptimizerKind.Sgd, 0.1, 1e-8, 1, 1, 1, 2.5, 100),
            new TaskSchedule(false, 3, false, 3),
            [new RoundShape(RoundKind.Train, [new SegmentShape("delta", 10, 2.5), new SegmentShape("weight", 1, 1)])],
            new CohortBounds(Clients, Clients, Clients, 1, ExactDecimal.Zero, ExactDecimal.Zero, protection == ProtectionKind.EncryptionSingleKey ? ServerClass.Curious : ServerClass.Malicious),
            new PhaseDeadlines(1000, 1000, 100),
            protection,
            32,
            PrivacySpecification.None,
            Encryption: protection switch
            {
                ProtectionKind.Encryption => new EncryptionSpecification("A1", 8, holders, 4, 2),
                ProtectionKind.EncryptionSingleKey => new EncryptionSpecification("S1", 0, holders, 1, 0),
                _ => null,
            });
        Assert.Null(task.FindFault());
        events.Add(new TaskEvent.TaskCreated(Digest.Of(task.Encode()), Roster, Model));
    }

    /// <summary>The next round opens; one before it must be over.</summary>
    public Identifier Open()
    {
        SignedHolderKey[] offers = [.. holders.Select((h, i) => SignedHolderKey.Sign(task.TaskId, h, (ulong)rounds + 1, NewKey().PublicKey, keys[i]))];
        events.AddRange(offers.Select(o => new TaskEvent.HolderKeyOffered(o.Digest)));
        RoundEncryption? encryption = task.Encryption is null ? null : new RoundEncryption(
            task.Encryption, new HolderTable([.. offers.Select((o, i) => new HolderEntry(i + 1, o.Holder, o.Number, o.Key, o.Signature))]), Clients, Digest.Of("invited"u8));
        Identifier round = NewIdentifier();
        events.Add(new TaskEvent.RoundOpened(new RoundParameters(
            round, ++rounds, RoundKind.Train, Digest.Of(task.Encode()), Roster, Model, task.LayoutOf(RoundKind.Train), task.Cohort, protection, null, Digest.Of("salt"u8), encryption)));
        return round;
    }

    public void Abort(Identifier round) => events.Add(new TaskEvent.RoundAborted(round, ErrorCodes.TooFewSurvivors));

    /// <summary>The open round with one-time keys runs to its sum, from which no model follows.</summary>
    public void Close(Identifier round)
    {
        Identifier[] names = [.. holders.Select(_ => NewIdentifier())];
        Accept(EventType.UpdateUploaded, Enumerable.Range(0, Clients).Select(_ => NewIdentifier()));
        List(EventType.UploadsFixed, Clients);
        Accept(EventType.SharesChecked, names);
        List(EventType.SurvivorsListed, Clients);
        Accept(EventType.SurvivorsConfirmed, names);
        List(EventType.UnmaskRequested, 0);
        Accept(EventType.UnmaskAnswered, names);
        events.Add(new TaskEvent.RoundClosed(round, Digest.Of("sum"u8), Digest.Of("keys"u8), Clients));
        events.Add(new TaskEvent.ModelRefused(round, ErrorCodes.InvalidAggregate));

        void Accept(EventType kind, IEnumerable<Identifier> senders) => events.AddRange(senders.Select(s => new TaskEvent.MessageAccepted(kind, round, s, Digest.Of(s.ToArray()))));

        void List(EventType kind, int count) => events.Add(new TaskEvent.ListPublished(kind, round, Digest.Of("list"u8), count));
    }

    public void Delete(Identifier round) => events.Add(new TaskEvent.VectorsDeleted(round));

    public void Write(string directory) => new SignedTree(task.TaskId, directory).Write(events.Select(e => new LogEntry(task.TaskId, e).Encode()));

    public void Dispose()
    {
        foreach (SigningKey key in keys)
            key.Dispose();
    }

    private static SigningKey NewKey() => SigningKey.Generate(OperatingSystemRandomSource.Instance);

    private static Identifier NewIdentifier() => Identifier.Random(OperatingSystemRandomSource.Instance);
}
