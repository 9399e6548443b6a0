using System.Numerics;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sharing;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>What differs between the round vectors.</summary>
/// <param name="File">File name.</param>
/// <param name="Clients">Clients that take part in principle.</param>
/// <param name="Least">Least cohort; the greatest is all of them.</param>
/// <param name="DeltaDrop">δ_drop.</param>
/// <param name="Dimension">Length of the segment delta; one weight comes after it.</param>
/// <param name="RingBits">b.</param>
/// <param name="LeavesBefore">The phase before which the client with place <paramref name="Leaver"/> leaves.</param>
/// <param name="Leaver">Place of the client that leaves.</param>
internal sealed record RoundVectorScript(string File, int Clients, int Least, decimal DeltaDrop, int Dimension, int RingBits, RoundPhase? LeavesBefore = null, int Leaver = 0)
{
    private static readonly BigInteger Prime = BigInteger.Pow(2, 256) + 297;

    public static IReadOnlyList<RoundVectorScript> All { get; } =
    [
        new("round-3-clients.json", 3, 3, 0m, 9, 32),
        new("round-7-clients-drop-advertise.json", 7, 6, 0.15m, 8, 20, RoundPhase.Advertise, 2),
        new("round-7-clients-drop-share.json", 7, 6, 0.1m, 10, 17, RoundPhase.Share, 0),
        new("round-7-clients-drop-upload.json", 7, 6, 0.15m, 8, 21, RoundPhase.Upload, 4),
        new("round-7-clients-drop-confirm.json", 7, 6, 0.15m, 8, 31, RoundPhase.Confirm, 6),
        new("round-7-clients-drop-unmask.json", 7, 6, 0.15m, 8, 24, RoundPhase.Unmask, 3),
    ];

    public string About => (LeavesBefore is { } phase
            ? $"{Clients} clients, of which client {Leaver} leaves before its message of the phase {phase}."
            : $"{Clients} clients, nobody drops out.")
        + " given: all that is chosen, drawn or signed (signatures cannot be recomputed, they are verified); derived: all that follows; bad: what must be refused, by whom, with which code."
        + " Bytes are hexadecimal, identifiers too. Client numbers count given.clients; indices are places in the cohort."
        + " Not here, because the program around the steps decides it: not-enrolled for oneself, roster sequence, round-repeated, model-mismatch, receipts, history-rewritten for the task's JSON."
        + " Not here, because it needs more than 100 clients: survivors-split (see neighbour-graph.json).";

    /// <summary>Runs the round with fresh secrets and writes down what a replay needs.</summary>
    public GivenRound Run()
    {
        KeyedRandomSource random = Seeded.Source("vector " + File);
        SigningKey authority = SigningKey.Generate(random);
        SigningKey serverKey = SigningKey.Generate(random);
        (Identifier Id, SigningKey Key)[] identities = [.. Enumerable.Range(0, Clients + 2).Select(_ => (Identifier.Random(random), SigningKey.Generate(random)))];
        (Identifier Id, SigningKey Key)[] members = [.. identities[..Clients].OrderBy(i => i.Id)];
        GivenIdentity[] others =
        [
            Other(identities[Clients], RosterRole.Client, OrganisationOf(1)),
            Other(identities[Clients + 1], RosterRole.Operator, "Operations"),
        ];
        Roster roster = Roster.Create(
            7,
            [
                .. members.Select((m, i) => new RosterEntry(m.Id, RosterRole.Client, OrganisationOf(i), m.Key.PublicKey)),
                .. others.Select((o, i) => new RosterEntry(new Identifier(o.Id), o.Role, o.Organisation, identities[Clients + i].Key.PublicKey)),
            ],
            authority);
        TaskParameters task = TaskOf(Identifier.Random(random), roster);
        Assert.Null(task.FindFault());
        GivenPolicy policy = new(3, 2, 1, 0.1m, 0.2m, 2, false, false, [ProtectionKind.Masking], [TaskModelKind.Vector]);
        RecordingSource roundRandom = new(random);
        SimulatedServer server = new(task, roster, serverKey, roundRandom);
        server.OpenRound();
        byte[] randomForRound = roundRandom.Take();

        VectorClient[] clients = [.. members.Select((m, i) => new VectorClient(
            new ClientContext(m.Id, m.Key, roster, task, VectorParties.PolicyOf(policy, authority.PublicKey, serverKey.PublicKey)),
            new RecordingSource(Seeded.Source($"vector {File} client {i}"))))];
        List<GivenEntry> log = [];
        NoteEntries(null, null, null);
        foreach (RoundPhase phase in MaskedPhases.All)
        {
            for (int i = 0; i < clients.Length; i++)
            {
                if (i == Leaver && phase >= LeavesBefore)
                    continue;
                byte[] message = clients[i].Step(phase, server);
                Assert.Equal(SimulatedServer.Accepted, server.Receive(message));
                NoteEntries(i, (MessageType)message[1], null);
            }

            foreach (Patience patience in (Patience[])[Patience.Waiting, Patience.DeadlinePassed])
            {
                if (server.Round.Phase != phase)
                    continue;
                server.Advance(patience);
                NoteEntries(null, null, patience);
            }
        }

        Assert.Equal(RoundPhase.Closed, server.Round.Phase);
        return new GivenRound(
            Export(authority),
            Export(serverKey),
            roster.Bytes.ToArray(),
            task.Encode(),
            ModelState.Initial(task.Model).Encode(),
            policy,
            randomForRound,
            others,
            [.. clients.Select((c, i) => c.Describe(OrganisationOf(i), i == Leaver ? LeavesBefore : null, Export(members[i].Key), server.Round.Parameters.Layout))],
            [.. log],
            new GivenAnnouncements(
                new Announcement(server.Opening, default).Encode(),
                Encoded(EventType.CohortPublished),
                Encoded(EventType.DealersListed),
                Encoded(EventType.SurvivorsListed),
                Encoded(EventType.UnmaskRequested)));

        byte[] Encoded(EventType kind) => server.AnnouncementOf(kind)!.Encode();

        void NoteEntries(int? client, MessageType? message, Patience? advance)
        {
            for (int i = log.Count; i < server.Entries.Count; i++)
            {
                SignedEntry entry = server.Entries[i];
                Assert.True(LogEntry.TryDecode(entry.Bytes.Span, out LogEntry? decoded));
                log.Add(new GivenEntry(entry.Index, decoded!.Event.Type, entry.Bytes.ToArray(), entry.ServerSignature.ToArray(), client, message, advance));
            }
        }
    }

    public static byte[] Export(SigningKey key)
    {
        byte[] scalar = new byte[P256.PrivateKeyBytes];
        key.ExportPrivateKey(scalar);
        return scalar;
    }

    /// <summary>The coefficients that a sharing draws from its tape: 33 bytes each, the top seven bits dropped, those not below p skipped, at most 32 at a time.</summary>
    public static byte[][] Polynomial(ReadOnlySpan<byte> secret, int threshold, ref ReadOnlySpan<byte> tape)
    {
        List<byte[]> coefficients = [[0, .. secret]];
        while (coefficients.Count < threshold)
        {
            int batch = Math.Min(threshold - coefficients.Count, 32);
            for (int i = 0; i < batch; i++)
            {
                byte[] candidate = tape[..ShamirSecretSharing.ShareBytes].ToArray();
                tape = tape[ShamirSecretSharing.ShareBytes..];
                candidate[0] &= 1;
                if (new BigInteger(candidate, isUnsigned: true, isBigEndian: true) < Prime)
                    coefficients.Add(candidate);
            }
        }

        return [.. coefficients];
    }

    /// <summary>The value at a point, computed without the code under test.</summary>
    public static byte[] Evaluate(byte[][] polynomial, int point)
    {
        BigInteger value = BigInteger.Zero;
        foreach (byte[] coefficient in polynomial.Reverse())
            value = (value * point + new BigInteger(coefficient, isUnsigned: true, isBigEndian: true)) % Prime;
        byte[] bytes = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[ShamirSecretSharing.ShareBytes - bytes.Length], .. bytes];
    }

    private static string OrganisationOf(int client) => $"Organisation {client}";

    private static GivenIdentity Other((Identifier Id, SigningKey Key) identity, RosterRole role, string organisation) =>
        new(identity.Id.ToArray(), role, organisation, Export(identity.Key));

    private TaskParameters TaskOf(Identifier id, Roster roster) => new(
        id,
        "Test vector",
        new ModelSpecification(TaskModelKind.Vector, Dimension, [], null, 0),
        new TrainingSpecification(ServerOptimizerKind.FedAvg, 1, LocalOptimizerKind.Sgd, 0.1, 1e-8, 1, 1, 1, 2.5, 100),
        new TaskSchedule(false, 3, false, 2),
        [new RoundShape(RoundKind.Train, [new SegmentShape("delta", Dimension, 2.5), new SegmentShape("weight", 1, 1)])],
        new CohortBounds(Least, Clients, roster.ClientOrganisations, 1, ExactDecimal.From(0.1m), ExactDecimal.From(DeltaDrop), ServerClass.Malicious, LeastDifference: 2),
        new PhaseDeadlines(60_000, 30_000, 5_000),
        ProtectionKind.Masking,
        RingBits,
        PrivacySpecification.None);

    /// <summary>One client while the vector is made.</summary>
    private sealed class VectorClient(ClientContext context, RecordingSource random)
    {
        private readonly Dictionary<MessageType, byte[]> messages = [];
        private MaskingClient? masking;
        private byte[]? randomForAdvertisement;
        private byte[]? randomForShares;
        private double[]? values;
        private byte[]? randomForRounding;
        private int[] integers = [];

        public byte[] Step(RoundPhase phase, SimulatedServer server)
        {
            if (phase == RoundPhase.Advertise)
            {
                (masking, _) = MaskingClient.Begin(context, server.Opening, 0, random);
                randomForAdvertisement = random.Take();
                return Keep(masking!.Advertisement);
            }

            ClientStep step;
            switch (phase)
            {
                case RoundPhase.Share:
                    step = masking!.OnCohort(server.AnnouncementOf(EventType.CohortPublished)!, random);
                    randomForShares = random.Take();
                    break;
                case RoundPhase.Upload:
                    NoisedUpdate update = MakeUpdate(server.Round.Parameters.Layout);
                    step = masking!.OnDealers(server.AnnouncementOf(EventType.DealersListed)!, server.Round.InboxOf(context.Self), update);
                    break;
                case RoundPhase.Confirm:
                    step = masking!.OnSurvivors(server.AnnouncementOf(EventType.SurvivorsListed)!, SurvivorHistory.Empty);
                    break;
                default:
                    step = masking!.OnUnmaskRequest(server.AnnouncementOf(EventType.UnmaskRequested)!);
                    break;
            }

            Assert.Null(step.Refusal);
            return Keep(step.Message!.Value);
        }

        public GivenClient Describe(string organisation, RoundPhase? leavesBefore, byte[] key, UpdateLayout layout)
        {
            if (values is null)
                MakeUpdate(layout);
            MaskingClientState? state = masking is null ? null : MaskingClientState.TryDecode(masking.Encode());
            byte[][]? seedPolynomial = null;
            byte[][]? maskKeyPolynomial = null;
            if (randomForShares is not null && CohortList.TryDecode(state!.CohortList, out CohortList? cohort))
            {
                ReadOnlySpan<byte> tape = randomForShares.AsSpan(MaskingDerivations.SeedBytes);
                seedPolynomial = Polynomial(state.SelfMaskSeed, cohort!.Thresholds.Threshold, ref tape);
                maskKeyPolynomial = Polynomial(state.MaskPrivateKey, cohort.Thresholds.Threshold, ref tape);
                Assert.True(tape.IsEmpty);
            }

            return new GivenClient(
                context.Self.ToArray(),
                organisation,
                key,
                leavesBefore,
                randomForAdvertisement,
                state?.MaskPrivateKey,
                state?.SealingPrivateKey,
                randomForShares,
                randomForShares is null ? null : state!.SelfMaskSeed,
                seedPolynomial,
                maskKeyPolynomial,
                values!,
                randomForRounding!,
                integers,
                new GivenMessages(
                    messages.GetValueOrDefault(MessageType.Advertisement),
                    messages.GetValueOrDefault(MessageType.ShareBundle),
                    messages.GetValueOrDefault(MessageType.Upload),
                    messages.GetValueOrDefault(MessageType.Confirmation),
                    messages.GetValueOrDefault(MessageType.UnmaskAnswer)));
        }

        private NoisedUpdate MakeUpdate(UpdateLayout layout)
        {
            values = [.. Enumerable.Range(0, layout.Dimension - 1).Select(_ => 2 * random.Symmetric()), 0.5];
            random.Take();
            NoisedUpdate update = VectorParties.Prepare(layout, values, random, out integers);
            randomForRounding = random.Take();
            return update;
        }

        private byte[] Keep(ReadOnlyMemory<byte> message)
        {
            byte[] copy = message.ToArray();
            messages.Add((MessageType)copy[1], copy);
            return copy;
        }
    }
}
