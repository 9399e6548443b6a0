using System.Net;
using System.Text.Json;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Crashes;

/// <summary>Whoever has recorded an operator's signed request sends it again after the server was started again, within the lifetime of the signature.</summary>
public sealed class ReplayTests
{
    [Fact]
    public async Task A_recorded_creation_that_was_refused_for_its_budget_is_not_executed_when_there_is_budget_again()
    {
        await using StoredServer server = await StoredServer.CreateAsync();
        await server.StartAsync();
        string dataSet = Definitions.NewId();
        Identifier first = await server.CreateTaskAsync(Definitions.Noisy(epsilon: 15, dataSet: dataSet, greatestFailures: 0));
        SignedRequest recorded = SignedRequest.From(
            server.Operator, HttpMethod.Post, Routes.Tasks, JsonSerializer.SerializeToUtf8Bytes(Definitions.Noisy(epsilon: 15, dataSet: dataSet), ResourceJson.Options));
        await SendAsync(server, recorded).AssertProblemAsync(HttpStatusCode.Conflict, "budget-exhausted"); // The operator gives it up.
        using (HttpClient reader = server.HttpFor(server.Clients[0]))
            await HandSteppedClient.WaitForRoundAsync(reader, first);
        Assert.True(await server.HostOf(first).TryAbortAsync(await server.HostOf(first).ReadAsync(s => s.Round!.Parameters.RoundId))); // Nothing was released.
        for (int restart = 0; restart < 2; restart++)
        {
            await SendAsync(server, recorded).AssertProblemAsync(HttpStatusCode.Unauthorized, "request-replayed");
            await server.StopAsync();
            await server.StartAsync();
            await SendAsync(server, recorded).AssertProblemAsync(HttpStatusCode.Unauthorized, "request-replayed");
        }

        Assert.Single(Directory.GetDirectories(Path.Combine(server.Store, "tasks")));
        for (int i = 0; i < 400; i++)
        {
            using HttpResponseMessage fresh = await SendAsync(server, recorded with { Nonce = Definitions.NewId() });
            if (fresh.StatusCode == HttpStatusCode.Created)
                return; // What was recorded would have been executed now.
            await fresh.AssertProblemAsync(HttpStatusCode.Conflict, "budget-exhausted");
            await Task.Delay(25);
        }

        Assert.Fail("The budget was not given back, so nothing was tried.");
    }

    [Fact]
    public async Task A_recorded_abort_is_refused_after_a_restart()
    {
        await using StoredServer server = await StoredServer.CreateAsync();
        await server.StartAsync();
        Identifier task = await server.CreateTaskAsync(Definitions.FedSgd(3, 0.1) with { Schedule = new ScheduleDefinition { TrainRounds = 1, GreatestFailures = 5 } });
        using HttpClient reader = server.HttpFor(server.Clients[0]);
        Identifier round = Identifier.Parse((await HandSteppedClient.WaitForRoundAsync(reader, task)).Round!.RoundId);
        SignedRequest recorded = SignedRequest.From(server.Operator, HttpMethod.Post, Routes.RoundPart(task, round, "abort"));
        using (HttpResponseMessage aborted = await SendAsync(server, recorded))
            Assert.Equal(HttpStatusCode.OK, aborted.StatusCode);
        await server.StopAsync();
        await server.StartAsync();
        await SendAsync(server, recorded).AssertProblemAsync(HttpStatusCode.Unauthorized, "request-replayed");
    }

    [Fact]
    public async Task Reading_and_messages_of_a_round_write_no_nonce()
    {
        await using StoredServer server = await StoredServer.CreateAsync();
        await server.StartAsync();
        Identifier task = await server.CreateTaskAsync(Definitions.FedSgd(3, 0.1));
        string before = await File.ReadAllTextAsync(Path.Combine(server.Store, "nonces"));
        using SteppedMember member = await SteppedMember.JoinAsync(server, 0, task);
        using HttpResponseMessage accepted = await member.PutAsync("keys", member.Advertisement());
        Assert.Equal(HttpStatusCode.Created, accepted.StatusCode);
        Assert.Equal(before, await File.ReadAllTextAsync(Path.Combine(server.Store, "nonces")));
    }

    private static async Task<HttpResponseMessage> SendAsync(StoredServer server, SignedRequest request)
    {
        using HttpClient http = server.Unsigned();
        return await http.SendAsync(request.Build());
    }
}
