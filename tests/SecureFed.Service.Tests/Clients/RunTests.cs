using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Client.State;
using SecureFed.Learning;
using SecureFed.Learning.Baselines;
using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Http;

namespace SecureFed.Service.Tests.Clients;

/// <summary>Whole tasks: standardise, train, evaluate; and rounds that lose clients.</summary>
public class RunTests(TestConsortium consortium)
{
    [Theory]
    [InlineData(TaskModelKind.Linear)]
    [InlineData(TaskModelKind.Logistic)]
    public async Task A_whole_task_learns_what_a_central_fit_learns(TaskModelKind kind)
    {
        DataSet[] clients = [.. Enumerable.Range(0, 3).Select(i => Rows(kind, (ulong)i))];
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector() with
        {
            Name = kind.ToString(),
            Model = new ModelDefinition
            {
                Kind = kind,
                Features = [new("a", -10, 10), new("b", 0, 100)],
                Label = kind == TaskModelKind.Linear ? new("y", -100, 100) : new("y", 0, 1),
                L2Penalty = 1,
            },
            Training = new TrainingDefinition { LocalLearningRate = 0.1, LearningRateDecay = 0.7, LocalEpochs = 8, BatchSize = 16, ClipNorm = 60, GreatestRows = 100 },
            Schedule = new ScheduleDefinition { Standardise = true, TrainRounds = 15, Evaluate = true },
        });
        List<RoundOutcome>[] seen = [[], [], []];
        ModelState[] models = await Task.WhenAll(clients.Select((rows, i) =>
            consortium.ClientFor(i, task).RunAsync(new DataSetTrainer(rows, (ulong)i), new Listener(seen[i]))));

        Assert.Equal(17, seen[0].Count);
        Assert.Equal([RoundKind.Standardise, RoundKind.Train, RoundKind.Evaluate], seen[0].Select(o => o.Kind).Distinct());
        Assert.All(models, m => Assert.Equal(models[0].Parameters, m.Parameters));
        Assert.Equal(15, models[0].CompletedTrainRounds);
        for (int round = 0; round < 17; round++)
            await Sums.AssertExactAsync(consortium, task, [.. seen.Select(s => s[round])]);

        ModelKind model = kind == TaskModelKind.Linear ? ModelKind.Linear : ModelKind.Logistic;
        BaselineFit central = CentralBaseline.Fit(DataSet.Concatenate(clients), model, 1);
        for (int j = 0; j < 3; j++)
            Assert.Equal(central.Model.Parameters[j], models[0].Parameters[j], 0.1);

        MetricsView metrics = (await consortium.OperatorApi().GetManifestAsync(task, seen[0][^1].RoundId)).Metrics!;
        Assert.Equal(300, metrics.Rows);
        if (kind == TaskModelKind.Linear)
            Assert.InRange(metrics.R2!.Value, 0.99, 1);
        else
            Assert.InRange(metrics.Auc!.Value, 0.9, 1);
    }

    [Fact]
    public async Task A_round_that_loses_fewer_than_delta_drop_still_gives_the_exact_sum()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 20, clients: 8, deltaDrop: 0.13m));
        Task<RoundOutcome>[] staying = [.. Enumerable.Range(1, 7).Select(i => consortium.ClientFor(i, task).ContributeAsync(Enumerable.Repeat((double)i, 20).ToArray()))];
        await Assert.ThrowsAsync<GoneException>(() => consortium.ClientFor(0, task, o => o.StateStore = new LeavingStore(RoundPhase.Upload)).ContributeAsync(new double[20]));
        RoundOutcome[] outcomes = await Task.WhenAll(staying);
        Assert.All(outcomes, o => Assert.Equal(7, o.Survivors));
        await Sums.AssertExactAsync(consortium, task, outcomes);
    }

    [Theory]
    [InlineData(RoundPhase.Share, "too-few-dealers")]
    [InlineData(RoundPhase.Upload, "too-few-survivors")]
    public async Task A_cohort_below_S_min_loses_the_round_but_not_the_updates(RoundPhase leaves, string reason)
    {
        TaskDefinition definition = Definitions.Vector(length: 2) with { Deadlines = new DeadlineDefinition { AdvertiseMilliseconds = 30_000, PhaseMilliseconds = 700, GraceMilliseconds = 100 } };
        Identifier task = await consortium.CreateTaskAsync(definition);
        SecureFedClient[] clients =
        [
            consortium.ClientFor(0, task, o => o.StateStore = new LeavingStore(leaves)),
            consortium.ClientFor(1, task),
            consortium.ClientFor(2, task),
        ];
        double[][] updates = [[1, 2], [3, 4], [5, 9]];
        Task<RoundOutcome>[] first = [.. clients.Select((c, i) => c.ContributeAsync(updates[i]))];
        await Assert.ThrowsAsync<GoneException>(() => first[0]);
        foreach (Task<RoundOutcome> left in first[1..])
        {
            SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(() => left);

            // Once the masked update has left, only the server's word says that no sum holds it.
            bool hasLeft = leaves == RoundPhase.Upload;
            Assert.Equal(hasLeft ? ("outcome-unknown", false) : ("round-aborted", true), (exception.Code, exception.IsTransient));
            Assert.Contains(hasLeft ? "Contribute a fresh update" : "contribute it again", exception.Message, StringComparison.Ordinal);
        }

        RoundOutcome[] again = await Task.WhenAll(clients.Select((c, i) => c.ContributeAsync(updates[i])));
        Assert.All(again, o => Assert.Equal(2, o.Number));
        await Sums.AssertExactAsync(consortium, task, again);
        IReadOnlyList<RoundView> rounds = await consortium.OperatorApi().GetRoundsAsync(task);
        Assert.Equal([(RoundPhase.Aborted, reason), (RoundPhase.Closed, null)], rounds.Select(r => (r.Phase, r.AbortReason)));
    }

    [Fact]
    public async Task A_cohort_that_never_assembles_ends_the_task_with_a_reason_and_advice()
    {
        TaskDefinition definition = Definitions.FedSgd(2, 0.1) with
        {
            Schedule = new ScheduleDefinition { TrainRounds = 1, GreatestFailures = 1 },
            Deadlines = new DeadlineDefinition { AdvertiseMilliseconds = 150, PhaseMilliseconds = 500, GraceMilliseconds = 100 },
            Model = new ModelDefinition { Kind = TaskModelKind.Linear, Features = [new("x", 0, 4)], Label = new("y", 0, 8) },
        };
        Identifier task = await consortium.CreateTaskAsync(definition);
        SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(() => consortium.ClientFor(0, task).RunAsync(new DataSetTrainer(Learning.Scenarios.ArticleExample.Data, 1)));
        Assert.Equal(("cohort-too-small", false), (exception.Code, exception.IsTransient));
        Assert.Contains("more clients must take part", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trainer_that_fails_sends_nothing_and_its_exception_is_the_applications()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 2));
        RecordingHandler wire = new();
        await Assert.ThrowsAsync<GoneException>(() => consortium.ClientFor(0, task, inner: wire).RunAsync(new FailingTrainer()));
        Assert.Empty(wire.Writes);
    }

    [Fact]
    public async Task A_running_client_stops_when_it_is_told_to()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Article());
        using CancellationTokenSource stop = new(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => consortium.ClientFor(0, task).RunAsync(new DataSetTrainer(Learning.Scenarios.ArticleExample.Data, 1), cancellationToken: stop.Token));
    }

    private static DataSet Rows(TaskModelKind kind, ulong client)
    {
        DeterministicSequence random = new(77, client);
        double[] features = new double[200];
        double[] labels = new double[100];
        for (int row = 0; row < 100; row++)
        {
            double a = 8 * random.NextDouble() - 4;
            double b = 50 * random.NextDouble();
            (features[2 * row], features[2 * row + 1]) = (a, b);
            double score = 2 * a - 0.1 * b + 2.5 + 0.5 * (random.NextDouble() - 0.5);
            labels[row] = kind == TaskModelKind.Linear ? score : random.NextDouble() < 1 / (1 + Math.Exp(-score)) ? 1 : 0;
        }

        return DataSet.Create(["a", "b"], features, labels);
    }

    private sealed class GoneException : Exception;

    private sealed class FailingTrainer : ILocalTrainer
    {
        public ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default) => throw new GoneException();
    }

    private sealed class Listener(List<RoundOutcome> outcomes) : IProgress<RoundOutcome>
    {
        public void Report(RoundOutcome value) => outcomes.Add(value);
    }

    /// <summary>The machine is gone once, at that step of the first round.</summary>
    private sealed class LeavingStore(RoundPhase at) : IRoundStateStore
    {
        private readonly MemoryRoundStateStore inner = new();

        public Task<SavedRounds?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default) => inner.LoadAsync(taskId, cancellationToken);

        public async Task SaveAsync(Identifier taskId, SavedRounds saved, RoundPhase step, CancellationToken cancellationToken = default)
        {
            if (saved.LastRoundNumber == 1 && step == at)
            {
                await inner.EraseRoundAsync(taskId, 1, cancellationToken);
                throw new GoneException();
            }

            await inner.SaveAsync(taskId, saved, step, cancellationToken);
        }

        public Task EraseRoundAsync(Identifier taskId, int lastRoundNumber, CancellationToken cancellationToken = default) =>
            inner.EraseRoundAsync(taskId, lastRoundNumber, cancellationToken);
    }
}
