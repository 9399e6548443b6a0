using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Bench;

/// <summary>Server, clients and key holders of one task in one process, without sockets: the pure roles, a log in memory, and who signs what.</summary>
/// <remarks>Uploads of an encrypted round lie in a temporary file, see <see cref="SpooledVectors"/>: what the process holds is then what the server keeps of them.</remarks>
internal sealed class SimulatedCohort : IDisposable
{
    /// <summary>r of set A1 with b = 32.</summary>
    private const int DroppedBits = 8;

    private readonly SigningKey serverKey = SigningKey.Generate(OperatingSystemRandomSource.Instance);
    private readonly Blobs blobs;
    private readonly List<SignedEntry> entries = [];
    private readonly Lock gate = new();

    public SimulatedCohort(RoundPlan plan)
    {
        IRandomSource random = OperatingSystemRandomSource.Instance;
        blobs = new Blobs(plan.IsEncrypted ? new SpooledVectors() : null);
        using SigningKey authority = SigningKey.Generate(random);
        AuthorityKey = authority.PublicKey;
        Members = [.. Enumerable.Range(0, plan.Clients).Select(_ => (Identifier.Random(random), SigningKey.Generate(random)))];
        Holders = [.. Enumerable.Range(0, plan.KeyHolders).Select(_ => (Identifier.Random(random), SigningKey.Generate(random)))];
        Roster = Roster.Create(
            1,
            [
                .. Members.Select((m, i) => new RosterEntry(m.Id, RosterRole.Client, $"organisation {i}", m.Key.PublicKey)),
                .. Holders.Select((h, i) => new RosterEntry(h.Id, RosterRole.KeyHolder, $"keeper {i}", h.Key.PublicKey)),
            ],
            authority);
        ProtectionKind protection = plan.IsEncrypted ? ProtectionKind.Encryption : ProtectionKind.Masking;
        Identifier[] holders = [.. Holders.Select(h => h.Id)];
        Task = new TaskParameters(
            Identifier.Random(random),
            "benchmark",
            new ModelSpecification(TaskModelKind.Vector, plan.Dimension, [], null, 0),
            new TrainingSpecification(ServerOptimizerKind.FedAvg, 1, LocalOptimizerKind.Sgd, 0.1, 1e-8, 1, 1, 1, 1, 1),
            new TaskSchedule(false, 1, false, 0),
            [new RoundShape(RoundKind.Train, [new SegmentShape("delta", plan.Dimension, 1)])],
            plan.Bounds,
            new PhaseDeadlines(60_000, 60_000, 1_000),
            protection,
            32,
            PrivacySpecification.None,
            Encryption: plan.IsEncrypted ? new EncryptionSpecification(BfvSet.A1.Name, DroppedBits, holders, plan.HolderThreshold, plan.CorruptHolders) : null);
        Policy = new ClientPolicy(
            AuthorityKey, serverKey.PublicKey, 3, 2, 1, ExactDecimal.Zero, plan.DeltaDrop, plan.ServerClass == ServerClass.Curious, false, [protection], [TaskModelKind.Vector],
            KeyHolders: holders, LeastHolderThreshold: plan.HolderThreshold, LeastCorruptHolders: plan.CorruptHolders);
        PendingEvent created = TaskState.Create(Task, Roster, ModelState.Initial(Task.Model));
        LogEntry first = new(Task.TaskId, created.Event);
        Store(created, first.Encode());
        State = TaskState.Start(first, Roster, blobs);
        if (!plan.IsEncrypted)
            Append(State.Next(random)!);
    }

    public ReadOnlyMemory<byte> AuthorityKey { get; }

    public IReadOnlyList<(Identifier Id, SigningKey Key)> Members { get; }

    /// <summary>Empty if the round is masked.</summary>
    public IReadOnlyList<(Identifier Id, SigningKey Key)> Holders { get; }

    public Roster Roster { get; }

    public TaskParameters Task { get; }

    public ClientPolicy Policy { get; }

    public TaskState State { get; }

    public ServerRound Round => State.Round!;

    public SignedEntry Opening => entries[(int)Round.OpenIndex];

    public ClientContext ContextOf(int member, IKeyAgreement? agreements, CohortMemory? cohorts, Roster? own = null) =>
        new(Members[member].Id, Members[member].Key, own ?? Roster, Task, Policy, agreements, cohorts);

    public HolderContext HolderContextOf(int holder) => new(Holders[holder].Id, Holders[holder].Key, Roster, Task, Policy);

    /// <summary>The opening of an encrypted round with the list of whom it invites.</summary>
    public Announcement EncryptedOpening => new(Opening, blobs.Get(Round.Parameters.Encryption!.InvitedDigest));

    /// <summary>What the store of vectors has written.</summary>
    public long SpooledBytes => blobs.SpooledBytes;

    /// <summary>Takes one round key of each holder and opens an encrypted round that invites everybody.</summary>
    public void Open(IEnumerable<ReadOnlyMemory<byte>> offers)
    {
        foreach (ReadOnlyMemory<byte> offer in offers)
            Append(State.OfferHolderKey(offer.Span).Accepted ?? throw new InvalidOperationException("The server refuses a round key."));
        Append(State.Next(OperatingSystemRandomSource.Instance, [.. Members.Select(m => m.Id)]) ?? throw new InvalidOperationException("No round opens."));
    }

    /// <summary>Authenticates outside the gate, decides and appends inside.</summary>
    public void Receive(ReadOnlyMemory<byte> bytes)
    {
        if (SignedMessage.TryAuthenticate(bytes, Roster, out SignedMessage? message) is { } rejection)
            throw new InvalidOperationException($"The server refuses a message: {rejection.Code}.");
        lock (gate)
        {
            ServerRound addressed = Round.Leaves.FirstOrDefault(l => l.Parameters.RoundId == message!.Header.RoundId) ?? Round;
            MessageDecision decision = addressed.Handle(message!);
            Append(decision.Accepted ?? throw new InvalidOperationException($"The server refuses a message: {decision.Rejection?.Code}."));
        }
    }

    /// <summary>Decides outside the gate, because recovering masks takes its time and changes nothing, and appends inside.</summary>
    public bool TryAdvance(ServerRound round)
    {
        PendingEvent? pending = round.Advance(Patience.DeadlinePassed);
        if (pending is null)
            return false;
        lock (gate)
        {
            Append(pending);
        }

        return true;
    }

    public Announcement AnnouncementOf(ServerRound round, EventType kind)
    {
        (ulong index, Digest digest) = round.Lists[kind];
        lock (gate)
        {
            return new Announcement(entries[(int)index], blobs.Get(digest));
        }
    }

    public ReadOnlyMemory<byte> BlobOf(Digest digest) => blobs.Get(digest);

    public void Dispose()
    {
        serverKey.Dispose();
        foreach ((_, SigningKey key) in Members.Concat(Holders))
            key.Dispose();
        blobs.Dispose();
    }

    private void Append(PendingEvent pending)
    {
        byte[] entry = new LogEntry(Task.TaskId, pending.Event).Encode();
        ulong index = State.EntryCount;
        Store(pending, entry);
        State.Apply(index, entry);
    }

    private void Store(PendingEvent pending, byte[] entry)
    {
        blobs.Put(pending);
        entries.Add(SignedEntry.Sign(Task.TaskId, (ulong)entries.Count, entry, serverKey));
    }

    private sealed class Blobs(SpooledVectors? vectors) : IBlobSource, IDisposable
    {
        private readonly System.Collections.Concurrent.ConcurrentDictionary<Digest, ReadOnlyMemory<byte>> known = new();

        public long SpooledBytes => vectors?.Bytes ?? 0;

        public void Put(PendingEvent pending)
        {
            vectors?.Put(pending.Vectors);
            foreach (ReadOnlyMemory<byte> blob in vectors is null ? pending.AllBlobs : pending.Blobs)
                known[Digest.Of(blob.Span)] = blob;
        }

        public ReadOnlyMemory<byte> Get(Digest digest) => known.TryGetValue(digest, out ReadOnlyMemory<byte> blob) ? blob : vectors?.Get(digest) ?? throw new KeyNotFoundException($"Blob {digest} is missing.");

        public void Dispose() => vectors?.Dispose();
    }
}
