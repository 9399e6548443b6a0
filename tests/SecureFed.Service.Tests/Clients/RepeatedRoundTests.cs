using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Client.State;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Http;

namespace SecureFed.Service.Tests.Clients;

/// <summary>A sum whose weights add up to nothing gives no model: the round is repeated, and who has answered for it does not answer again.</summary>
public class RepeatedRoundTests(TestConsortium consortium)
{
    private static readonly double[] Weights = [0.4, 0.4, -1];

    [Fact]
    public async Task A_client_that_has_answered_refuses_the_same_round_on_the_same_model_also_after_a_restart()
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        IRoundStateStore[] stores = [new FileRoundStateStore(directory.Path), new MemoryRoundStateStore(), new MemoryRoundStateStore()];
        RoundOutcome[] outcomes = await RoundAsync(task, stores);
        Assert.All(outcomes, o => Assert.Equal((1, RoundStatus.Contributed), (o.Number, o.Status)));
        SavedRounds answered = (await stores[0].LoadAsync(task))!;
        Assert.NotEqual(default, answered.Answered);

        stores[0] = new FileRoundStateStore(directory.Path);
        for (int i = 0; i < 3; i++)
        {
            RecordingHandler wire = new();
            SecureFedClient client = consortium.ClientFor(i, task, o => o.StateStore = stores[i], wire);
            RoundRefusedException refusal = await Assert.ThrowsAsync<RoundRefusedException>(() => client.ContributeAsync(new double[] { 1 }));
            Assert.Equal(("round-repeated", false), (refusal.Code, refusal.IsTransient));
            Assert.Empty(wire.Writes);
        }

        // The refusal is no way to make the client forget.
        RoundRefusedException again = await Assert.ThrowsAsync<RoundRefusedException>(
            () => consortium.ClientFor(0, task, o => o.StateStore = stores[0]).RunAsync(new Trainer([1, 1], [])));
        Assert.Equal("round-repeated", again.Code);
        Assert.Equal(answered.Answered, (await stores[0].LoadAsync(task))!.Answered);
    }

    [Fact]
    public async Task Whose_updates_a_signed_list_holds_is_remembered_with_the_signature_and_before_any_share_is_asked_for()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        WatchedStore store = new();
        await Task.WhenAll(
            consortium.ClientFor(0, task, o => o.StateStore = store).ContributeAsync(new double[] { 1 }),
            consortium.ClientFor(1, task).ContributeAsync(new double[] { 1 }),
            consortium.ClientFor(2, task).ContributeAsync(new double[] { 1 }));
        Assert.Equal([(RoundPhase.Upload, 0), (RoundPhase.Confirm, 1), (RoundPhase.Unmask, 1)], store.Sums.Where(s => s.Step >= RoundPhase.Upload));
    }

    /// <summary>How many sums are remembered when each step is saved.</summary>
    private sealed class WatchedStore : IRoundStateStore
    {
        private readonly MemoryRoundStateStore inner = new();

        public List<(RoundPhase Step, int Sums)> Sums { get; } = [];

        public Task<SavedRounds?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default) => inner.LoadAsync(taskId, cancellationToken);

        public Task SaveAsync(Identifier taskId, SavedRounds saved, RoundPhase step, CancellationToken cancellationToken = default)
        {
            Sums.Add((step, saved.History?.Count ?? 0));
            return inner.SaveAsync(taskId, saved, step, cancellationToken);
        }

        public Task EraseRoundAsync(Identifier taskId, int lastRoundNumber, CancellationToken cancellationToken = default) =>
            inner.EraseRoundAsync(taskId, lastRoundNumber, cancellationToken);
    }

    [Fact]
    public async Task A_model_that_moves_is_answered_for_round_after_round()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1, rounds: 3));
        SecureFedClient[] clients = [.. Enumerable.Range(0, 3).Select(i => consortium.ClientFor(i, task))];
        for (int round = 1; round <= 3; round++)
        {
            RoundOutcome[] outcomes = await Task.WhenAll(clients.Select((c, i) => c.ContributeAsync(new double[] { i + 1 })));
            Assert.All(outcomes, o => Assert.Equal(round, o.Number));
        }
    }

    [Fact]
    public async Task Weights_that_add_up_to_nothing_cost_the_task_only_after_as_many_rounds_as_it_allows()
    {
        TaskDefinition definition = Definitions.Vector(length: 1) with { Schedule = new ScheduleDefinition { TrainRounds = 1, GreatestFailures = 1 } };
        Identifier task = await consortium.CreateTaskAsync(definition);
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        string model = (await consortium.OperatorApi().GetTaskAsync(task)).ModelDigest;
        for (int round = 1; round <= 2; round++)
        {
            // Clients without a memory: honest ones would refuse the second round.
            RoundOutcome[] outcomes = await RoundAsync(task, [new MemoryRoundStateStore(), new MemoryRoundStateStore(), new MemoryRoundStateStore()]);
            Assert.All(outcomes, o => Assert.Equal(round, o.Number));
            if (round == 1)
            {
                TaskView next = await NextRoundAsync(task, 2);
                Assert.Equal((false, model, 0), (next.Finished, next.ModelDigest, next.CompletedRounds));
            }
        }

        TaskView finished = await RoundResourceTests.FinishedAsync(http, task);
        Assert.Equal(("invalid-aggregate", model, 0), (finished.FinishReason, finished.ModelDigest, finished.CompletedRounds));
        EntryView[] entries = await RoundResourceTests.EntriesAsync(http, task);
        Assert.Equal(2, entries.Count(e => e.Type == "ModelRefused"));
        Assert.DoesNotContain(entries, e => e.Type == "ModelPublished");
    }

    private async Task<TaskView> NextRoundAsync(Identifier task, int number)
    {
        for (int i = 0; i < 400; i++)
        {
            TaskView view = await consortium.OperatorApi().GetTaskAsync(task);
            if (view.Round?.Number == number)
                return view;
            await Task.Delay(10);
        }

        throw new TimeoutException("The next round did not open.");
    }

    private async Task<RoundOutcome[]> RoundAsync(Identifier task, IRoundStateStore[] stores) =>
        await Task.WhenAll(stores.Select(async (store, i) =>
        {
            List<RoundOutcome> seen = [];
            using CancellationTokenSource stop = new();
            Trainer trainer = new([0.1, Weights[i]], seen, stop);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => consortium.ClientFor(i, task, o => o.StateStore = store).RunAsync(trainer, trainer, stop.Token));
            return Assert.Single(seen);
        }));

    /// <summary>Gives the same vector in every round and stops after the first.</summary>
    private sealed class Trainer(double[] values, List<RoundOutcome> seen, CancellationTokenSource? stop = null) : ILocalTrainer, IProgress<RoundOutcome>
    {
        public ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default) => ValueTask.FromResult(values);

        public void Report(RoundOutcome value)
        {
            seen.Add(value);
            stop?.Cancel();
        }
    }
}
