using System.Net;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Tasks;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Crashes;

/// <summary>The same message many times at once is taken once; everybody gets the one receipt.</summary>
public class ExactlyOnceTests(ITestOutputHelper output)
{
    private const int Clients = 3;
    private const int Copies = 64;
    private const int MessagesOfRound = 15;
    private const int TasksOverHttp = 4;
    private const int TasksAtHost = 63;

    [Fact]
    public async Task Of_64_identical_messages_at_once_one_is_201_and_the_others_are_200_with_the_same_body()
    {
        await using StoredServer server = await StoredServer.CreateAsync(Clients);
        await server.StartAsync();
        int trials = 0;
        for (int i = 0; i < TasksOverHttp; i++)
        {
            await RunRoundAsync(server, async (client, part, body, _) =>
            {
                HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, Copies).Select(_ => client.PutAsync(part, body)));
                byte[][] bodies = await Task.WhenAll(responses.Select(r => r.Content.ReadAsByteArrayAsync()));
                Assert.Single(responses, r => r.StatusCode == HttpStatusCode.Created);
                Assert.Equal(Copies - 1, responses.Count(r => r.StatusCode == HttpStatusCode.OK));
                Assert.All(bodies, b => Assert.Equal(bodies[0], b));
                await AssertOtherBytesConflictAsync(client, part, body);
                trials++;
            });
        }

        output.WriteLine($"{trials} messages, each {Copies} times over HTTP");
        Assert.InRange(trials, 50, int.MaxValue);
    }

    [Fact]
    public async Task Of_64_identical_messages_at_once_the_task_takes_one_a_thousand_times_over()
    {
        await using StoredServer server = await StoredServer.CreateAsync(Clients);
        await server.StartAsync();
        int trials = 0;
        for (int i = 0; i < TasksAtHost; i++)
        {
            await RunRoundAsync(server, async (_, _, body, task) =>
            {
                TaskHost host = server.HostOf(task);
                Assert.Null(SignedMessage.TryAuthenticate(body, server.Roster, out SignedMessage? message));
                (SignedEntry? Receipt, bool IsRepeat, RoundRejection? Rejection)[] answers =
                    await Task.WhenAll(Enumerable.Range(0, Copies).Select(_ => Task.Run(() => host.SubmitAsync(message!))));
                Assert.Single(answers, a => !a.IsRepeat);
                Assert.All(answers, a => Assert.Equal(answers[0].Receipt!.ServerSignature, a.Receipt!.ServerSignature));
                Assert.All(answers, a => Assert.Equal((answers[0].Receipt!.Index, answers[0].Receipt!.EntryDigest), (a.Receipt!.Index, a.Receipt!.EntryDigest)));
                trials++;
            });
        }

        output.WriteLine($"{trials} messages, each {Copies} times at the task");
        Assert.InRange(trials, 940, int.MaxValue);
    }

    [Fact]
    public async Task After_a_restart_the_same_message_gets_the_same_bytes_and_another_one_conflicts()
    {
        await using StoredServer server = await StoredServer.CreateAsync(Clients);
        await server.StartAsync();
        List<(HttpStatusCode, byte[])> before = [];
        await RunRoundAsync(server, async (client, part, body, _) =>
        {
            using HttpResponseMessage first = await client.PutAsync(part, body);
            Assert.Equal(HttpStatusCode.Created, first.StatusCode);
            byte[] receipt = await first.Content.ReadAsByteArrayAsync();
            await server.StopAsync();
            await server.StartAsync();
            using HttpResponseMessage second = await client.PutAsync(part, body);
            Assert.Equal(HttpStatusCode.OK, second.StatusCode);
            Assert.Equal(receipt, await second.Content.ReadAsByteArrayAsync());
            using HttpResponseMessage other = await client.PutAsync(part, SignedAgain(client, body));
            await other.AssertProblemAsync(HttpStatusCode.Conflict, part == "uploads" ? ErrorCodes.ConflictingUpload : ErrorCodes.ConflictingMessage);
            before.Add((second.StatusCode, receipt));
        }, messages: 7);
        Assert.Equal(7, before.Count);
    }

    private static async Task AssertOtherBytesConflictAsync(SteppedMember client, string part, byte[] body)
    {
        using HttpResponseMessage other = await client.PutAsync(part, SignedAgain(client, body));
        Assert.True(other.StatusCode is HttpStatusCode.Conflict or HttpStatusCode.Gone, $"{other.StatusCode}: {await other.Content.ReadAsStringAsync()}");
    }

    /// <summary>The same content with another signature: signatures are randomised.</summary>
    private static byte[] SignedAgain(SteppedMember client, byte[] body)
    {
        Assert.Null(SignedMessage.TryDecode(body, out SignedMessage? message));
        byte[] again = SignedMessage.Sign(message!.Header, message.Body, client.Member.Key).Bytes.ToArray();
        Assert.NotEqual(body, again);
        return again;
    }

    /// <summary>Takes a fresh task through its round; every message goes through <paramref name="send"/>.</summary>
    private static async Task RunRoundAsync(StoredServer server, Func<SteppedMember, string, byte[], Identifier, Task> send, int messages = MessagesOfRound)
    {
        Identifier task = await server.CreateTaskAsync(Definitions.FedSgd(Clients, 0.1));
        List<SteppedMember> cohort = [];
        for (int i = 0; i < Clients; i++)
            cohort.Add(await SteppedMember.JoinAsync(server, i, task));
        foreach (string part in (string[])["keys", "shares", "uploads", "confirmations", "unmask"])
        {
            foreach (SteppedMember member in cohort)
            {
                if (messages-- > 0)
                    await send(member, part, part == "keys" ? member.Advertisement() : await member.MakeAsync(part), task);
            }
        }

        cohort.ForEach(m => m.Dispose());
    }
}
