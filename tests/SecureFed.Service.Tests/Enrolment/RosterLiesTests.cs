using System.Net;
using SecureFed.Client;
using SecureFed.Client.State;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Enrolment;

/// <summary>A running client whose round names a new roster, and a server that gives out another one.</summary>
public sealed class RosterLiesTests : IDisposable
{
    private readonly TestConsortium consortium = new(null, null);
    private byte[] second = [];

    public static TheoryData<string> Lies() => [.. Made.Keys];

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task A_client_abstains_from_a_round_whose_roster_it_cannot_believe(string lie)
    {
        (Identifier task, SecureFedClient client, Impostor wire, _) = await RunUnderSecondRosterAsync();
        int written = wire.Writes;
        wire.Roster = Made[lie](this);
        RoundRefusedException refusal = await Assert.ThrowsAsync<RoundRefusedException>(() => client.ContributeAsync(new double[4]));
        Assert.Equal(ErrorCodes.RosterUntrusted, refusal.Code);
        Assert.Equal(written, wire.Writes);

        // With the truth it goes on, without a restart.
        wire.Roster = null;
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        Assert.Equal(3, (await EnrolmentExtensions.RoundAsync(http, task, 3)).Number);
        Task<Client.Rounds.RoundOutcome>[] contributions = [client.ContributeAsync(new double[] { 1, 2, 3, 4 }), .. Enumerable.Range(1, 2).Select(i => consortium.ClientFor(i, task).ContributeAsync(new double[] { i, 2, 3, 4 }))];
        await Sums.AssertExactAsync(consortium, task, await Task.WhenAll(contributions));
    }

    /// <summary>The server brings back the roster before, with whoever was removed since: a client that took part under the later one does not follow, nor after a restart.</summary>
    [Fact]
    public async Task A_client_that_took_part_under_a_later_roster_does_not_go_back()
    {
        (Identifier task, _, _, MemoryRoundStateStore store) = await RunUnderSecondRosterAsync();
        Assert.Equal(2ul, (await store.LoadAsync(task))!.RosterSequence);
        foreach (Roster older in (Roster[])[consortium.Roster, consortium.Later(2, [consortium.Clients[5]])])
        {
            Impostor wire = new() { Roster = older.Bytes.ToArray() };
            RoundRefusedException refusal = await Assert.ThrowsAsync<RoundRefusedException>(
                () => consortium.ClientFor(0, task, o => o.StateStore = store, wire).ContributeAsync(new double[4]));
            Assert.Equal((ErrorCodes.RosterUntrusted, 0), (refusal.Code, wire.Writes));
        }
    }

    public void Dispose() => consortium.Dispose();

    private static readonly Dictionary<string, Func<RosterLiesTests, byte[]>> Made = new(StringComparer.Ordinal)
    {
        ["signed by the server's own key"] = t => Roster.Create(3, t.consortium.Roster.Entries, t.consortium.ServerMember.Key).Bytes.ToArray(),
        ["the roster of the round before"] = t => t.second,
        ["the first roster"] = t => t.consortium.Roster.Bytes.ToArray(),
        ["a later one than the round names"] = t => t.consortium.Later(4, [t.consortium.Clients[6]]).Bytes.ToArray(),
        ["another one with the number of the round's"] = t => t.consortium.Later(3, [t.consortium.Clients[5]]).Bytes.ToArray(),
        ["cut off"] = t => t.consortium.Roster.Bytes[..^1].ToArray(),
    };

    /// <summary>Round 1 under roster 1 is aborted, round 2 runs under roster 2, and round 3 opens under roster 3. The client has roster 2.</summary>
    private async Task<(Identifier Task, SecureFedClient Client, Impostor Wire, MemoryRoundStateStore Store)> RunUnderSecondRosterAsync()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(clients: 3, rounds: 3) with { Schedule = new ScheduleDefinition { TrainRounds = 3, GreatestFailures = 5 } });
        SecureFedOperator taskOperator = consortium.OperatorApi();
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        await EnrolmentExtensions.RoundAsync(http, task, 1);
        second = consortium.Later(2, [consortium.Clients[7]]).Bytes.ToArray();
        await taskOperator.PublishRosterAsync(second);
        await EnrolmentExtensions.AbortAsync(taskOperator, http, task, 1);
        await EnrolmentExtensions.RoundAsync(http, task, 2);
        Impostor wire = new();
        MemoryRoundStateStore store = new();
        SecureFedClient client = consortium.ClientFor(0, task, o => o.StateStore = store, wire);
        SecureFedClient[] others = [.. Enumerable.Range(1, 2).Select(i => consortium.ClientFor(i, task))];
        await taskOperator.PublishRosterAsync(consortium.Later(3, [consortium.Clients[6], consortium.Clients[7]]).Bytes);
        Assert.All(await Task.WhenAll(others.Append(client).Select(c => c.ContributeAsync(new double[] { 1, 2, 3, 4 }))), o => Assert.Equal(2, o.Number));
        await EnrolmentExtensions.RoundAsync(http, task, 3);
        return (task, client, wire, store);
    }

    /// <summary>Gives out a roster of its own, and counts what the client sends.</summary>
    private sealed class Impostor : DelegatingHandler
    {
        public byte[]? Roster { get; set; }

        public int Writes { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Writes += request.Method == HttpMethod.Get ? 0 : 1;
            return Roster is { } roster && request.RequestUri!.AbsolutePath.EndsWith("/roster", StringComparison.Ordinal)
                ? new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(roster) }
                : await base.SendAsync(request, cancellationToken);
        }
    }
}
