using System.Collections.Concurrent;
using SecureFed.Client.Holding;
using SecureFed.Client.Rounds;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Http;

namespace SecureFed.Service.Tests.Holding;

/// <summary>Encrypted rounds over HTTP with key holders of their own; clients are the library's.</summary>
public class KeyHolderTests(HolderConsortium holders) : IClassFixture<HolderConsortium>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rounds_close_with_the_exact_sum_and_five_holders()
    {
        Identifier task = await holders.CreateTaskAsync(rounds: 2);
        Task<HolderOutcome[]>[] running = holders.Run(task, Enumerable.Range(0, 5), Cancellation);
        for (int round = 1; round <= 2; round++)
            await Sums.AssertExactAsync(holders.Consortium, task, await holders.ContributeAsync(task));

        foreach (HolderOutcome[] rounds in await Task.WhenAll(running))
        {
            Assert.Equal([1, 2], rounds.Select(r => r.Number));
            Assert.All(rounds, r => Assert.True(r.HasChecked && r.HasSigned, r.Reason));
            Assert.All(rounds, r => Assert.True(r.HasSummed ? r.Reason is null : r.Reason == ErrorCodes.TooLate, r.Reason));
        }
    }

    [Fact]
    public async Task A_holder_that_is_away_is_not_needed_and_takes_part_again_when_it_is_back()
    {
        Identifier task = await holders.CreateTaskAsync(rounds: 2, phaseMilliseconds: 4000);
        MemoryHolderStateStore store = new();
        using CancellationTokenSource leave = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Task<HolderOutcome[]> leaving = HolderConsortium.RunAsync(holders.Consortium.HolderFor(0, task, o => (o.StateStore, o.KeysAhead) = (store, 3)), leave.Token);
        await OffersAsync(task, 0, 3);
        await leave.CancelAsync();
        Assert.Empty(await leaving);

        Task<HolderOutcome[]>[] running = holders.Run(task, Enumerable.Range(1, 4), Cancellation);
        await Sums.AssertExactAsync(holders.Consortium, task, await holders.ContributeAsync(task));
        RecordingHandler wire = new();
        Task<HolderOutcome[]> back = HolderConsortium.RunAsync(holders.Consortium.HolderFor(0, task, o => (o.StateStore, o.KeysAhead) = (store, 3), wire), Cancellation);
        await OffersAsync(task, 0, 3);
        await Sums.AssertExactAsync(holders.Consortium, task, await holders.ContributeAsync(task));

        HolderOutcome only = Assert.Single(await back);
        Assert.True(only is { Number: 2, HasChecked: true, HasSigned: true }, only.ToString());
        Assert.Equal(2, wire.Writes.Count(w => w.Path.Contains("/holder-keys/", StringComparison.Ordinal))); // For the one that round 1 took without it, and for round 2's.
        foreach (HolderOutcome[] rounds in await Task.WhenAll(running))
            Assert.True(rounds is [{ HasSummed: true }, { HasChecked: true }], string.Join(", ", rounds.AsEnumerable()));
    }

    [Theory]
    [InlineData("checks")]
    [InlineData("confirmations")]
    [InlineData("unmask")]
    public async Task A_holder_that_is_killed_before_it_sends_sends_the_same_bytes_after_a_restart(string part)
    {
        using TemporaryDirectory directory = new();
        Identifier task = await holders.CreateTaskAsync(threshold: 5);
        Task<HolderOutcome[]>[] running = holders.Run(task, Enumerable.Range(1, 4), Cancellation);
        RecordingHandler first = new() { Before = request => _ = request.Method == HttpMethod.Put && PartOf(request.RequestUri!.AbsolutePath) == part ? throw new GoneException() : 0 };
        using FileHolderStateStore store = new(directory.Path, Enumerable.Repeat((byte)7, 32).ToArray());
        Task<HolderOutcome[]> killed = HolderConsortium.RunAsync(holders.Consortium.HolderFor(0, task, o => o.StateStore = store, first), Cancellation);
        Task<RoundOutcome[]> contributions = holders.ContributeAsync(task);
        await Assert.ThrowsAsync<GoneException>(() => killed);

        RecordingHandler second = new();
        using FileHolderStateStore restarted = new(directory.Path, Enumerable.Repeat((byte)7, 32).ToArray());
        HolderOutcome outcome = Assert.Single(await HolderConsortium.RunAsync(holders.Consortium.HolderFor(0, task, o => o.StateStore = restarted, second), Cancellation));
        Assert.Equal((true, true, true, null), (outcome.HasChecked, outcome.HasSigned, outcome.HasSummed, outcome.Reason));
        await Sums.AssertExactAsync(holders.Consortium, task, await contributions);
        await Task.WhenAll(running);

        foreach ((_, string path, byte[] body) in first.Writes.Where(w => !w.Path.Contains("/holder-keys/", StringComparison.Ordinal)))
            Assert.Equal(body, Assert.Single(second.Writes, w => w.Path == path).Body);
        Assert.Contains(first.Writes, w => PartOf(w.Path) == part);
        string[] secret = [.. Directory.GetFiles(directory.Path).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];
        Assert.Equal([$"{task}.checkpoint", $"{task}.counter", $"{task}.holder", $"{task}.lock"], secret.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task State_is_saved_before_each_message_leaves_and_the_key_is_gone_after_the_round()
    {
        Identifier task = await holders.CreateTaskAsync(threshold: 5);
        ConcurrentQueue<string> order = new();
        RecordingHandler wire = new()
        {
            Before = request =>
            {
                if (request.Method == HttpMethod.Put)
                    order.Enqueue(PartOf(request.RequestUri!.AbsolutePath));
            },
        };
        WatchedStore store = new(order);
        Task<HolderOutcome[]>[] running = [HolderConsortium.RunAsync(holders.Consortium.HolderFor(0, task, o => (o.StateStore, o.KeysAhead) = (store, 1), wire), Cancellation), .. holders.Run(task, Enumerable.Range(1, 4), Cancellation)];
        await Sums.AssertExactAsync(holders.Consortium, task, await holders.ContributeAsync(task));
        await Task.WhenAll(running);

        // The second key is offered when the first has been taken.
        Assert.Equal(["save", "holder-keys", "save", "holder-keys", "save", "save", "checks", "save", "confirmations", "save", "unmask", "save"], order);
    }

    [Fact]
    public async Task A_holder_whose_task_breaks_its_policy_offers_nothing()
    {
        Identifier task = await holders.CreateTaskAsync();
        RecordingHandler wire = new();
        SecureFedKeyHolder stranger = holders.Consortium.HolderFor(
            0, task, o => o.Policy = holders.Consortium.EncryptionPolicy with { KeyHolders = [.. holders.Consortium.KeyHolders.Skip(1).Select(h => h.Id)] }, wire);
        Assert.Equal(ErrorCodes.PolicyViolated, (await Assert.ThrowsAsync<RoundRefusedException>(() => stranger.RunAsync(cancellationToken: Cancellation))).Code);
        Assert.Empty(wire.Writes);
    }

    [Fact]
    public async Task Nobody_holds_keys_for_a_task_that_does_not_name_it()
    {
        TaskDefinition definition = Definitions.Vector(clients: 5) with
        {
            Protection = ProtectionKind.Encryption,
            Encryption = new EncryptionDefinition { Holders = [.. holders.Consortium.KeyHolders.Skip(1).Select(h => h.Id.ToString())] },
        };
        Identifier task = await holders.Consortium.CreateTaskAsync(definition);
        RecordingHandler wire = new();
        Assert.Equal(ErrorCodes.UnknownHolder, (await Assert.ThrowsAsync<RoundRefusedException>(() => holders.Consortium.HolderFor(0, task, inner: wire).RunAsync(cancellationToken: Cancellation))).Code);
        Assert.Empty(wire.Writes);
    }

    [Fact]
    public async Task A_holder_without_the_state_that_made_its_offers_says_so()
    {
        Identifier task = await holders.CreateTaskAsync();
        MemoryHolderStateStore store = new();
        using CancellationTokenSource leave = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Task<HolderOutcome[]> leaving = HolderConsortium.RunAsync(holders.Consortium.HolderFor(0, task, o => (o.StateStore, o.KeysAhead) = (store, 2)), leave.Token);
        await OffersAsync(task, 0, 2);
        await leave.CancelAsync();
        await leaving;
        SavedHolder older = (await store.LoadAsync(task, Cancellation))!;

        Assert.Equal(ErrorCodes.StateLost, (await Assert.ThrowsAsync<SecureFedException>(() => holders.Consortium.HolderFor(0, task).RunAsync(cancellationToken: Cancellation))).Code);

        // Anew, and its offers go on where the lost ones ended; the state of before is then the older one.
        using CancellationTokenSource again = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Task<HolderOutcome[]> anew = HolderConsortium.RunAsync(holders.Consortium.HolderFor(0, task, o => (o.AcceptsLoss, o.KeysAhead) = (true, 5)), again.Token);
        await OffersAsync(task, 0, 5);
        await again.CancelAsync();
        await anew;
        MemoryHolderStateStore rolledBack = new();
        await rolledBack.SaveAsync(task, older, Cancellation);
        Assert.Equal(ErrorCodes.StateLost, (await Assert.ThrowsAsync<SecureFedException>(() => holders.Consortium.HolderFor(0, task, o => o.StateStore = rolledBack).RunAsync(cancellationToken: Cancellation))).Code);
    }

    [Fact]
    public async Task A_second_holder_on_the_same_state_is_refused()
    {
        using TemporaryDirectory directory = new();
        Identifier task = await holders.CreateTaskAsync();
        using FileHolderStateStore store = new(directory.Path, new byte[32]), other = new(directory.Path, new byte[32]);
        using CancellationTokenSource leave = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Task<HolderOutcome[]> running = HolderConsortium.RunAsync(holders.Consortium.HolderFor(0, task, o => o.StateStore = store), leave.Token);
        await OffersAsync(task, 0, 8);
        SecureFedException refused = await Assert.ThrowsAsync<SecureFedException>(() => holders.Consortium.HolderFor(0, task, o => o.StateStore = other).RunAsync(cancellationToken: Cancellation));
        Assert.Equal((ErrorCodes.ClientBusy, true), (refused.Code, refused.IsTransient));
        await leave.CancelAsync();
        await running;
    }

    private static string PartOf(string path) => path.Split('/')[^2];

    /// <summary>Waits until so many keys are on offer.</summary>
    private async Task OffersAsync(Identifier task, int holder, int ahead)
    {
        using HttpClient http = holders.Consortium.HttpFor(holders.Consortium.KeyHolders[holder]);
        for (int i = 0; i < 1000; i++)
        {
            HolderKeysView view = await (await http.GetAsync($"{Routes.TaskPart(task, "holder-keys")}/{holders.Consortium.KeyHolders[holder].Id}", Cancellation)).ReadAsync<HolderKeysView>();
            if (view.Ahead >= ahead)
                return;
            await Task.Delay(10, Cancellation);
        }

        throw new TimeoutException("The keys were not offered.");
    }

    private sealed class GoneException : Exception;

    private sealed class WatchedStore(ConcurrentQueue<string> order) : IHolderStateStore
    {
        private readonly MemoryHolderStateStore inner = new();

        public Task<IAsyncDisposable> LeaseAsync(Identifier taskId, CancellationToken cancellationToken = default) => inner.LeaseAsync(taskId, cancellationToken);

        public Task<SavedHolder?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default) => inner.LoadAsync(taskId, cancellationToken);

        public Task SaveAsync(Identifier taskId, SavedHolder saved, CancellationToken cancellationToken = default)
        {
            order.Enqueue("save");
            return inner.SaveAsync(taskId, saved, cancellationToken);
        }
    }
}
