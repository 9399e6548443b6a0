extern alias server;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SecureFed.Client;
using SecureFed.Client.Configuration;
using SecureFed.Client.Http;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Wire;
using SecureFed.Server;
using SecureFed.Server.Storage;
using SecureFed.Server.Tasks;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Storage;
using server::SecureFed.Shared;

namespace SecureFed.Service.Tests.Crashes;

/// <summary>A whole server in this process over a store on disk, which can be stopped and started again on the same files.</summary>
internal sealed class StoredServer : IAsyncDisposable
{
    private readonly TemporaryDirectory directory;
    private IHost? host;

    private StoredServer(TemporaryDirectory directory, int clients, string? store)
    {
        this.directory = directory;
        Keys = directory.File("keys");
        Store = store ?? directory.File("store");
        JsonArray members = JsonNode.Parse(File.ReadAllText(Path.Combine(Keys, "roster.json")))!["members"]!.AsArray();
        Member MemberOf(string id, string file, RosterRole role) => new(Identifier.Parse(id), IdentityFile.Load(Path.Combine(Keys, file)), role, "");
        string[] ids = [.. members.Select(m => m!["id"]!.GetValue<string>())]; // Server, operator, clients.
        ServerMember = MemberOf(ids[0], "server.pem", RosterRole.Server);
        Operator = MemberOf(ids[1], "operator.pem", RosterRole.Operator);
        Clients = [.. Enumerable.Range(0, clients).Select(i => MemberOf(ids[2 + i], $"client-{i + 1}.pem", RosterRole.Client))];
        Policy = PolicyFile.Load(Path.Combine(Keys, "policy.json")) with { RequiresNoise = false };
        Assert.True(Roster.TryDecode(File.ReadAllBytes(Path.Combine(Keys, "roster.signed")), Policy.RosterAuthorityKey.Span, out Roster? roster));
        Roster = roster!;
    }

    /// <summary>Directory of key files, roster and policy, as the command line takes them.</summary>
    public string Keys { get; }

    /// <summary>The data directory.</summary>
    public string Store { get; }

    public Member ServerMember { get; }

    public Member Operator { get; }

    public IReadOnlyList<Member> Clients { get; }

    public ClientPolicy Policy { get; }

    public Roster Roster { get; }

    public IServiceProvider Services => host!.Services;

    /// <summary>Makes the keys; nothing runs yet.</summary>
    public static async Task<StoredServer> CreateAsync(int clients = 3, string? store = null)
    {
        TemporaryDirectory place = new();
        Assert.Equal(0, (await CommandLine.Cli.RunAsync("keys", "consortium", "--out", place.File("keys"), "--clients", $"{clients}")).ExitCode);
        return new StoredServer(place, clients, store);
    }

    /// <param name="calls">Null: real ones without flushing.</param>
    /// <param name="retainedRounds">See the server's option.</param>
    /// <param name="guards">Directory of the guards; null for the one in the store.</param>
    /// <param name="renewsGuard">See the server's option.</param>
    /// <param name="time">Null for the system's.</param>
    /// <param name="logger">Gets the server's log lines.</param>
    /// <param name="roster">Null: the consortium's first.</param>
    public async Task StartAsync(IFileCalls? calls = null, int? retainedRounds = null, string? guards = null, bool renewsGuard = false, TimeProvider? time = null, ILoggerProvider? logger = null, Roster? roster = null)
    {
        ServerOptions options = new()
        {
            Signer = ServerMember.Key,
            Roster = roster ?? Roster,
            RosterAuthority = Policy.RosterAuthorityKey,
            Store = Store,
            FileCalls = calls ?? HookedCalls.WithoutFlush,
            RetainedRounds = retainedRounds,
            GuardDirectory = guards,
            RenewsGuard = renewsGuard,
        };
        host = new HostBuilder()
            .ConfigureLogging(logging =>
            {
                if (logger is not null)
                    logging.AddProvider(logger);
            })
            .ConfigureWebHost(web => web.UseTestServer().ConfigureServices(services => services.AddSingleton(time ?? TimeProvider.System).AddSecureFedServer(options)).Configure(app => app.UseSecureFedServer()))
            .Build();
        try
        {
            await host.StartAsync();
        }
        catch
        {
            host.Dispose();
            host = null;
            throw;
        }
    }

    public async Task StopAsync()
    {
        if (host is null)
            return;
        await host.StopAsync();
        host.Dispose();
        host = null;
    }

    /// <summary>Signs as the member; the handlers sit between signer and server, the last one nearest to the server.</summary>
    public HttpClient HttpFor(Member member, params DelegatingHandler[] handlers)
    {
        HttpMessageHandler wire = host!.GetTestServer().CreateHandler();
        foreach (DelegatingHandler handler in handlers.Reverse())
        {
            handler.InnerHandler = wire;
            wire = handler;
        }

        RequestSigner signer = new(member.Id, member.Key, OperatingSystemRandomSource.Instance, TimeProvider.System) { InnerHandler = wire };
        return new HttpClient(signer) { BaseAddress = TestConsortium.BaseAddress, Timeout = TimeSpan.FromMinutes(2) };
    }

    /// <summary>Signs nothing.</summary>
    public HttpClient Unsigned() => new(host!.GetTestServer().CreateHandler()) { BaseAddress = TestConsortium.BaseAddress };

    public SecureFedClientOptions OptionsFor(int index, Identifier task) => new()
    {
        ServerAddress = TestConsortium.BaseAddress,
        TaskId = task,
        ClientId = Clients[index].Id,
        Signer = Clients[index].Key,
        Policy = Policy,
        GreatestAttempts = 10,
        FirstRetryDelay = TimeSpan.FromMilliseconds(10),
    };

    public async Task<Identifier> CreateTaskAsync(TaskDefinition definition) =>
        Identifier.Parse((await new SecureFedOperator(HttpFor(Operator)).CreateTaskAsync(definition)).TaskId);

    public TaskHost HostOf(Identifier task) => Services.GetRequiredService<TaskRegistry>().Find(task)!;

    /// <summary>Of the stopped server's files, after a start and stop that publishes what is durable.</summary>
    public async Task<LogAudit> AuditAsync(Identifier task)
    {
        await using EmbeddedStorage storage = StorageSession.Open(Store, HookedCalls.WithoutFlush);
        await using ITaskStore store = await storage.OpenAsync(task);
        return LogAudit.Of(store, task, ServerMember.Key.PublicKey, Policy.RosterAuthorityKey);
    }

    /// <summary>A path beside the store, for what a test needs.</summary>
    public string PathOf(string name) => directory.File(name);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        directory.Dispose();
    }
}
