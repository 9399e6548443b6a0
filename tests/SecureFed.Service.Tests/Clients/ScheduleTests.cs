using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Client.State;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Clients;

/// <summary>Tasks whose rounds do not follow a fixed plan: they wait for clients, or take updates that were computed before.</summary>
public sealed class ScheduleTests(TestConsortium consortium)
{
    private const int Clients = 4;

    [Fact]
    public async Task A_task_that_waits_for_clients_opens_no_round_before_they_are_there()
    {
        TaskDefinition definition = Definitions.Vector(clients: 3, rounds: 2);
        Identifier task = await consortium.CreateTaskAsync(definition with
        {
            Schedule = definition.Schedule with { WaitForClients = true, GreatestFailures = 0 },
        });
        Task<ModelState>[] two = [RunAsync(task, 0), RunAsync(task, 1)];
        await Task.Delay(TimeSpan.FromSeconds(1.5), TestContext.Current.CancellationToken);
        TaskView waiting = await consortium.OperatorApi().GetTaskAsync(task, TestContext.Current.CancellationToken);
        Assert.Equal((null, false), (waiting.Round, waiting.Finished));

        ModelState[] models = await Task.WhenAll([.. two, RunAsync(task, 2)]).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.All(models, model => Assert.Equal(2, model.CompletedTrainRounds));
    }

    /// <summary>Its rounds close without it; what it computed on an earlier model counts less and costs nobody time.</summary>
    [Fact]
    public async Task An_update_that_is_some_rounds_behind_counts_with_the_root_of_its_age()
    {
        TaskDefinition definition = Definitions.Vector(length: Clients, clients: 3, rounds: 6);
        Identifier task = await consortium.CreateTaskAsync(definition with
        {
            Schedule = definition.Schedule with { WaitForClients = true, GreatestStaleness = 100 },
            Cohort = definition.Cohort with { Greatest = Clients, LeastDifference = 0 },
        });
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Listener slow = new();
        Listener fast = new() { OnRound = outcome => { if (outcome.Number == 3) release.TrySetResult(); } };
        Task<ModelState>[] all =
        [
            RunAsync(task, 0, fast),
            RunAsync(task, 1),
            RunAsync(task, 2),
            RunAsync(task, 3, slow, new OneHot(3, release.Task)),
        ];
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(2));
        await foreach (Task ended in Task.WhenEach(all).WithCancellation(patience.Token))
            await ended;

        RoundOutcome first = slow.Outcomes[0];
        Assert.True(first.Number > 3);
        Assert.All(fast.Outcomes.Where(o => o.Number <= 3), o => Assert.Equal(3, o.Survivors));
        int behind = slow.ComputedOn.ToArray() is [var model, ..] ? first.Number - 1 - model : -1;
        Assert.True(behind >= 3);
        double full = fast.Outcomes[0].Quantized.Span[0];
        Assert.Equal(full / Math.Sqrt(1 + behind), first.Quantized.Span[3], 1.0);
        Assert.All(slow.Outcomes.Skip(1), o => Assert.True(o.Quantized.Span[3] > first.Quantized.Span[3]));
    }

    /// <summary>The server would come back to the old model later, or has had the client's numbers of it before: either way two sums would hold the same numbers.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_model_that_a_late_update_was_computed_on_is_remembered_and_serves_for_one_sum(bool isGivenBefore)
    {
        TaskDefinition definition = Definitions.Vector(length: Clients, clients: 3, rounds: 4);
        Identifier task = await consortium.CreateTaskAsync(definition with
        {
            Schedule = definition.Schedule with { WaitForClients = true, GreatestStaleness = 100 },
            Cohort = definition.Cohort with { Greatest = Clients, LeastDifference = 0 },
            Deadlines = definition.Deadlines with { AdvertiseMilliseconds = 5_000 },
        });
        WatchedStore store = new();
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Listener slow = new();
        Listener fast = new() { OnRound = outcome => { if (outcome.Number == 1) release.TrySetResult(); } };
        OneHot late = new(3, release.Task) { OnReleased = GiveAsync };
        Task<ModelState>[] all = [RunAsync(task, 0, fast), RunAsync(task, 1), RunAsync(task, 2), RunAsync(task, 3, slow, late, store)];
        await Task.WhenAll(all).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

        Digest old = late.Repetitions.First();
        RoundOutcome first = slow.Outcomes[0];
        Assert.True(first.Number > 1);
        bool isScaled = first.Quantized.Span[3] < slow.Outcomes[^1].Quantized.Span[3] - 1;
        Assert.Equal(!isGivenBefore, isScaled);
        Assert.Contains(old, (await store.LoadAsync(task, TestContext.Current.CancellationToken))!.Answered!);

        // Before the upload: whoever crashes after it would not know any more.
        Assert.Contains(old, store.Saved.First(s => s.Step == RoundPhase.Upload).Answered);

        Task GiveAsync(Digest repetition) => isGivenBefore && store.Saved.Count == 0
            ? store.SaveAsync(task, new SavedRounds(0, default, [repetition]), RoundPhase.Unmask)
            : Task.CompletedTask;
    }

    private Task<ModelState> RunAsync(Identifier task, int index, Listener? listener = null, OneHot? trainer = null, IRoundStateStore? store = null)
    {
        trainer ??= new OneHot(index, Task.CompletedTask);
        if (listener is not null)
            trainer.OnCompute = listener.ComputedOn.Enqueue;
        return consortium.ClientFor(index, task, options => (options.Policy, options.StateStore) = (consortium.Policy, store ?? options.StateStore)).RunAsync(trainer, listener);
    }

    /// <summary>What was remembered at each step.</summary>
    private sealed class WatchedStore : IRoundStateStore
    {
        private readonly MemoryRoundStateStore inner = new();

        public List<(RoundPhase Step, IReadOnlyList<Digest> Answered)> Saved { get; } = [];

        public Task<SavedRounds?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default) => inner.LoadAsync(taskId, cancellationToken);

        public Task SaveAsync(Identifier taskId, SavedRounds saved, RoundPhase step, CancellationToken cancellationToken = default)
        {
            Saved.Add((step, saved.Answered ?? []));
            return inner.SaveAsync(taskId, saved, step, cancellationToken);
        }

        public Task EraseRoundAsync(Identifier taskId, int lastRoundNumber, CancellationToken cancellationToken = default) =>
            inner.EraseRoundAsync(taskId, lastRoundNumber, cancellationToken);
    }

    private sealed class Listener : IProgress<RoundOutcome>
    {
        private readonly List<RoundOutcome> outcomes = [];

        public Action<RoundOutcome> OnRound { get; init; } = _ => { };

        public IReadOnlyList<RoundOutcome> Outcomes => [.. outcomes.Where(o => o.Status == RoundStatus.Contributed)];

        public System.Collections.Concurrent.ConcurrentQueue<int> ComputedOn { get; } = new();

        public void Report(RoundOutcome value)
        {
            outcomes.Add(value);
            OnRound(value);
        }
    }

    /// <summary>One in the client's own coordinate, and weight 1; the first time not before it is told to go on.</summary>
    private sealed class OneHot(int index, Task first) : ILocalTrainer
    {
        public Action<int> OnCompute { get; set; } = _ => { };

        public Func<Digest, Task> OnReleased { get; init; } = _ => Task.CompletedTask;

        /// <summary>Of the rounds that were computed for, in order.</summary>
        public System.Collections.Concurrent.ConcurrentQueue<Digest> Repetitions { get; } = new();

        public async ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default)
        {
            OnCompute(assignment.Model.CompletedTrainRounds);
            Repetitions.Enqueue(RoundRepetition.DigestOf(assignment.Round));
            await first.WaitAsync(cancellationToken);
            await OnReleased(RoundRepetition.DigestOf(assignment.Round));
            double[] update = new double[Clients + 1];
            update[index] = update[^1] = 1;
            return update;
        }
    }
}
