using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Seal;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>Five clients, the holder of a single key and a server that folds its log: a whole task without its shells.</summary>
internal sealed class SingleKeyConsortium
{
    public SingleKeyConsortium(string seed, int length = 3000, int leastDifference = 0, string set = "S1", int ringBits = 32, ISingleKeyEngine? holderEngine = null)
    {
        Random = Seeded.Source(seed);
        SigningKey authority = SigningKey.Generate(Random);
        SigningKey serverKey = SigningKey.Generate(Random);
        HolderKey = SigningKey.Generate(Random);
        HolderId = Identifier.Random(Random);
        Clients = [.. Enumerable.Range(0, 5).Select(_ => new Client(Identifier.Random(Random), SigningKey.Generate(Random))).OrderBy(c => c.Id)];
        Roster roster = Roster.Create(
            1,
            [
                .. Clients.Select((c, i) => new RosterEntry(c.Id, RosterRole.Client, $"Organisation {i}", c.Key.PublicKey)),
                new RosterEntry(HolderId, RosterRole.KeyHolder, "Keeper", HolderKey.PublicKey),
            ],
            authority);
        Task = new TaskParameters(
            Identifier.Random(Random),
            "Single key",
            new ModelSpecification(TaskModelKind.Vector, length, [], null, 0),
            new TrainingSpecification(ServerOptimizerKind.FedAvg, 1, LocalOptimizerKind.Sgd, 0.1, 1e-8, 1, 1, 1, 2.5, 100),
            new TaskSchedule(false, 10, false, 10),
            [new RoundShape(RoundKind.Train, [new SegmentShape("delta", length, 2.5), new SegmentShape("weight", 1, 1)])],
            new CohortBounds(5, 5, 5, 1, ExactDecimal.Zero, ExactDecimal.From(0.4m), ServerClass.Curious, 1, leastDifference),
            new PhaseDeadlines(1000, 1000, 100),
            ProtectionKind.EncryptionSingleKey,
            ringBits,
            PrivacySpecification.None,
            Encryption: new EncryptionSpecification(set, 0, [HolderId], 1, 0));
        Assert.Null(Task.FindFault());
        Policy = new ClientPolicy(
            authority.PublicKey, serverKey.PublicKey, 3, 2, 1, ExactDecimal.Zero, ExactDecimal.From(0.5m), true, false, [ProtectionKind.EncryptionSingleKey], [TaskModelKind.Vector],
            KeyHolders: [HolderId]);
        foreach (Client client in Clients)
            client.Context = new ClientContext(client.Id, client.Key, roster, Task, Policy);
        HolderContext = new HolderContext(HolderId, HolderKey, roster, Task, Policy, SingleKeys: holderEngine);
        Holder = KeyHolder.Create(HolderContext);
        Server = new SimulatedServer(Task, roster, serverKey, Random);
    }

    public KeyedRandomSource Random { get; }

    public TaskParameters Task { get; }

    public ClientPolicy Policy { get; }

    public IReadOnlyList<Client> Clients { get; }

    public Identifier HolderId { get; }

    public SigningKey HolderKey { get; }

    public HolderContext HolderContext { get; }

    public KeyHolder Holder { get; private set; }

    public SimulatedServer Server { get; }

    public ServerRound Round => Server.Round;

    public SealParameters Parameters => SingleKeyRound.ParametersOf(Task);

    public Announcement Opening => new(Server.Opening, Server.Blobs.Get(Round.Parameters.Encryption!.InvitedDigest));

    public MessageHeader Header(Identifier sender) => new(Task.TaskId, Round.Parameters.RoundId, sender, Round.OpenDigest);

    /// <summary>The holder offers a key and a round opens, which it joins.</summary>
    public void Open()
    {
        MessageDecision offer = Server.State.OfferHolderKey(Holder.Offer(Random).Span);
        Assert.NotNull(offer.Accepted);
        Server.Append(offer.Accepted);
        if (Server.State.AwaitsModel)
            Server.Append(Server.State.Publish(ModelState.Initial(Task.Model) with { CompletedTrainRounds = Server.State.CompletedRounds + 1 }));
        Server.Append(Server.State.Next(Random, [.. Clients.Select(c => c.Id)])!);
        Assert.Null(Holder.OnOpening(Opening));
    }

    /// <summary>A client's upload, not yet sent.</summary>
    /// <param name="client">Who.</param>
    /// <param name="norm">L2 norm of the update before it is clipped to 2.5.</param>
    public ReadOnlyMemory<byte> Encrypt(Client client, double norm = 10)
    {
        (client.Role, RoundRejection? refusal) = EncryptionClient.Begin(client.Context, Opening, Round.Parameters.Number - 1, Random);
        Assert.Null(refusal);
        return client.Role!.Encrypt(client.MakeUpdate(Round.Parameters.Layout, norm, Random), Random).Message!.Value;
    }

    public void Upload(params IEnumerable<Client> clients)
    {
        foreach (Client client in clients)
            Assert.Equal(SimulatedServer.Accepted, Server.Receive(Encrypt(client)));
    }

    /// <summary>Signs whatever ciphertexts a test has a client send.</summary>
    public ReadOnlyMemory<byte> Sign(Client client, IMessageBody body) => SignedMessage.Sign(Header(client.Id), body, client.Key).Bytes;

    public static SingleKeyUpload BodyOf(ReadOnlyMemory<byte> message)
    {
        Assert.Null(SignedMessage.TryDecode(message, out SignedMessage? read));
        return Assert.IsType<SingleKeyUpload>(read!.Body);
    }

    public List<HolderDelivery> Deliveries() => [.. Holder.SignedUploads.Select(u => Round.DeliveryOf(HolderId, u.Client)!.Value)];

    /// <summary>The phase's deadline is over.</summary>
    public void PassDeadline() => Server.Advance(Patience.DeadlinePassed);

    /// <summary>Holder signs the list, is asked and answers; the round closes.</summary>
    public void Release()
    {
        Assert.Equal(SimulatedServer.Accepted, Server.Receive(Holder.OnSurvivors(Server.AnnouncementOf(EventType.SurvivorsListed)!).Message!.Value));
        Server.Advance(Patience.Waiting);
        Assert.Equal(SimulatedServer.Accepted, Server.Receive(Answer().Message!.Value));
        Server.Advance(Patience.Waiting);
    }

    public HolderStep Answer(IEnumerable<HolderDelivery>? deliveries = null) => Holder.OnSumRequest(Server.AnnouncementOf(EventType.UnmaskRequested)!, deliveries ?? Deliveries());

    public void RestartHolder()
    {
        byte[] saved = Holder.Encode();
        Holder.Dispose();
        KeyHolder? restored = KeyHolder.Restore(HolderContext, saved);
        Assert.NotNull(restored);
        Assert.Equal(saved, restored.Encode());
        Holder = restored;
    }

    /// <summary>The step is refused with that code and changes nothing.</summary>
    public void HolderRefuses(string code, HolderStep result, byte[] before)
    {
        Assert.Null(result.Message);
        Assert.Equal(code, result.Refusal?.Code);
        Assert.Equal(before, Holder.Encode());
    }

    public static int[] SumOf(IEnumerable<Client> clients) => clients.Select(c => c.Integers).Aggregate((a, b) => [.. a.Zip(b, (x, y) => x + y)]);

    /// <summary>A client without its shell.</summary>
    internal sealed class Client(Identifier id, SigningKey key)
    {
        public Identifier Id { get; } = id;

        public SigningKey Key { get; } = key;

        public ClientContext Context { get; set; } = null!;

        public EncryptionClient? Role { get; set; }

        /// <summary>What the sum must contain exactly once if this client survives.</summary>
        public int[] Integers { get; private set; } = [];

        public NoisedUpdate MakeUpdate(UpdateLayout layout, double norm, IRandomSource random)
        {
            double[] values = new double[layout.ComputedDimension];
            for (int i = 0; i < values.Length; i++) values[i] = random.Symmetric() * norm / Math.Sqrt(values.Length / 3.0);
            QuantizedUpdate quantized = new Quantizer(random).Quantize(Clipper.Clip(ModelUpdate.Create(layout, values)));
            Integers = quantized.Values.ToArray();
            return NoNoise.Instance.Add(quantized);
        }
    }
}
