using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using SecureFed.Client.Configuration;
using SecureFed.Client.Http;
using SecureFed.Cryptography.Keys;
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
    private readonly WebApplication host;
    private readonly X509Certificate2 tls;
    private readonly DemoKeys keys;

    private DemoConsortium(WebApplication server, X509Certificate2 certificate, DemoKeys keys, Uri address, ProtectionKind protection)
    {
        host = server;
        tls = certificate;
        this.keys = keys;
        Address = address;
        Protection = protection;
    }

    public ReadOnlyMemory<byte> AuthorityKey => keys.AuthorityKey;

    public Uri Address { get; }

    public string CertificatePin => PinnedHandler.PinOf(tls);

    public IReadOnlyList<(Identifier Id, SigningKey Key)> Clients => keys.Clients;

    /// <summary>Key holders of an encrypted task; none if it is masked.</summary>
    public IReadOnlyList<(Identifier Id, SigningKey Key)> Holders => keys.Holders;

    /// <summary>Under which each key holder's state lies on disk.</summary>
    public IReadOnlyList<byte[]> HolderStateKeys => keys.HolderStateKeys;

    public ProtectionKind Protection { get; }

    public (Identifier Id, SigningKey Key) Operator => keys.Operator;

    public (Identifier Id, SigningKey Key) Auditor => keys.Auditor;

    /// <summary>With keys of its own that are never written down.</summary>
    /// <param name="clients">Number of clients.</param>
    /// <param name="store">Directory of the server's logs; null keeps them in memory.</param>
    /// <param name="protection">Decides how many key holders there are.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static Task<DemoConsortium> StartAsync(int clients, string? store, ProtectionKind protection, CancellationToken cancellationToken) =>
        StartAsync(DemoKeys.Create(clients, protection), store, protection, cancellationToken);

    /// <param name="keys">Of all parties; disposed with the consortium.</param>
    /// <param name="store">Directory of the server's logs; a former run's are gone on with. Null keeps them in memory.</param>
    /// <param name="protection">Of the task.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<DemoConsortium> StartAsync(DemoKeys keys, string? store, ProtectionKind protection, CancellationToken cancellationToken)
    {
        X509Certificate2 certificate = LoopbackCertificate.Create();
        WebApplication server = SecureFedServer.Create(
            new ServerOptions { Signer = keys.Server, Roster = keys.Roster, DataSetEpsilon = 1e6, DataSetDelta = 0.9, Store = store }, // One task; its own budget is the limit.
            certificate,
            new IPEndPoint(IPAddress.Loopback, 0));
        await server.StartAsync(cancellationToken);
        string address = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new DemoConsortium(server, certificate, keys, new Uri(address), protection);
    }

    /// <summary>What every demo client demands.</summary>
    public ClientPolicy PolicyFor(CohortBounds cohort, PrivacyDefinition privacy) => new(
        AuthorityKey,
        keys.Server.PublicKey,
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
        keys.Dispose();
    }
}
