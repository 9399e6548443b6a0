using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Client.State;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Clients;

/// <summary>Two calls that step one round with one state would mask two vectors under one key: one of them is kept out.</summary>
public class OverlapTests(TestConsortium consortium)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_two_calls_with_one_state_one_takes_part_and_the_other_is_told_to_wait(bool isFile)
    {
        using TemporaryDirectory directory = new();
        MemoryRoundStateStore memory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1, rounds: 2));
        RecordingHandler[] wires = [new(), new()];
        SecureFedClient[] twins = [.. wires.Select(wire =>
            consortium.ClientFor(0, task, o => o.StateStore = isFile ? new FileRoundStateStore(directory.Path) : memory, wire))];
        Task<RoundOutcome>[] calls = [.. twins.Select((twin, i) => twin.ContributeAsync(new double[] { i + 1 }))];

        // Nobody else has joined yet, so the call that takes part waits and the other ends first.
        Task<RoundOutcome> ended = await Task.WhenAny(calls).WaitAsync(TimeSpan.FromSeconds(20));
        SecureFedException busy = await Assert.ThrowsAsync<SecureFedException>(() => ended);
        Assert.Equal(("client-busy", true), (busy.Code, busy.IsTransient));
        int loser = Array.IndexOf(calls, ended);
        Assert.Empty(wires[loser].Writes);

        RoundOutcome[] first = await Task.WhenAll([calls[1 - loser], .. Others(task)]);
        await Sums.AssertExactAsync(consortium, task, first);
        Assert.Single(wires.SelectMany(w => w.Writes), w => w.Path.Contains("/uploads/", StringComparison.Ordinal));

        RoundOutcome[] second = await Task.WhenAll([twins[loser].ContributeAsync(new double[] { 7 }), .. Others(task)]);
        Assert.All(second, o => Assert.Equal(2, o.Number));
        await Sums.AssertExactAsync(consortium, task, second);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_in_the_middle_of_a_round_does_not_disturb_it(bool isFile)
    {
        using TemporaryDirectory directory = new();
        MemoryRoundStateStore memory = new();
        IRoundStateStore Store() => isFile ? new FileRoundStateStore(directory.Path) : memory;
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        List<(Task Call, RecordingHandler Wire)> intruders = [];
        RecordingHandler wire = new()
        {
            Before = request =>
            {
                if (request.Method != HttpMethod.Put)
                    return;
                RecordingHandler intruding = new();
                intruders.Add((consortium.ClientFor(0, task, o => o.StateStore = Store(), intruding).ContributeAsync(new double[] { 9 }), intruding));
            },
        };
        RoundOutcome[] outcomes = await Task.WhenAll([consortium.ClientFor(0, task, o => o.StateStore = Store(), wire).ContributeAsync(new double[] { 1 }), .. Others(task)]);
        await Sums.AssertExactAsync(consortium, task, outcomes);
        Assert.Equal(5, intruders.Count);
        foreach ((Task call, RecordingHandler intruding) in intruders)
        {
            Assert.Contains((await Assert.ThrowsAsync<SecureFedException>(() => call)).Code, new[] { "client-busy", "task-finished" });
            Assert.Empty(intruding.Writes);
        }
    }

    [Fact]
    public async Task A_second_call_that_believes_the_round_is_over_does_not_erase_the_state_of_the_first()
    {
        MemoryRoundStateStore store = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        TaskCompletionSource joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
        RecordingHandler wire = new()
        {
            Before = request =>
            {
                if (request.RequestUri!.AbsolutePath.EndsWith("/keys", StringComparison.Ordinal))
                    joined.TrySetResult();
            },
        };
        Task<RoundOutcome> first = consortium.ClientFor(0, task, o => o.StateStore = store, wire).ContributeAsync(new double[] { 1 });
        await joined.Task.WaitAsync(TimeSpan.FromSeconds(20));
        SavedRounds before = (await store.LoadAsync(task))!;
        using CancellationTokenSource stop = new(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            consortium.ClientFor(0, task, o => o.StateStore = store, new OverHandler()).ContributeAsync(new double[] { 1 }, cancellationToken: stop.Token));
        Assert.Equal((1, false), (before.LastRoundNumber, before.ActiveRound.IsEmpty));
        Assert.Equal(before, await store.LoadAsync(task));
        await Sums.AssertExactAsync(consortium, task, await Task.WhenAll([first, .. Others(task)]));
    }

    [Fact]
    public async Task One_store_serves_two_tasks_at_once()
    {
        using TemporaryDirectory directory = new();
        foreach (IRoundStateStore store in new IRoundStateStore[] { new MemoryRoundStateStore(), new FileRoundStateStore(directory.Path) })
        {
            Identifier[] tasks = [await consortium.CreateTaskAsync(Definitions.Vector(length: 1)), await consortium.CreateTaskAsync(Definitions.Vector(length: 1))];
            Task<RoundOutcome[]>[] rounds = [.. tasks.Select(task =>
                Task.WhenAll([consortium.ClientFor(0, task, o => o.StateStore = store).ContributeAsync(new double[] { 1 }), .. Others(task)]))];
            await Task.WhenAll(rounds);
        }
    }

    [Fact]
    public async Task A_lease_ends_with_its_call_also_when_the_call_fails()
    {
        using TemporaryDirectory directory = new();
        foreach (IRoundStateStore store in new IRoundStateStore[] { new MemoryRoundStateStore(), new FileRoundStateStore(directory.Path) })
        {
            Identifier task = Identifier.Parse(Definitions.NewId());
            for (int use = 0; use < 2; use++)
            {
                await using IAsyncDisposable lease = await store.LeaseAsync(task);
                SecureFedException busy = await Assert.ThrowsAsync<SecureFedException>(() => store.LeaseAsync(task));
                Assert.Equal("client-busy", busy.Code);
            }
        }
    }

    [Fact]
    public async Task A_lock_file_that_cannot_be_written_is_no_other_client()
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        Directory.CreateDirectory(directory.File($"{task}.state.lock")); // Not even root can write a file there.
        RecordingHandler wire = new();
        SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(
            () => consortium.ClientFor(0, task, o => o.StateStore = new FileRoundStateStore(directory.Path), wire).ContributeAsync(new double[] { 1 }));
        Assert.Equal(("storage-unavailable", false), (exception.Code, exception.IsTransient));
        Assert.Empty(wire.Writes);
    }

    private IEnumerable<Task<RoundOutcome>> Others(Identifier task) =>
        [.. Enumerable.Range(1, 2).Select(i => consortium.ClientFor(i, task).ContributeAsync(new double[] { i }))];

    /// <summary>Tells that every round was aborted.</summary>
    private sealed class OverHandler : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            if (response.Content.Headers.ContentType?.MediaType == "application/json")
            {
                string text = await response.Content.ReadAsStringAsync(cancellationToken);
                response.Content = new StringContent(text.Replace("\"phase\":\"advertise\"", "\"phase\":\"aborted\"", StringComparison.OrdinalIgnoreCase));
            }

            return response;
        }
    }
}
