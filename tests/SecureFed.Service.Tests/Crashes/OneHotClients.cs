using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using SecureFed.Client;
using SecureFed.Client.Configuration;
using SecureFed.Client.Http;
using SecureFed.Client.Log;
using SecureFed.Client.Rounds;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Crashes;

/// <summary>Clients of the library, one coordinate each: client i contributes the i-th unit vector to every round until they are stopped.</summary>
internal sealed class OneHotClients : IAsyncDisposable
{
    private static readonly TimeSpan AfterInterruption = TimeSpan.FromMilliseconds(100);
    private readonly ServerProcess server;
    private readonly ClientPolicy policy;
    private readonly Identifier[] ids;
    private readonly SigningKey[] keys;
    private readonly HttpClient[] http;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task[] loops;

    private OneHotClients(ServerProcess server, ClientPolicy policy, Identifier[] ids, SigningKey[] keys, Identifier task)
    {
        this.server = server;
        this.policy = policy;
        this.ids = ids;
        this.keys = keys;
        TaskId = task;
        http = [.. ids.Select((_, i) => Connect(i))];
        loops = [.. ids.Select((_, i) => Task.Run(() => ContributeAsync(i)))];
    }

    public Identifier TaskId { get; }

    public ConcurrentQueue<Acknowledged> Acknowledged { get; } = new();

    public ConcurrentQueue<RoundOutcome> Outcomes { get; } = new();

    /// <summary>What a client took as the server's breach of the protocol: nothing, if the server only crashed.</summary>
    public ConcurrentQueue<string> Refusals { get; } = new();

    /// <summary>Calls that ended because the server did not answer.</summary>
    public int Interruptions;

    public static async Task<OneHotClients> JoinAsync(ServerProcess server, string directory, TaskDefinition definition)
    {
        JsonArray members = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(directory, "roster.json")))!["members"]!.AsArray();
        Identifier[] IdsOf(string role) => [.. members.Where(m => (string?)m!["role"] == role).Select(m => Identifier.Parse(m!["id"]!.GetValue<string>()))];
        ClientPolicy demanded = PolicyFile.Load(Path.Combine(directory, "policy.json")) with { RequiresNoise = false, GreatestDeltaDrop = ExactDecimal.From(0.3m) };
        using HttpClient operatorHttp = SignedHttpClient.Create(server.Address, server.CertificatePin, IdsOf("operator")[0], IdentityFile.Load(Path.Combine(directory, "operator.pem")));
        Identifier task = Identifier.Parse((await new SecureFedOperator(operatorHttp).CreateTaskAsync(definition)).TaskId);
        Identifier[] enrolled = IdsOf("client");
        return new OneHotClients(server, demanded, enrolled, [.. enrolled.Select((_, i) => IdentityFile.Load(Path.Combine(directory, $"client-{i + 1}.pem")))], task);
    }

    /// <summary>The server shows each of these uploads in the place that it acknowledged, under a checkpoint of its key.</summary>
    public async Task AssertHeldAsync(IEnumerable<Acknowledged> uploads)
    {
        string origin = LogOrigin.Of(policy.ServerKey.Span, TaskId);
        foreach (Acknowledged upload in uploads)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, upload.Path.Replace("/uploads/", "/receipt/", StringComparison.Ordinal) + "?known=0");
            request.Headers.TryAddWithoutValidation("Prefer", "wait=20");
            using HttpResponseMessage response = await http[upload.Client].SendAsync(request);
            Assert.True(response.StatusCode == System.Net.HttpStatusCode.OK, $"{response.StatusCode} instead of the receipt of an acknowledged upload: {await response.Content.ReadAsStringAsync()}");
            Assert.True(ProvenAnnouncement.TryDecode(await response.Content.ReadAsByteArrayAsync(), out ProvenAnnouncement? proven));
            SignedEntry entry = proven!.Announcement.Entry;
            Assert.Equal((upload.Receipt.Index, upload.Receipt.EntryDigest), (entry.Index, entry.EntryDigest));
            Assert.Null(LogView.Create(origin, policy.LogPolicy(origin)).Accept(entry.Index, entry.Bytes, proven.Proof).Rejection);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(loops);
        stopping.Dispose();
        foreach (HttpClient client in http)
            client.Dispose();
    }

    private HttpClient Connect(int i) => new(new RequestSigner(ids[i], keys[i], OperatingSystemRandomSource.Instance, TimeProvider.System)
    {
        InnerHandler = new Acknowledgements(i, Acknowledged) { InnerHandler = PinnedHandler.Create(server.CertificatePin) },
    })
    {
        BaseAddress = server.Address,
        Timeout = TimeSpan.FromMinutes(1),
    };

    private async Task ContributeAsync(int i)
    {
        SecureFedClientOptions options = new()
        {
            ServerAddress = server.Address,
            TaskId = TaskId,
            ClientId = ids[i],
            Signer = keys[i],
            Policy = policy,
            GreatestAttempts = 2, // The loop below goes on; a long pause would outlast the server's short lives.
            FirstRetryDelay = TimeSpan.FromMilliseconds(20),
            LogMemory = new MemoryLogMemory(),
        };
        double[] update = new double[ids.Length];
        update[i] = 1;
        SecureFedClient client = new(http[i], options, TimeProvider.System);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                Outcomes.Enqueue(await client.ContributeAsync(update, cancellationToken: stopping.Token));
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (RoundRefusedException refusal)
            {
                Refusals.Enqueue($"client {i}: {refusal.Code}: {refusal.Message}");
                return;
            }
            catch (SecureFedException)
            {
                Interlocked.Increment(ref Interruptions);
                await Task.Delay(AfterInterruption, CancellationToken.None); // A server that starts needs the processor more than clients that ask in vain.
            }
            catch (Exception exception)
            {
                Refusals.Enqueue($"client {i}: {exception}");
                return;
            }
        }
    }
}
