using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using SecureFed.Cli;
using SecureFed.Client;
using SecureFed.Client.Configuration;
using SecureFed.Client.Http;
using SecureFed.Client.Ledger;
using SecureFed.Client.Rounds;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Server;

namespace SecureFed.Service.Tests.Documents;

/// <summary>The README's program is Documents/FirstContribution.cs, letter by letter, and runs.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void The_readme_shows_the_program_that_is_compiled_here() =>
        Assert.Contains(Repository.Read("tests/SecureFed.Service.Tests/Documents/FirstContribution.cs"), Repository.Read("README.md"), StringComparison.Ordinal);

    [Fact]
    public void The_readme_names_its_two_commands()
    {
        Assert.Contains("\n    dotnet run --project src/SecureFed.Cli -c Release -- demo\n", Repository.Read("README.md"), StringComparison.Ordinal);
        Assert.Contains("\n    dotnet test\n", Repository.Read("README.md"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_readmes_program_contributes_its_update()
    {
        string keys = Directory.CreateTempSubdirectory("securefed-readme").FullName;
        try
        {
            Directory.Delete(keys);
            Assert.Equal(0, await SecureFedCommand.RunAsync(["keys", "consortium", "--out", keys, "--clients", "3", "--json"], TextWriter.Null, TextWriter.Null));
            ClientPolicy policy = PolicyFile.Load(Path.Combine(keys, "policy.json"));
            Assert.True(Roster.TryDecode(File.ReadAllBytes(Path.Combine(keys, "roster.signed")), policy.RosterAuthorityKey.Span, out Roster? roster));
            using SigningKey serverKey = IdentityFile.Load(Path.Combine(keys, "server.pem"));
            using X509Certificate2 certificate = LoopbackCertificate.Create();
            await using WebApplication server = SecureFedServer.Create(
                new ServerOptions { Signer = serverKey, Roster = roster! }, certificate, new IPEndPoint(IPAddress.Loopback, 0));
            await server.StartAsync();
            Uri address = new(server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
            string pin = PinnedHandler.PinOf(certificate);
            Identifier task = await CreateTaskAsync(address, pin, keys, roster!);

            TaskParameters? parameters = await ParametersAsync(address, pin, keys, roster!, task);
            RosterEntry[] clients = [.. roster!.Entries.Where(e => e.Role == RosterRole.Client).OrderBy(e => e.Organisation, StringComparer.Ordinal)];
            Task<RoundOutcome> ours = FirstContribution.RunAsync(address.ToString(), pin, task.ToString(), clients[0].Id.ToString(), keys);
            Task<RoundOutcome>[] others = [ContributeAsync(address, pin, task, clients[1], keys, 2, policy), ContributeAsync(address, pin, task, clients[2], keys, 3, policy)];
            RoundOutcome outcome = await ours;
            await Task.WhenAll(others);

            Assert.Equal(RoundStatus.Contributed, outcome.Status);
            Assert.Equal(3, outcome.Survivors);
            TaskSpending cost = Assert.Single(await new FilePrivacyLedger(Path.Combine(keys, "state")).ReadAsync());
            Assert.Equal((task, 5.0), (cost.TaskId, cost.EpsilonLimit));
            Assert.InRange(cost.Epsilon, 3.9, 4);
            double[] sent = SumDecoder.ToValues(parameters!.LayoutOf(RoundKind.Train), outcome.Quantized.Span);
            double[] given = [0.2, -0.4, 0.8, 0.8];
            for (int i = 0; i < given.Length; i++)
                Assert.Equal(given[i], sent[i], 1.0 / parameters.LayoutOf(RoundKind.Train).Segments[0].Scale);
            await server.StopAsync();
        }
        finally
        {
            if (Directory.Exists(keys))
                Directory.Delete(keys, recursive: true);
        }
    }

    private static async Task<Identifier> CreateTaskAsync(Uri address, string pin, string keys, Roster roster)
    {
        RosterEntry taskOperator = roster.Entries.Single(e => e.Role == RosterRole.Operator);
        using SigningKey key = IdentityFile.Load(Path.Combine(keys, "operator.pem"));
        using HttpClient http = SignedHttpClient.Create(address, pin, taskOperator.Id, key);
        Identifier task = Identifier.Random(OperatingSystemRandomSource.Instance);
        await new SecureFedOperator(http).CreateTaskAsync(new TaskDefinition
        {
            TaskId = task.ToString(),
            Name = "readme",
            Model = new ModelDefinition { Kind = TaskModelKind.Vector, Length = 3 },
            Training = new TrainingDefinition { ClipNorm = 4 },
            Schedule = new ScheduleDefinition { TrainRounds = 1 },
            Cohort = new CohortDefinition { Least = 3, Greatest = 3, DeltaDrop = 0 },
        });
        return task;
    }

    private static async Task<TaskParameters?> ParametersAsync(Uri address, string pin, string keys, Roster roster, Identifier task)
    {
        using SigningKey key = IdentityFile.Load(Path.Combine(keys, "operator.pem"));
        using HttpClient http = SignedHttpClient.Create(address, pin, roster.Entries.Single(e => e.Role == RosterRole.Operator).Id, key);
        return TaskParameters.TryDecode(await http.GetByteArrayAsync(Protocol.Requests.Routes.TaskPart(task, "parameters")), out TaskParameters? parameters) ? parameters : null;
    }

    private static async Task<RoundOutcome> ContributeAsync(Uri address, string pin, Identifier task, RosterEntry client, string keys, int number, ClientPolicy policy)
    {
        using SigningKey key = IdentityFile.Load(Path.Combine(keys, $"client-{number}.pem"));
        using HttpClient http = SignedHttpClient.Create(address, pin, client.Id, key);
        SecureFedClientOptions options = new() { ServerAddress = address, ServerCertificatePin = pin, TaskId = task, ClientId = client.Id, Signer = key, Policy = policy };
        return await new SecureFedClient(http, options, TimeProvider.System).ContributeAsync(new double[] { 1, 1, 1 });
    }
}
