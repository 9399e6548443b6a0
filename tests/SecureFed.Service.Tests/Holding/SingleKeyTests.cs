using System.Net;
using SecureFed.Client.Holding;
using SecureFed.Client.Rounds;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Http;

namespace SecureFed.Service.Tests.Holding;

/// <summary>Rounds under a single key over HTTP: library clients, a library holder, and who is kept from uploads.</summary>
public class SingleKeyTests(HolderConsortium holders) : IClassFixture<HolderConsortium>
{
    private const int Clients = 3;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private TestConsortium Consortium => holders.Consortium;

    private ClientPolicy Policy => Consortium.EncryptionPolicy with { Protections = [ProtectionKind.EncryptionSingleKey], AllowsCuriousServer = true };

    [Fact]
    public async Task Rounds_close_with_the_exact_sum()
    {
        Identifier task = await CreateTaskAsync(rounds: 2);
        Task<HolderOutcome[]> holding = HolderConsortium.RunAsync(HolderOf(task), Cancellation);
        for (int round = 1; round <= 2; round++)
            await Sums.AssertExactAsync(Consortium, task, await ContributeAsync(task));

        HolderOutcome[] outcomes = await holding;
        Assert.Equal([1, 2], outcomes.Select(o => o.Number));
        Assert.All(outcomes, o => Assert.Equal((false, true, true, null), (o.HasChecked, o.HasSigned, o.HasSummed, o.Reason)));
    }

    [Theory]
    [InlineData("confirmations")]
    [InlineData("unmask")]
    public async Task A_holder_that_is_killed_before_it_sends_sends_the_same_bytes_after_a_restart(string part)
    {
        using TemporaryDirectory directory = new();
        byte[] stateKey = [.. Enumerable.Repeat((byte)7, StateKeyFile.Bytes)];
        Identifier task = await CreateTaskAsync();
        RecordingHandler first = new() { Before = request => _ = request.Method == HttpMethod.Put && request.RequestUri!.AbsolutePath.Contains($"/{part}/", StringComparison.Ordinal) ? throw new GoneException() : 0 };
        using FileHolderStateStore store = new(directory.Path, stateKey);
        Task<HolderOutcome[]> killed = HolderConsortium.RunAsync(HolderOf(task, store, first), Cancellation);
        Task<RoundOutcome[]> contributions = ContributeAsync(task);
        await Assert.ThrowsAsync<GoneException>(() => killed);

        using FileHolderStateStore restarted = new(directory.Path, stateKey);
        HolderOutcome outcome = Assert.Single(await HolderConsortium.RunAsync(HolderOf(task, restarted), Cancellation));
        Assert.Equal((true, true, null), (outcome.HasSigned, outcome.HasSummed, outcome.Reason));
        await Sums.AssertExactAsync(Consortium, task, await contributions);
    }

    [Fact]
    public async Task Uploads_are_shown_to_the_holder_of_the_key_and_to_nobody_else()
    {
        Identifier task = await CreateTaskAsync();
        List<(HttpStatusCode Operator, HttpStatusCode Client, HttpStatusCode OtherHolder)> seen = [];
        RecordingHandler handler = new()
        {
            Before = request =>
            {
                string path = request.RequestUri!.AbsolutePath;
                if (request.Method == HttpMethod.Get && path.Contains("/uploads/", StringComparison.Ordinal) && seen.Count == 0)
                    seen.Add((StatusOf(Consortium.Operator, path), StatusOf(Consortium.Clients[0], path), StatusOf(Consortium.KeyHolders.OrderBy(h => h.Id).Last(), path)));
            },
        };
        Task<HolderOutcome[]> holding = HolderConsortium.RunAsync(HolderOf(task, new MemoryHolderStateStore(), handler), Cancellation);
        await Sums.AssertExactAsync(Consortium, task, await ContributeAsync(task));
        await holding;
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), Assert.Single(seen));

        HttpStatusCode StatusOf(Member member, string path)
        {
            using HttpClient http = Consortium.HttpFor(member);
            return http.GetAsync(path).GetAwaiter().GetResult().StatusCode;
        }
    }

    [Fact]
    public async Task The_usual_policy_takes_no_part()
    {
        Identifier task = await CreateTaskAsync();
        Protocol.Errors.RoundRefusedException refusal = await Assert.ThrowsAsync<Protocol.Errors.RoundRefusedException>(() =>
            Consortium.ClientFor(0, task, o => o.Policy = Policy with { Protections = [ProtectionKind.Masking, ProtectionKind.Encryption] }).ContributeAsync(new double[4]));
        Assert.Equal("policy-violated", refusal.Code);
        refusal = await Assert.ThrowsAsync<Protocol.Errors.RoundRefusedException>(() => Consortium.HolderFor(0, task).RunAsync(cancellationToken: Cancellation));
        Assert.Equal("policy-violated", refusal.Code);
    }

    private Task<Identifier> CreateTaskAsync(int rounds = 1)
    {
        TaskDefinition definition = Definitions.Vector(clients: Clients, rounds: rounds);
        return Consortium.CreateTaskAsync(definition with
        {
            Protection = ProtectionKind.EncryptionSingleKey,
            Encryption = new EncryptionDefinition { Holders = [Consortium.KeyHolders.Min(h => h.Id).ToString()] },
            Cohort = definition.Cohort with { ServerClass = ServerClass.Curious },
        });
    }

    private SecureFedKeyHolder HolderOf(Identifier task, IHolderStateStore? store = null, DelegatingHandler? inner = null)
    {
        int index = Enumerable.Range(0, Consortium.KeyHolders.Count).MinBy(i => Consortium.KeyHolders[i].Id);
        return Consortium.HolderFor(index, task, o => (o.Policy, o.StateStore, o.KeysAhead) = (Policy, store ?? o.StateStore, 3), inner);
    }

    private Task<RoundOutcome[]> ContributeAsync(Identifier task) => Task.WhenAll(Enumerable.Range(0, Clients).Select(i =>
        Consortium.ClientFor(i, task, o => o.Policy = Policy).ContributeAsync(new double[] { i, -1, 0.25 * i, 7 }, cancellationToken: Cancellation)));

    private sealed class GoneException : Exception;
}
