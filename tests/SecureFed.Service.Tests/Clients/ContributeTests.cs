using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Http;

namespace SecureFed.Service.Tests.Clients;

public class ContributeTests(TestConsortium consortium)
{
    private readonly Client.State.MemoryRoundStateStore[] stores = [.. Enumerable.Range(0, TestConsortium.ClientCount).Select(_ => new Client.State.MemoryRoundStateStore())];

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public async Task The_released_sum_is_the_sum_of_the_clients_integers_bit_for_bit(int clients)
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 300, clients));
        RoundOutcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, clients).Select(i =>
            consortium.ClientFor(i, task).ContributeAsync(Enumerable.Range(0, 300).Select(j => Math.Sin(i * 300 + j)).ToArray(), weight: (i + 1.0) / clients)));
        Assert.All(outcomes, o => Assert.Equal(clients, o.Survivors));
        Assert.Equal(clients, outcomes.Select(o => o.ReceiptIndex).Distinct().Count());
        await Sums.AssertExactAsync(consortium, task, outcomes);
    }

    [Fact]
    public async Task Leaves_add_up_to_one_sum_and_a_participation_report()
    {
        TaskDefinition definition = Definitions.Vector(length: 30, clients: 8, rounds: 2);
        Identifier task = await consortium.CreateTaskAsync(definition with { Cohort = definition.Cohort with { Leaves = 2 } });
        for (int round = 1; round <= 2; round++)
        {
            RoundOutcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
                consortium.ClientFor(i, task, o => o.StateStore = stores[i]).ContributeAsync(Enumerable.Range(0, 30).Select(j => Math.Sin(round + i * 30 + j)).ToArray(), weight: 1)));
            Assert.All(outcomes, o => Assert.Equal((RoundStatus.Contributed, 4), (o.Status, o.Survivors)));
            await Sums.AssertExactAsync(consortium, task, outcomes);
        }

        IReadOnlyList<ParticipationView> report = await consortium.OperatorApi().GetParticipationAsync(task);
        Assert.Equal([(1, 4), (1, 4), (1, 8), (2, 4), (2, 4), (2, 8)], report.Select(p => (p.Round, p.Survivors)));
        Assert.All(report, p => Assert.True(p.Difference is null or >= 2));
        RoundView last = (await consortium.OperatorApi().GetRoundsAsync(task))[^1];
        Assert.Equal(8, last.Survivors);
    }

    [Fact]
    public async Task FedAvg_moves_the_model_by_the_mean_weighted_with_the_hidden_weights()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 2));
        (double[] Update, double Weight)[] contributions = [([1, 0], 1), ([0, 4], 0.5), ([-2, 8], 0.25)];
        await Task.WhenAll(contributions.Select((c, i) => consortium.ClientFor(i, task).ContributeAsync(c.Update, c.Weight)));
        ModelState model = await FinalModelAsync(task);
        Assert.Equal((1 - 0.5) / 1.75, model.Parameters[0], 1e-6);
        Assert.Equal((2 + 2) / 1.75, model.Parameters[1], 1e-6);
        Assert.Equal(1, model.CompletedTrainRounds);
    }

    [Fact]
    public async Task Opposite_gradients_leave_theta_at_0_because_FedSGD_takes_the_mean()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.FedSgd(2, 0.1));
        double[][] gradients = [[1, 2], [-1, -2], [0, 0]];
        await Task.WhenAll(gradients.Select((g, i) => consortium.ClientFor(i, task).ContributeAsync(g)));
        Assert.Equal([0, 0], (await FinalModelAsync(task)).Parameters);
    }

    [Fact]
    public async Task The_step_printed_in_the_article_is_that_of_the_first_gradient_alone()
    {
        // (-0.1, -0.2) is what three clients reach that all hold g1 = (1, 2); together with g2 = -g1 the formula gives 0.
        Identifier task = await consortium.CreateTaskAsync(Definitions.FedSgd(2, 0.1));
        await Task.WhenAll(Enumerable.Range(0, 3).Select(i => consortium.ClientFor(i, task).ContributeAsync(new double[] { 1, 2 })));
        ModelState model = await FinalModelAsync(task);
        Assert.Equal(-0.1, model.Parameters[0], 1e-7);
        Assert.Equal(-0.2, model.Parameters[1], 1e-7);
    }

    [Fact]
    public async Task An_update_longer_than_the_clip_norm_is_shortened_not_refused()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 2, clipNorm: 5));
        await Task.WhenAll(Enumerable.Range(0, 3).Select(i => consortium.ClientFor(i, task).ContributeAsync(new double[] { 30, 40 })));
        ModelState model = await FinalModelAsync(task);
        Assert.Equal(3, model.Parameters[0], 1e-6);
        Assert.Equal(4, model.Parameters[1], 1e-6);
    }

    public static TheoryData<double[], double, string> Unusable() => new()
    {
        { [1, double.NaN], 1, "update-not-finite" },
        { [double.PositiveInfinity, 1], 1, "update-not-finite" },
        { [1, double.NegativeInfinity], 1, "update-not-finite" },
        { [1], 1, "update-dimension-mismatch" },
        { [1, 2, 3], 1, "update-dimension-mismatch" },
        { [], 1, "update-dimension-mismatch" },
        { [1, 2], 0, "update-not-finite" },
        { [1, 2], 1.5, "update-not-finite" },
        { [1, 2], double.NaN, "update-not-finite" },
    };

    [Theory]
    [MemberData(nameof(Unusable))]
    public async Task An_unusable_update_is_the_callers_bug_and_nothing_is_sent(double[] update, double weight, string code)
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 2));
        RecordingHandler wire = new();
        SecureFedClient client = consortium.ClientFor(0, task, inner: wire);
        InvalidUpdateException exception = await Assert.ThrowsAsync<InvalidUpdateException>(() => client.ContributeAsync(update, weight));
        Assert.Equal(code, exception.Code);
        Assert.Empty(wire.Writes);
        Assert.Equal(0, client.BytesUp);
    }

    [Fact]
    public async Task A_task_that_is_complete_takes_no_further_updates()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        await Task.WhenAll(Enumerable.Range(0, 3).Select(i => consortium.ClientFor(i, task).ContributeAsync(new double[] { 1 })));
        await FinalModelAsync(task);
        SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(() => consortium.ClientFor(3, task).ContributeAsync(new double[] { 1 }));
        Assert.Equal(("task-finished", false), (exception.Code, exception.IsTransient));
    }

    [Fact]
    public async Task A_round_that_needs_rows_takes_no_update()
    {
        TaskDefinition definition = Definitions.Article() with { Schedule = new ScheduleDefinition { Standardise = true, TrainRounds = 1 } };
        Identifier task = await consortium.CreateTaskAsync(definition);
        RecordingHandler wire = new();
        SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(() => consortium.ClientFor(0, task, inner: wire).ContributeAsync(new double[] { 1, 2 }));
        Assert.Equal("wrong-phase", exception.Code);
        Assert.Contains("RunAsync", exception.Message, StringComparison.Ordinal);
        Assert.Empty(wire.Writes);
    }

    [Fact]
    public async Task Cancellation_leaves_the_round_and_a_later_call_takes_part_again()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        using CancellationTokenSource stop = new();
        RecordingHandler wire = new()
        {
            Before = request =>
            {
                if (request.Method == HttpMethod.Get && request.RequestUri!.AbsolutePath.EndsWith("/keys", StringComparison.Ordinal))
                    stop.CancelAfter(100);
            },
        };
        SecureFedClient client = consortium.ClientFor(0, task, inner: wire);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.ContributeAsync(new double[] { 1 }, cancellationToken: stop.Token));
        RoundOutcome[] outcomes = await Task.WhenAll(
            client.ContributeAsync(new double[] { 1 }),
            consortium.ClientFor(1, task).ContributeAsync(new double[] { 2 }),
            consortium.ClientFor(2, task).ContributeAsync(new double[] { 3 }));
        await Sums.AssertExactAsync(consortium, task, outcomes);
        Assert.Equal(2, (await FinalModelAsync(task)).Parameters[0], 1e-6);
        Assert.Single(wire.Writes.Where(w => w.Path.Contains("/keys/", StringComparison.Ordinal)).Select(w => Convert.ToHexString(w.Body)).Distinct(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_cancelled_token_sends_nothing()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        RecordingHandler wire = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => consortium.ClientFor(0, task, inner: wire).ContributeAsync(new double[] { 1 }, cancellationToken: new CancellationToken(true)));
        Assert.Empty(wire.Requests);
    }

    [Fact]
    public async Task Bytes_are_counted_as_they_stand_in_bodies()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1000));
        RecordingHandler wire = new();
        SecureFedClient client = consortium.ClientFor(0, task, inner: wire);
        await Task.WhenAll(
            client.ContributeAsync(new double[1000]),
            consortium.ClientFor(1, task).ContributeAsync(new double[1000]),
            consortium.ClientFor(2, task).ContributeAsync(new double[1000]));
        Assert.Equal(wire.Requests.Sum(r => r.Body.Length), client.BytesUp);
        Assert.InRange(client.BytesUp, 4004, 8000);
        Assert.InRange(client.BytesDown, 1000, 100_000);
    }

    private async Task<ModelState> FinalModelAsync(Identifier task)
    {
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        TaskView view = await RoundResourceTests.FinishedAsync(http, task);
        Assert.Equal("", view.FinishReason);
        Assert.True(Digest.TryParse(view.ModelDigest, out Digest digest));
        return await new SecureFedOperator(http).GetModelAsync(digest);
    }
}
