using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using SecureFed.Client.Configuration;
using SecureFed.Client.Http;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Server;

namespace SecureFed.Cli.Demo;

/// <summary>The parties of a demo with keys made for this run: roster authority, server, operator, clients and key holders, each client and holder an organisation of its own.</summary>
internal sealed class DemoConsortium : IAsyncDisposable
{
    /// <summary>Of an encrypted task with one-time keys: four of them give the sum of keys, two may be corrupt.</summary>
    private const int KeyHolders = 5;

    private readonly WebApplication host;
    private readonly X509Certificate2 tls;
    private readonly SigningKey logKey;

    private DemoConsortium(
        WebApplication server,
        X509Certificate2 certificate,
        SigningKey serverKey,
        SigningKey authority,
        Uri address,
        ProtectionKind protection,
        IReadOnlyList<(Identifier, SigningKey)> clients,
        IReadOnlyList<(Identifier, SigningKey)> holders,
        (Identifier, SigningKey) taskOperator,
        (Identifier, SigningKey) auditor)
    {
        host = server;
        tls = certificate;
        logKey = serverKey;
        AuthorityKey = authority.PublicKey;
        Address = address;
        Protection = protection;
        Clients = clients;
        Holders = holders;
        Operator = taskOperator;
        Auditor = auditor;
    }

    public ReadOnlyMemory<byte> AuthorityKey { get; }

    public Uri Address { get; }

    public string CertificatePin => PinnedHandler.PinOf(tls);

    public IReadOnlyList<(Identifier Id, SigningKey Key)> Clients { get; }

    /// <summary>Key holders of an encrypted task; none if it is masked.</summary>
    public IReadOnlyList<(Identifier Id, SigningKey Key)> Holders { get; }

    public ProtectionKind Protection { get; }

    public (Identifier Id, SigningKey Key) Operator { get; }

    public (Identifier Id, SigningKey Key) Auditor { get; }

    /// <param name="clients">Number of clients.</param>
    /// <param name="store">Directory of the server's logs; null keeps them in memory.</param>
    /// <param name="protection">Decides how many key holders there are.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<DemoConsortium> StartAsync(int clients, string? store, ProtectionKind protection, CancellationToken cancellationToken)
    {
        IRandomSource random = OperatingSystemRandomSource.Instance;
        using SigningKey authority = SigningKey.Generate(random);
        SigningKey serverKey = SigningKey.Generate(random);
        Identifier serverId = Identifier.Random(random);
        (Identifier, SigningKey) taskOperator = (Identifier.Random(random), SigningKey.Generate(random));
        (Identifier, SigningKey) auditor = (Identifier.Random(random), SigningKey.Generate(random));
        (Identifier Id, SigningKey Key)[] members = NewMembers(clients);
        (Identifier Id, SigningKey Key)[] holders = NewMembers(protection switch { ProtectionKind.Encryption => KeyHolders, ProtectionKind.EncryptionSingleKey => 1, _ => 0 });
        Roster roster = Roster.Create(
            1,
            [
                new RosterEntry(serverId, RosterRole.Server, "demo server", serverKey.PublicKey),
                new RosterEntry(taskOperator.Item1, RosterRole.Operator, "demo server", taskOperator.Item2.PublicKey),
                new RosterEntry(auditor.Item1, RosterRole.Auditor, "demo auditor", auditor.Item2.PublicKey),
                .. members.Select((m, i) => new RosterEntry(m.Id, RosterRole.Client, $"participant {i + 1}", m.Key.PublicKey)),
                .. holders.Select((h, i) => new RosterEntry(h.Id, RosterRole.KeyHolder, $"key holder {i + 1}", h.Key.PublicKey)),
            ],
            authority);

        X509Certificate2 certificate = LoopbackCertificate.Create();
        WebApplication server = SecureFedServer.Create(
            new ServerOptions { Signer = serverKey, Roster = roster, DataSetEpsilon = 1e6, DataSetDelta = 0.9, Store = store }, // One task; its own budget is the limit.
            certificate,
            new IPEndPoint(IPAddress.Loopback, 0));
        await server.StartAsync(cancellationToken);
        string address = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new DemoConsortium(server, certificate, serverKey, authority, new Uri(address), protection, members, holders, taskOperator, auditor);

        (Identifier, SigningKey)[] NewMembers(int count) => [.. Enumerable.Range(0, count).Select(_ => (Identifier.Random(random), SigningKey.Generate(random)))];
    }

    /// <summary>What every demo client demands.</summary>
    public ClientPolicy PolicyFor(CohortBounds cohort, PrivacyDefinition privacy) => new(
        AuthorityKey,
        logKey.PublicKey,
        SmallestCohort: cohort.Least,
        LeastSurvivors: 2,
        GreatestClientsPerOrganisation: cohort.OrganisationCap,
        LeastGamma: cohort.Gamma,
        GreatestDeltaDrop: cohort.DeltaDrop,
        AllowsCuriousServer: cohort.ServerClass == ServerClass.Curious,
        RequiresNoise: privacy.Unit != PrivacyUnit.None,
        Protections: [Protection],
        Models: [TaskModelKind.Linear, TaskModelKind.Logistic, TaskModelKind.Softmax, TaskModelKind.Network, TaskModelKind.Trees, TaskModelKind.Statistics],
        Privacy: privacy.Unit == PrivacyUnit.None ? null : LimitsFor(privacy),
        KeyHolders: [.. Holders.Select(h => h.Id)]);

    /// <summary>The same as a file, for an auditor who takes the demo's word for the keys.</summary>
    public PolicyFile PolicyFileFor(CohortBounds cohort, PrivacyDefinition privacy)
    {
        ClientPolicy policy = PolicyFor(cohort, privacy);
        PolicyFile file = new()
        {
            RosterAuthorityKey = Convert.ToBase64String(policy.RosterAuthorityKey.Span),
            ServerKey = Convert.ToBase64String(policy.ServerKey.Span),
            SmallestCohort = policy.SmallestCohort,
            LeastSurvivors = policy.LeastSurvivors,
            GreatestClientsPerOrganisation = policy.GreatestClientsPerOrganisation,
            LeastGamma = policy.LeastGamma.ToDecimal(),
            GreatestDeltaDrop = policy.GreatestDeltaDrop.ToDecimal(),
            AllowsCuriousServer = policy.AllowsCuriousServer,
            RequiresNoise = policy.RequiresNoise,
            Protections = policy.Protections,
            Models = policy.Models,
            KeyHolders = [.. Holders.Select(h => h.Id.ToString())],
        };
        return policy.Privacy is not { } limits ? file : file with
        {
            GreatestEpsilon = limits.GreatestEpsilon,
            GreatestDelta = limits.GreatestDelta,
            ClientTotalEpsilon = limits.ClientTotalEpsilon,
            RecordTotalEpsilon = limits.RecordTotalEpsilon,
            TotalDelta = limits.TotalDelta,
        };
    }

    /// <summary>This task and no more.</summary>
    private static PrivacyLimits LimitsFor(PrivacyDefinition privacy)
    {
        decimal epsilon = Above(privacy.Epsilon);
        decimal delta = Above(privacy.Delta!.Value);
        PrivacyLimits limits = PrivacyLimits.Default;
        decimal total = 2 * epsilon; // One task, with its allowance for failed rounds.
        return limits with { GreatestEpsilon = total, GreatestDelta = delta, ClientTotalEpsilon = total, RecordTotalEpsilon = total, TotalDelta = delta };
    }

    /// <summary>A decimal that is not below the double: the cast rounds to 15 digits.</summary>
    private static decimal Above(double value) => (decimal)value is var cut && (double)cut < value ? cut * 1.00000000000001m : cut;

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync(CancellationToken.None);
        await host.DisposeAsync();
        tls.Dispose();
        logKey.Dispose();
        Operator.Key.Dispose();
        Auditor.Key.Dispose();
        foreach ((_, SigningKey key) in Clients.Concat(Holders))
            key.Dispose();
    }
}
