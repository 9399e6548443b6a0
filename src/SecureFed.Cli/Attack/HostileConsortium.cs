using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack;

/// <summary>An identity with its key.</summary>
internal sealed record Party(Identifier Id, SigningKey Key);

/// <summary>The parties of an attack with keys made for this run. The server holds its own key and those of its accomplices, never the authority's.</summary>
internal sealed class HostileConsortium : IDisposable
{
    /// <summary>Clients enrolled; those of a cohort are the first, in ascending order of identifier, so that place in the list and cohort index agree.</summary>
    public const int Enrolled = 8;

    /// <summary>The client under attack.</summary>
    public const int VictimIndex = 2;

    /// <summary>The one client whose key the server holds: c = 1.</summary>
    public const int AccompliceIndex = 4;

    /// <summary>Corrupt clients of a large cohort: c = 6 of a hundred.</summary>
    private const int ManyAccomplices = 6;

    /// <summary>Enrolled in small consortia, of the accomplice's organisation; not in the usual cohort.</summary>
    public const int SiblingIndex = 7;

    /// <param name="clients">Clients enrolled.</param>
    /// <param name="victimKey">The victim's key if another process holds it too; owned by the consortium from now on.</param>
    public HostileConsortium(int clients = Enrolled, SigningKey? victimKey = null)
    {
        IRandomSource random = OperatingSystemRandomSource.Instance;
        Identifier[] ids = [.. Enumerable.Range(0, clients).Select(_ => Identifier.Random(random)).Order()];
        Clients = [.. ids.Select((id, i) => new Party(id, i == VictimIndex && victimKey is not null ? victimKey : SigningKey.Generate(random)))];
        Server = NewParty(random);
        Operator = NewParty(random);
        Authority = SigningKey.Generate(random);
        Stranger = NewParty(random);
        Roster = SignRoster(2, Entries());
    }

    /// <summary>The one kind of model that clients accept.</summary>
    public TaskModelKind Model { get; init; } = TaskModelKind.Vector;

    public SigningKey Authority { get; }

    public Party Server { get; }

    public Party Operator { get; }

    /// <summary>In no roster.</summary>
    public Party Stranger { get; }

    public IReadOnlyList<Party> Clients { get; }

    public Party Victim => Clients[VictimIndex];

    public Party Accomplice => Clients[AccompliceIndex];

    /// <summary>Places of all clients whose keys the server holds.</summary>
    public IReadOnlyList<int> Accomplices => [.. Enumerable.Range(AccompliceIndex, Clients.Count > Enrolled ? ManyAccomplices : 1)];

    /// <summary>In force: number 2.</summary>
    public Roster Roster { get; }

    /// <summary>What a careful client of this consortium demands.</summary>
    public ClientPolicy Policy => new(
        Authority.PublicKey,
        Server.Key.PublicKey,
        SmallestCohort: TaskPlan.LeastClients,
        LeastSurvivors: TaskPlan.LeastClients - 1,
        GreatestClientsPerOrganisation: 1,
        LeastGamma: ExactDecimal.From(0.01m),
        GreatestDeltaDrop: ExactDecimal.From(0.22m),
        AllowsCuriousServer: false,
        RequiresNoise: false,
        Protections: [ProtectionKind.Masking],
        Models: [Model],
        LeastRosterSequence: 2);

    public RosterEntry[] Entries() =>
    [
        new(Server.Id, RosterRole.Server, "provider", Server.Key.PublicKey),
        new(Operator.Id, RosterRole.Operator, "provider", Operator.Key.PublicKey),
        .. Clients.Select((client, i) => new RosterEntry(client.Id, RosterRole.Client, $"organisation {(i == SiblingIndex && Clients.Count == Enrolled ? AccompliceIndex : i) + 1}", client.Key.PublicKey)),
    ];

    public Roster SignRoster(ulong sequence, IEnumerable<RosterEntry> entries) => Roster.Create(sequence, entries, Authority);

    public void Dispose()
    {
        foreach (Party party in Clients.Append(Server).Append(Operator).Append(Stranger))
            party.Key.Dispose();
        Authority.Dispose();
    }

    private static Party NewParty(IRandomSource random) => new(Identifier.Random(random), SigningKey.Generate(random));
}
