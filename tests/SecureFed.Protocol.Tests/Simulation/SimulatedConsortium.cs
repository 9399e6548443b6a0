using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Simulation;

/// <summary>A roster authority, a server and n clients in one process, seeded by a name. Clients are in ascending order of identifier.</summary>
internal sealed class SimulatedConsortium
{
    public SimulatedConsortium(string seed, ConsortiumOptions options)
    {
        Random = Seeded.Source(seed);
        Authority = SigningKey.Generate(Random);
        SigningKey serverKey = SigningKey.Generate(Random);
        Operator = new SimulatedClient(Identifier.Random(Random), SigningKey.Generate(Random), Random);
        Clients = [.. Enumerable.Range(0, options.Clients)
            .Select(_ => new SimulatedClient(Identifier.Random(Random), SigningKey.Generate(Random), Random))
            .OrderBy(c => c.Id)];
        KeyedRandomSource own = Seeded.Source(seed + " approvers"); // Of their own, so that nothing else is drawn differently for them.
        SimulatedClient NewApprover() => new(Identifier.Random(own), SigningKey.Generate(own), own);
        (Approver, OtherApprover, InsideApprover) = (NewApprover(), NewApprover(), NewApprover());
        Roster = Roster.Create(
            1,
            [
                .. Clients.Select((c, i) => new RosterEntry(c.Id, RosterRole.Client, options.OrganisationOf(i), c.Key.PublicKey)),
                new RosterEntry(Operator.Id, RosterRole.Operator, "Operations", Operator.Key.PublicKey),
                new RosterEntry(Approver.Id, RosterRole.Approver, "Oversight", Approver.Key.PublicKey),
                new RosterEntry(OtherApprover.Id, RosterRole.Approver, "Supervision", OtherApprover.Key.PublicKey),
                new RosterEntry(InsideApprover.Id, RosterRole.Approver, "Operations", InsideApprover.Key.PublicKey),
            ],
            Authority);
        int greatest = options.Greatest == 0 ? options.Clients : options.Greatest;
        Bounds = new CohortBounds(
            options.Least == 0 ? greatest : options.Least,
            greatest,
            Roster.ClientOrganisations,
            options.OrganisationCap,
            ExactDecimal.From(options.Gamma),
            ExactDecimal.From(options.DeltaDrop),
            options.Class,
            options.Leaves,
            options.LeastDifference);
        Task = new TaskParameters(
            Identifier.Random(Random),
            "Simulated task",
            options.Explains
                ? new ModelSpecification(TaskModelKind.Linear, options.Dimension, [.. Enumerable.Range(1, options.Dimension - 1).Select(j => new FeatureSpecification($"x{j}", 0, 1))], new FeatureSpecification("y", 0, 1), 0)
                : new ModelSpecification(TaskModelKind.Vector, options.Dimension, [], null, 0),
            new TrainingSpecification(options.TreeLeaves > 0 ? ServerOptimizerKind.FedSgd : ServerOptimizerKind.FedAvg, 1, LocalOptimizerKind.Sgd, 0.1, 1e-8, 1, 1, 1, options.ClipNorm, 100, AdaptiveClip: options.AdaptiveClip),
            new TaskSchedule(false, options.TrainRounds, options.Explains, options.GreatestFailures, Explain: options.Explains),
            [new RoundShape(RoundKind.Train, [new SegmentShape("delta", options.Dimension, options.ClipNorm), new SegmentShape("weight", 1, 1), .. options.AdaptiveClip is null ? Array.Empty<SegmentShape>() : [TaskParameters.CountShape]]), .. LookingShapes(options)],
            Bounds,
            new PhaseDeadlines(1000, 1000, 100),
            ProtectionKind.Masking,
            options.RingBits,
            PrivacyOf(options),
            options.Flattens,
            options.RequiresApproval,
            Explanation: options.Explains ? ExplanationSpecification.Plain : null);
        Assert.Null(Task.FindFault());
        Policy = new ClientPolicy(
            Authority.PublicKey,
            serverKey.PublicKey,
            3,
            2,
            options.OrganisationCap,
            ExactDecimal.Zero,
            ExactDecimal.From(0.5m),
            options.Class == ServerClass.Curious,
            false,
            [ProtectionKind.Masking],
            [TaskModelKind.Vector, TaskModelKind.Linear]);
        foreach (SimulatedClient client in Clients.Append(Operator))
            client.Context = ContextOf(client);
        Server = new SimulatedServer(Task, Roster, serverKey, Random);
    }

    /// <summary>Rounds that look at the finished model.</summary>
    private static IEnumerable<RoundShape> LookingShapes(ConsortiumOptions options) => options.Explains
        ? new[] { RoundKind.Evaluate, RoundKind.Explain }.Select(kind => new RoundShape(kind, [new SegmentShape("sums", 3, 1)]))
        : [];

    private static PrivacySpecification PrivacyOf(ConsortiumOptions options)
    {
        if (options.Epsilon is not { } epsilon)
            return PrivacySpecification.None;
        NoisePlan plan = NoisePlan.For([new PlannedRelease("train", ReleasesPerUnit(options) + options.SpareRounds, 1, 1)], epsilon, 1e-5);
        return new PrivacySpecification(
            options.TreeLeaves > 0 ? PrivacyUnit.Record : PrivacyUnit.Client, epsilon, 1e-5, plan.Cap.Order, 1, options.TreeLeaves > 0 ? 100 : 0, "", [new ReleaseSpecification(RoundKind.Train, plan.Releases[0].NoiseMultiplier, plan.Releases[0].Units)], options.TreeLeaves);
    }

    private static int ReleasesPerUnit(ConsortiumOptions options) =>
        options.TreeLeaves > 0 ? TreeAggregationAccountant.ReleasesPerRecord(options.TreeLeaves, options.TrainRounds / options.TreeLeaves) : options.TrainRounds;

    public KeyedRandomSource Random { get; }

    public SigningKey Authority { get; }

    public SimulatedServer Server { get; }

    public Roster Roster { get; }

    public CohortBounds Bounds { get; }

    public TaskParameters Task { get; }

    public ClientPolicy Policy { get; }

    public IReadOnlyList<SimulatedClient> Clients { get; }

    /// <summary>An identity of the roster that is no client.</summary>
    public SimulatedClient Operator { get; }

    public SimulatedClient Approver { get; }

    /// <summary>An approver of a third organisation.</summary>
    public SimulatedClient OtherApprover { get; }

    /// <summary>An approver of the operator's own organisation.</summary>
    public SimulatedClient InsideApprover { get; }

    public ClientContext ContextOf(SimulatedClient client, ClientPolicy? policy = null) => new(client.Id, client.Key, Roster, Task, policy ?? Policy);

    /// <summary>Those clients take their next step, if they have one, and the server receives it.</summary>
    public void Step(IEnumerable<SimulatedClient> clients)
    {
        foreach (SimulatedClient client in clients)
        {
            if (client.Step(Server) is { } message)
                Server.Receive(message);
        }
    }

    /// <summary>Runs the open round until it waits in <paramref name="phase"/>; all of <paramref name="clients"/> take part.</summary>
    public void RunTo(RoundPhase phase, IReadOnlyCollection<SimulatedClient>? clients = null)
    {
        while (Server.Round.Phase < phase)
        {
            RoundPhase before = Server.Round.Phase;
            Step(clients ?? Clients);
            Server.Advance(Patience.Waiting);
            if (Server.Round.Phase == before)
                Server.Advance(Patience.DeadlinePassed);
        }
    }

    /// <summary>What the sum of these clients' updates must be.</summary>
    public static int[] SumOf(IEnumerable<SimulatedClient> clients)
    {
        int[]? sum = null;
        foreach (SimulatedClient client in clients)
        {
            sum ??= new int[client.Integers.Length];
            for (int i = 0; i < sum.Length; i++)
                sum[i] += client.Integers[i];
        }

        return sum!;
    }

    /// <summary>The clients whose uploads the last round accepted.</summary>
    public IReadOnlyList<SimulatedClient> Survivors() =>
        [.. Clients.Where(c => Server.Round.IndexOf(EventType.UpdateUploaded, c.Id) is not null)];
}
