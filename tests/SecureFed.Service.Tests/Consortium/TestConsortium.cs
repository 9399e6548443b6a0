using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SecureFed.Client;
using SecureFed.Client.Holding;
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

[assembly: AssemblyFixture(typeof(SecureFed.Service.Tests.Consortium.TestConsortium))]

namespace SecureFed.Service.Tests.Consortium;

/// <summary>All parties of a consortium with keys of their own: authority, roster, a server on the test host, operator, auditor and clients over HTTP.</summary>
/// <remarks>One is shared by the whole assembly; tests make tasks of their own on it. Give a clock or a logger to get a private one.</remarks>
public sealed class TestConsortium : IDisposable
{
    public const int ClientCount = 8;
    public static readonly Uri BaseAddress = new("https://localhost");
    private readonly ServerFactory factory;

    public TestConsortium()
        : this(null, null)
    {
    }

    internal TestConsortium(TimeProvider? time, ILoggerProvider? logger, IReadOnlyList<string>? authorities = null, IRandomSource? random = null, bool requireApproval = false, int keyHolders = 0)
    {
        Clients = [.. Enumerable.Range(1, ClientCount).Select(i => Member.Create(RosterRole.Client, $"organisation {i}"))];
        KeyHolders = [.. Enumerable.Range(1, keyHolders).Select(i => Member.Create(RosterRole.KeyHolder, $"holding organisation {i}"))];
        Roster = Roster.Create(1, new[] { ServerMember, Operator, Auditor, Approver, OtherApprover, InsideApprover }.Concat(Clients).Concat(KeyHolders).Select(m => m.ToEntry()), Authority);
        ServerOptions options = new()
        {
            Signer = ServerMember.Key,
            Roster = Roster,
            Authorities = authorities ?? [],
            Random = random ?? OperatingSystemRandomSource.Instance,
            RequireApproval = requireApproval,
        };
        factory = new ServerFactory(options, time, logger);
        _ = factory.Server;
    }

    public SigningKey Authority { get; } = SigningKey.Generate(OperatingSystemRandomSource.Instance);

    public Member ServerMember { get; } = Member.Create(RosterRole.Server, "provider");

    public Member Operator { get; } = Member.Create(RosterRole.Operator, "provider");

    public Member Auditor { get; } = Member.Create(RosterRole.Auditor, "audit");

    public Member Approver { get; } = Member.Create(RosterRole.Approver, "oversight");

    /// <summary>An approver of a third organisation.</summary>
    public Member OtherApprover { get; } = Member.Create(RosterRole.Approver, "supervision");

    /// <summary>An approver of the operator's own organisation.</summary>
    public Member InsideApprover { get; } = Member.Create(RosterRole.Approver, "provider");

    public IReadOnlyList<Member> Clients { get; }

    /// <summary>None unless asked for.</summary>
    public IReadOnlyList<Member> KeyHolders { get; }

    public Roster Roster { get; }

    /// <summary>The server's own services, for tests that look behind the surface.</summary>
    public IServiceProvider Services => factory.Services;

    public IReadOnlyList<RouteEndpoint> Endpoints => [.. Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()];

    /// <summary>What a careful client of this consortium demands.</summary>
    public ClientPolicy Policy => new(
        Authority.PublicKey,
        ServerMember.Key.PublicKey,
        SmallestCohort: 3,
        LeastSurvivors: 3,
        GreatestClientsPerOrganisation: 1,
        LeastGamma: ExactDecimal.From(0.1m),
        GreatestDeltaDrop: ExactDecimal.From(0.3m),
        AllowsCuriousServer: false,
        RequiresNoise: false,
        Protections: [ProtectionKind.Masking],
        Models: [TaskModelKind.Vector, TaskModelKind.Linear, TaskModelKind.Logistic, TaskModelKind.Softmax, TaskModelKind.Network]);

    /// <summary>The same for tasks whose rounds are encrypted to this consortium's key holders.</summary>
    public ClientPolicy EncryptionPolicy => Policy with { Protections = [ProtectionKind.Encryption], KeyHolders = [.. KeyHolders.Select(h => h.Id)] };

    internal HttpMessageHandler CreateHandler() => factory.Server.CreateHandler();

    /// <summary>Signs nothing.</summary>
    public HttpClient Unsigned() => new(CreateHandler()) { BaseAddress = BaseAddress };

    /// <summary>Signs as the member; <paramref name="inner"/> sits behind the signer, next to the wire.</summary>
    public HttpClient HttpFor(Member member, DelegatingHandler? inner = null)
    {
        HttpMessageHandler wire = CreateHandler();
        if (inner is not null)
        {
            inner.InnerHandler = wire;
            wire = inner;
        }

        RequestSigner signer = new(member.Id, member.Key, OperatingSystemRandomSource.Instance, Services.GetRequiredService<TimeProvider>()) { InnerHandler = wire };
        return new HttpClient(signer) { BaseAddress = BaseAddress, Timeout = TimeSpan.FromMinutes(2) };
    }

    public SecureFedOperator OperatorApi() => new(HttpFor(Operator));

    public SecureFedClient ClientFor(int index, Identifier task, Action<SecureFedClientOptions>? configure = null, DelegatingHandler? inner = null)
    {
        SecureFedClientOptions options = OptionsFor(index, task);
        configure?.Invoke(options);
        return new SecureFedClient(HttpFor(Clients[index], inner), options, TimeProvider.System);
    }

    public SecureFedClientOptions OptionsFor(int index, Identifier task) => new()
    {
        ServerAddress = BaseAddress,
        TaskId = task,
        ClientId = Clients[index].Id,
        Signer = Clients[index].Key,
        Policy = Policy,
        FirstRetryDelay = TimeSpan.FromMilliseconds(5),
    };

    public SecureFedKeyHolder HolderFor(int index, Identifier task, Action<SecureFedKeyHolderOptions>? configure = null, DelegatingHandler? inner = null)
    {
        SecureFedKeyHolderOptions options = new()
        {
            ServerAddress = BaseAddress,
            TaskId = task,
            HolderId = KeyHolders[index].Id,
            Signer = KeyHolders[index].Key,
            Policy = EncryptionPolicy,
            FirstRetryDelay = TimeSpan.FromMilliseconds(5),
        };
        configure?.Invoke(options);
        return new SecureFedKeyHolder(HttpFor(KeyHolders[index], inner), options, TimeProvider.System);
    }

    public async Task<Identifier> CreateTaskAsync(TaskDefinition definition) =>
        Identifier.Parse((await OperatorApi().CreateTaskAsync(definition)).TaskId);

    public void Dispose() => factory.Dispose();

    /// <summary>The service on the test host. The entry point that the factory asks for is the test program's own; its host is not used.</summary>
    private sealed class ServerFactory(ServerOptions options, TimeProvider? time, ILoggerProvider? logger) : WebApplicationFactory<TestConsortium>
    {
        protected override IHostBuilder CreateHostBuilder() => new HostBuilder()
            .ConfigureWebHost(web => web
                .ConfigureServices(services =>
                {
                    if (time is not null)
                        services.AddSingleton(time);
                    services.AddSecureFedServer(options);
                })
                .Configure(app => app.UseSecureFedServer()))
            .ConfigureLogging(logging =>
            {
                if (logger is not null)
                    logging.SetMinimumLevel(LogLevel.Trace).AddProvider(logger);
            });

        protected override void ConfigureWebHost(IWebHostBuilder builder) => builder.UseContentRoot(AppContext.BaseDirectory);
    }
}
