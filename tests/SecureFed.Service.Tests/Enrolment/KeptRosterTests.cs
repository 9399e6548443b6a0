using System.Net;
using SecureFed.Client;
using SecureFed.Client.Configuration;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Crashes;
using SecureFed.Service.Tests.Storage;

namespace SecureFed.Service.Tests.Enrolment;

/// <summary>What a server still knows of a published roster after it was stopped, with the roster file of its first day.</summary>
[Collection("demo runs")]
public sealed class KeptRosterTests : IAsyncLifetime
{
    private StoredServer server = null!;
    private SigningKey authority = null!;

    public async ValueTask InitializeAsync()
    {
        server = await StoredServer.CreateAsync(4);
        authority = IdentityFile.Load(Path.Combine(server.Keys, "authority.pem"));
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        authority.Dispose();
    }

    [Fact]
    public async Task A_restart_with_an_older_roster_goes_on_with_the_newest_and_says_so()
    {
        await server.StartAsync();
        Roster next = WithoutLastClient(2);
        await PublishAsync(next);
        await server.StopAsync();

        LineCollector log = new();
        await server.StartAsync(logger: log);
        using HttpClient http = server.HttpFor(server.Operator);
        Assert.Equal(next.Bytes.ToArray(), await http.GetByteArrayAsync(Routes.Roster));
        Assert.Contains(log.Lines, l => l.Contains("has number 1; the server goes on with number 2", StringComparison.Ordinal));
        using HttpClient removed = server.HttpFor(server.Clients[3]);
        await removed.GetAsync(Routes.Roster).AssertProblemAsync(HttpStatusCode.Forbidden, "not-enrolled");
        await http.PutAsync(Routes.Roster, HandSteppedClient.Binary(server.Roster.Bytes.ToArray())).AssertProblemAsync(HttpStatusCode.Conflict, "roster-outdated");
    }

    /// <summary>The round in progress keeps its roster over the restart; the next one goes by the new roster, and the log is in order.</summary>
    [Fact]
    public async Task A_task_takes_the_roster_over_after_a_restart_in_mid_round()
    {
        await server.StartAsync();
        Identifier task = await server.CreateTaskAsync(Definitions.Vector(clients: 3, rounds: 1) with { Schedule = new() { TrainRounds = 1, GreatestFailures = 3 } });
        Roster next = WithoutLastClient(2);
        using (HttpClient http = server.HttpFor(server.Operator))
        {
            await EnrolmentExtensions.RoundAsync(http, task, 1);
            await PublishAsync(next);
        }

        await server.StopAsync();
        await server.StartAsync();
        using (HttpClient http = server.HttpFor(server.Operator))
        {
            Assert.Equal(server.Roster.Digest, await EnrolmentExtensions.RosterOfRoundAsync(http, task, 1));
            await EnrolmentExtensions.AbortAsync(new SecureFedOperator(http), http, task, 1);
            Assert.Equal(next.Digest, await EnrolmentExtensions.RosterOfRoundAsync(http, task, 2));
            await Task.WhenAll(Enumerable.Range(0, 3).Select(i => ClientOf(i, task).ContributeAsync(new double[] { i, 1, 2, 3 })));
            await Http.RoundResourceTests.FinishedAsync(http, task);
        }

        await server.StopAsync();
        await server.AuditAsync(task); // Folds, replays and verifies.
        await server.StartAsync(); // And the server folds its own log again.
        Assert.True((await new SecureFedOperator(server.HttpFor(server.Operator)).GetTaskAsync(task)).Finished);
    }

    /// <summary>A newer file at the start is a way to publish, too.</summary>
    [Fact]
    public async Task A_restart_with_a_newer_roster_puts_it_in_force_and_one_with_the_old_keeps_it()
    {
        Roster next = WithoutLastClient(2);
        await server.StartAsync();
        await server.StopAsync();
        await server.StartAsync(roster: next);
        await server.StopAsync();
        await server.StartAsync();
        using HttpClient http = server.HttpFor(server.Operator);
        Assert.Equal(next.Bytes.ToArray(), await http.GetByteArrayAsync(Routes.Roster));
    }

    [Theory]
    [InlineData(nameof(HookedCalls.Open))]
    [InlineData(nameof(HookedCalls.Write))]
    [InlineData(nameof(HookedCalls.Flush))]
    [InlineData(nameof(HookedCalls.Rename))]
    [InlineData(nameof(HookedCalls.FlushDirectory))]
    public async Task A_roster_that_could_not_be_made_durable_is_neither_acknowledged_nor_in_force(string call)
    {
        bool isBroken = false;
        bool isRoster = false; // The request itself is noted first, in a file of its own.
        await server.StartAsync(new HookedCalls((name, path) =>
        {
            isRoster = string.Equals(name, nameof(HookedCalls.FlushDirectory), StringComparison.Ordinal) ? isRoster : Path.GetFileName(path).StartsWith("roster", StringComparison.Ordinal);
            if (isBroken && isRoster && string.Equals(name, call, StringComparison.Ordinal))
                throw new IOException("broken");
        }));
        using HttpClient http = server.HttpFor(server.Operator);
        Roster next = WithoutLastClient(2);
        isBroken = true;
        await http.PutAsync(Routes.Roster, HandSteppedClient.Binary(next.Bytes.ToArray())).AssertProblemAsync(HttpStatusCode.InsufficientStorage, "storage-unavailable");
        Assert.Equal(server.Roster.Bytes.ToArray(), await http.GetByteArrayAsync(Routes.Roster));
        using HttpClient other = server.HttpFor(server.Clients[3]);
        Assert.Equal(HttpStatusCode.OK, (await other.GetAsync(Routes.Roster)).StatusCode);
        isBroken = false;
        await PublishAsync(next);
    }

    [Fact]
    public async Task A_kept_roster_that_is_damaged_or_contradicts_the_given_one_keeps_the_server_from_starting()
    {
        await server.StartAsync();
        await PublishAsync(WithoutLastClient(2));
        await server.StopAsync();
        SecureFedException contradiction = await Assert.ThrowsAnyAsync<SecureFedException>(() => server.StartAsync(roster: Roster.Create(2, server.Roster.Entries, authority)));
        Assert.Contains("two rosters with number 2", contradiction.Message, StringComparison.Ordinal);
        string path = Path.Combine(server.Store, "roster");
        byte[] bytes = await File.ReadAllBytesAsync(path);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);
        SecureFedException damage = await Assert.ThrowsAnyAsync<SecureFedException>(() => server.StartAsync());
        Assert.Equal(ErrorCodes.StorageUnavailable, damage.Code);
        Assert.Contains("damaged", damage.Message, StringComparison.Ordinal);
    }

    private SecureFedClient ClientOf(int index, Identifier task)
    {
        SecureFedClientOptions options = server.OptionsFor(index, task);
        options.Policy = server.Policy with { SmallestCohort = 3 };
        return new SecureFedClient(server.HttpFor(server.Clients[index]), options, TimeProvider.System);
    }

    private Roster WithoutLastClient(ulong sequence) => Roster.Create(sequence, server.Roster.Entries.Where(e => e.Id != server.Clients[3].Id), authority);

    private async Task PublishAsync(Roster roster) => Assert.True((await new SecureFedOperator(server.HttpFor(server.Operator)).PublishRosterAsync(roster.Bytes)).IsNew);
}
