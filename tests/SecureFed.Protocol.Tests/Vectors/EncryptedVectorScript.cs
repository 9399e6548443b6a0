using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>Makes the vector of an encrypted round: five invited clients, of whom one sends nothing, and five holders, of whom four are needed.</summary>
internal static class EncryptedVectorScript
{
    public const string File = "encrypted-round-5-holders.json";

    public const string About =
        "5 invited clients, of whom client 2 sends nothing; 5 key holders (t_h = 4, f = 2), each with two offers, of which the round takes the first; all answer the check, holders 0 to 3 sign and sum."
        + " given: all that is chosen, drawn or signed (signatures cannot be recomputed, they are verified); derived: all that follows; bad: what must be refused, by whom, with which code."
        + " Bytes are hexadecimal, identifiers too. Client and holder numbers count given.clients and given.holders. Long strings stand here as SHA-256; one sealed share (client 0, point 1) is whole."
        + " derived was computed by plain arithmetic (PlainBfv in the tests), not by the machines.";

    private const int Clients = 5;
    private const int Away = 2;
    private const int Holders = 5;
    private const int Threshold = 4;
    private const int Dimension = 7;

    /// <summary>Runs the round with fresh signatures and writes down what a replay needs.</summary>
    public static GivenEncryptedRound Run()
    {
        KeyedRandomSource random = Seeded.Source("vector " + File);
        SigningKey authority = SigningKey.Generate(random);
        SigningKey serverKey = SigningKey.Generate(random);
        (Identifier Id, SigningKey Key)[] clients = [.. Draw(Clients).OrderBy(c => c.Id)];
        (Identifier Id, SigningKey Key)[] holders = Draw(Holders);
        (Identifier Id, SigningKey Key)[] others = Draw(2);
        Roster roster = Roster.Create(
            7,
            [
                .. clients.Select((c, i) => new RosterEntry(c.Id, RosterRole.Client, OrganisationOf(i), c.Key.PublicKey)),
                .. holders.Select((h, i) => new RosterEntry(h.Id, RosterRole.KeyHolder, KeeperOf(i), h.Key.PublicKey)),
                new RosterEntry(others[0].Id, RosterRole.Client, OrganisationOf(1), others[0].Key.PublicKey),
                new RosterEntry(others[1].Id, RosterRole.KeyHolder, KeeperOf(Holders), others[1].Key.PublicKey),
            ],
            authority);
        TaskParameters task = TaskOf(Identifier.Random(random), roster, [.. holders.Select(h => h.Id)]);
        Assert.Null(task.FindFault());
        GivenPolicy policy = new(4, 3, 1, 0.1m, 0.2m, 2, false, false, [ProtectionKind.Encryption], [TaskModelKind.Vector]);
        GivenHolderPolicy holderPolicy = new([.. holders.Select(h => h.Id.ToArray())], Threshold, 1);
        ClientPolicy pinned = EncryptedVectorParties.PolicyOf(policy, holderPolicy, authority.PublicKey, serverKey.PublicKey);
        RecordingSource roundRandom = new(random);
        SimulatedServer server = new(task, roster, serverKey, roundRandom);
        List<GivenEncryptedEntry> log = [];
        Note();

        KeyHolder[] roles = [.. holders.Select(h => KeyHolder.Create(new HolderContext(h.Id, h.Key, roster, task, pinned)))];
        GivenOffer[][] offers = [.. roles.Select(_ => new GivenOffer[2])];
        for (int number = 0; number < 2; number++)
        {
            for (int h = 0; h < Holders; h++)
            {
                RecordingSource tape = new(random);
                byte[] offer = roles[h].Offer(tape).ToArray();
                offers[h][number] = new GivenOffer(tape.Take(), offer);
                server.Append(server.State.OfferHolderKey(offer).Accepted!);
                Note(holder: h, offer: number + 1);
            }
        }

        roundRandom.Take();
        server.Append(server.State.Next(roundRandom, [.. clients.Select(c => c.Id)])!);
        byte[] randomForRound = roundRandom.Take();
        Note();
        Announcement opening = new(server.Opening, server.Blobs.Get(server.Round.Parameters.Encryption!.InvitedDigest));
        foreach (KeyHolder role in roles)
            Assert.Null(role.OnOpening(opening));

        GivenEncryptedClient[] given = [.. clients.Select((c, i) => Client(c.Id, c.Key, i))];
        Move(Patience.Waiting, Patience.DeadlinePassed);
        byte[][] checks = [.. roles.Select((role, h) => Send(h, MessageType.ShareCheckAnswer, role.OnFixedUploads(ListOf(EventType.UploadsFixed), DeliveriesTo(h))))];
        Move(Patience.Waiting);
        byte[][] signatures = [.. roles.Take(Threshold).Select((role, h) => Send(h, MessageType.ListSignature, role.OnSurvivors(ListOf(EventType.SurvivorsListed))))];
        Move(Patience.Waiting);
        byte[][] sums = [.. roles.Take(Threshold).Select((role, h) => Send(h, MessageType.KeySumAnswer, role.OnSumRequest(ListOf(EventType.UnmaskRequested), DeliveriesTo(h))))];
        Move(Patience.Waiting);
        Assert.Equal(RoundPhase.Closed, server.Round.Phase);
        return new GivenEncryptedRound(
            RoundVectorScript.Export(authority),
            RoundVectorScript.Export(serverKey),
            roster.Bytes.ToArray(),
            task.Encode(),
            ModelState.Initial(task.Model).Encode(),
            policy,
            holderPolicy,
            randomForRound,
            [
                new GivenIdentity(others[0].Id.ToArray(), RosterRole.Client, OrganisationOf(1), RoundVectorScript.Export(others[0].Key)),
                new GivenIdentity(others[1].Id.ToArray(), RosterRole.KeyHolder, KeeperOf(Holders), RoundVectorScript.Export(others[1].Key)),
            ],
            given,
            [.. holders.Select((h, i) => new GivenHolder(
                h.Id.ToArray(), KeeperOf(i), RoundVectorScript.Export(h.Key), offers[i], checks[i], signatures.ElementAtOrDefault(i), sums.ElementAtOrDefault(i)))],
            [.. log],
            new GivenEncryptedAnnouncements(
                opening.Encode(),
                ListOf(EventType.UploadsFixed).Encode(),
                ListOf(EventType.SurvivorsListed).Encode(),
                ListOf(EventType.UnmaskRequested).Encode()));

        (Identifier Id, SigningKey Key)[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (Identifier.Random(random), SigningKey.Generate(random)))];

        Announcement ListOf(EventType kind) => server.AnnouncementOf(kind)!;

        IReadOnlyList<HolderDelivery> DeliveriesTo(int holder) => server.Round.DeliveriesTo(holders[holder].Id, 0, int.MaxValue);

        GivenEncryptedClient Client(Identifier id, SigningKey key, int place)
        {
            byte[] identity = RoundVectorScript.Export(key);
            if (place == Away)
                return new GivenEncryptedClient(id.ToArray(), OrganisationOf(place), identity, null, null, null, null, null, null, null, null, null);
            UpdateLayout layout = server.Round.Parameters.Layout;
            double[] values = [.. Enumerable.Range(0, Dimension).Select(_ => 2 * random.Symmetric()), 0.5];
            RecordingSource rounding = new(random);
            NoisedUpdate update = VectorParties.Prepare(layout, values, rounding, out int[] integers);
            byte[] randomForUpload = random.Bytes(32);
            (EncryptionClient? role, _) = EncryptionClient.Begin(new ClientContext(id, key, roster, task, pinned), opening, 0, random);
            byte[] upload = role!.Encrypt(update, new KeyedRandomSource(randomForUpload)).Message!.Value.ToArray();
            Assert.Equal(SimulatedServer.Accepted, server.Receive(upload));
            Note(client: place, message: MessageType.EncryptedUpload);
            Assert.Null(SignedMessage.TryDecode(upload, out SignedMessage? message));
            (int[] coefficients, byte[] sealing, int[] errors, ulong[] masks) = DrawAgain(randomForUpload, EncryptedRound.LengthOf(server.Round.Parameters));
            return new GivenEncryptedClient(
                id.ToArray(), OrganisationOf(place), identity, values, rounding.Take(), integers, randomForUpload, coefficients, sealing, errors, masks, message!.Record.ToArray());
        }

        byte[] Send(int holder, MessageType type, HolderStep step)
        {
            Assert.Null(step.Refusal);
            Assert.Equal(SimulatedServer.Accepted, server.Receive(step.Message!.Value));
            Note(holder: holder, message: type);
            return step.Message.Value.ToArray();
        }

        void Move(params ReadOnlySpan<Patience> patiences)
        {
            foreach (Patience patience in patiences)
            {
                RoundPhase before = server.Round.Phase;
                server.Advance(patience);
                Note(advance: patience);
                if (server.Round.Phase != before)
                    return;
            }
        }

        void Note(int? client = null, int? holder = null, MessageType? message = null, int? offer = null, Patience? advance = null)
        {
            for (int i = log.Count; i < server.Entries.Count; i++)
            {
                SignedEntry entry = server.Entries[i];
                Assert.True(LogEntry.TryDecode(entry.Bytes.Span, out LogEntry? decoded));
                log.Add(new GivenEncryptedEntry(entry.Index, decoded!.Event.Type, entry.Bytes.ToArray(), entry.ServerSignature.ToArray(), client, holder, message, offer, advance));
            }
        }
    }

    /// <summary>What an upload draws from its stream, in order: key, sealing key, errors of one polynomial, masks.</summary>
    public static (int[] KeyCoefficients, byte[] SealingPrivateKey, int[] Errors, ulong[] Masks) DrawAgain(byte[] randomForUpload, int length)
    {
        ConstantTimeDiscreteGaussian sampler = new(Rational.FromDecimal(21.16m));
        using KeyedRandomSource source = new(randomForUpload);
        int[] coefficients = new int[PlainBfv.N];
        int[] errors = new int[PlainBfv.N];
        sampler.Fill(coefficients, source);
        byte[] sealing = source.Bytes(P256.PrivateKeyBytes);
        sampler.Fill(errors, source);
        return (coefficients, sealing, errors[..length], PlainBfv.Residues(source.Bytes(3 * 8), 3));
    }

    private static string OrganisationOf(int client) => $"Organisation {client}";

    private static string KeeperOf(int holder) => $"Keeper {holder}";

    private static TaskParameters TaskOf(Identifier id, Roster roster, Identifier[] holders) => new(
        id,
        "Test vector",
        new ModelSpecification(TaskModelKind.Vector, Dimension, [], null, 0),
        new TrainingSpecification(ServerOptimizerKind.FedAvg, 1, LocalOptimizerKind.Sgd, 0.1, 1e-8, 1, 1, 1, 2.5, 100),
        new TaskSchedule(false, 3, false, 2),
        [new RoundShape(RoundKind.Train, [new SegmentShape("delta", Dimension, 2.5), new SegmentShape("weight", 1, 1)])],
        new CohortBounds(4, Clients, roster.ClientOrganisations, 1, ExactDecimal.From(0.1m), ExactDecimal.From(0.2m), ServerClass.Malicious, LeastDifference: 2),
        new PhaseDeadlines(60_000, 30_000, 5_000),
        ProtectionKind.Encryption,
        32,
        PrivacySpecification.None,
        Encryption: new EncryptionSpecification("A1", 8, holders, Threshold, 2 * Threshold - Holders - 1));
}
