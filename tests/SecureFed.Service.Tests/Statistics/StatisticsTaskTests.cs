using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Learning;
using SecureFed.Learning.Data;
using SecureFed.Learning.Statistics;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Statistics;

/// <summary>Statistics tasks over HTTP: answers, charges, and what clients refuse.</summary>
public class StatisticsTaskTests(TestConsortium consortium)
{
    /// <summary>Error bounds are of 95 %; three and a half times as far a Gaussian error strays once in 10¹¹.</summary>
    private const double Certain = 3.5;

    private static readonly StatisticsQuery Query = new(
        [new("age", 0, 100), new("income", 0, 1000)],
        [
            new Statistic(StatisticKind.Count), new Statistic(StatisticKind.Mean, 0), new Statistic(StatisticKind.Variance, 1), new Statistic(StatisticKind.Quantile, 0) { Probability = 0.5 },
            new Statistic(StatisticKind.Histogram, 1) { Edges = [0, 250, 500, 750, 1000] }, new Statistic(StatisticKind.Correlation, 0, 1),
        ],
        8,
        2);

    [Theory]
    [InlineData(PrivacyUnit.None)]
    [InlineData(PrivacyUnit.Record)]
    [InlineData(PrivacyUnit.Client)]
    public async Task Every_answer_is_within_its_bound_and_every_question_is_charged(PrivacyUnit unit)
    {
        DataSet[] rows = [.. Enumerable.Range(0, 3).Select(i => Rows(800, (ulong)i))];
        PrivacyDefinition privacy = unit == PrivacyUnit.None ? PrivacyDefinition.None
            : new PrivacyDefinition { Unit = unit, Epsilon = 4, Delta = 1e-6, ExpectedRecords = unit == PrivacyUnit.Record ? 2400 : 0, DataSet = Definitions.NewId() };
        Identifier task = await consortium.CreateTaskAsync(Definition(privacy));
        ModelState[] models = await Task.WhenAll(rows.Select((data, i) => ClientFor(i, task).RunAsync(new DataSetTrainer(data, 1))));
        Assert.All(models, m => Assert.Equal(models[0].Parameters, m.Parameters));
        Assert.Equal(2, models[0].CompletedTrainRounds);
        IReadOnlyList<StatisticAnswer> answers = Query.Read([.. models[0].Parameters]);
        IReadOnlyList<IReadOnlyList<double>> exact = CentralStatistics.Of(Query, DataSet.Concatenate(rows));
        for (int i = 0; i < answers.Count; i++)
        {
            if (answers[i].Statistic.IsSearch || double.IsNaN(answers[i].Values[0]))
                continue;
            for (int v = 0; v < answers[i].Values.Count; v++)
                Assert.True(Math.Abs(answers[i].Values[v] - exact[i][v]) <= Certain * answers[i].ErrorBounds[v] + 1e-9, $"{answers[i].Statistic.Kind}: {answers[i].Values[v]} ± {answers[i].ErrorBounds[v]}, exactly {exact[i][v]}");
        }

        if (unit == PrivacyUnit.None)
        {
            Assert.Equal((2400, 0), (answers[0].Values[0], answers[0].ErrorBounds[0]));
            Assert.Equal(exact[4], answers[4].Values);
            Assert.InRange(exact[3][0], answers[3].Lower!.Value, answers[3].Upper!.Value);
            return;
        }

        Assert.False(double.IsNaN(answers[unit == PrivacyUnit.Record ? 5 : 0].Values[0]));
        Assert.True(answers[0].ErrorBounds[0] > 1);
        BudgetView budget = await consortium.OperatorApi().GetBudgetAsync(task);
        Assert.Equal(2, budget.Entries.Count);
        Assert.InRange(budget.EpsilonSpent, 3.9, 4);
    }

    [Fact]
    public async Task A_client_whose_policy_does_not_allow_statistics_or_these_columns_reveals_nothing()
    {
        Identifier task = await consortium.CreateTaskAsync(Definition(PrivacyDefinition.None));
        StatisticsPolicy others = new([TaskStatisticKind.Count, TaskStatisticKind.Mean], [new FeatureSpecification("age", 0, 100)]);
        foreach (ClientPolicy policy in new[] { consortium.Policy, consortium.Policy with { Models = [TaskModelKind.Statistics], Statistics = others } })
        {
            RoundRefusedException refused = await Assert.ThrowsAsync<RoundRefusedException>(() => consortium.ClientFor(0, task, o => o.Policy = policy).RunAsync(new DataSetTrainer(Rows(5, 1), 1)));
            Assert.Equal(ErrorCodes.PolicyViolated, refused.Code);
        }
    }

    [Fact]
    public async Task A_client_without_the_column_or_with_too_many_rows_refuses_before_it_sends_a_contribution()
    {
        foreach ((DataSet data, string code) in new[] { (DataSet.CreateWithGaps(["age"], [1]), "schema-mismatch"), (Rows(1001, 1), "too-many-rows") })
        {
            Identifier task = await consortium.CreateTaskAsync(Definition(PrivacyDefinition.None));
            using CancellationTokenSource stop = new();
            Task[] others = [.. Enumerable.Range(1, 2).Select(i => ClientFor(i, task).RunAsync(new DataSetTrainer(Rows(5, 1), 1), null, stop.Token))];
            Assert.Equal(code, (await Assert.ThrowsAsync<DataException>(() => ClientFor(0, task).RunAsync(new DataSetTrainer(data, 1)))).Code);
            await stop.CancelAsync();
            await Task.WhenAll(others).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    [Fact]
    public async Task An_operator_is_told_which_question_makes_no_sense()
    {
        TaskDefinition good = Definition(PrivacyDefinition.None);
        StatisticDefinition mean = new() { Kind = TaskStatisticKind.Mean, Columns = ["age"] };
        (StatisticDefinition Question, string Words)[] wrong =
        [
            (mean with { Columns = ["height"] }, "names the column 'height'"),
            (mean with { Columns = [] }, "is of one column"),
            (mean with { Kind = TaskStatisticKind.Quantile }, "has a probability"),
            (mean with { Kind = TaskStatisticKind.HeavyHitters }, "public list"),
        ];
        foreach ((StatisticDefinition question, string words) in wrong)
        {
            TaskDefinition definition = good with { TaskId = Definitions.NewId(), Model = good.Model with { Statistics = good.Model.Statistics! with { Questions = [question] } } };
            SecureFedException refused = await Assert.ThrowsAsync<SecureFedException>(() => consortium.CreateTaskAsync(definition));
            Assert.Equal(ErrorCodes.InvalidTask, refused.Code);
            Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        }

        SecureFedException sampled = await Assert.ThrowsAsync<SecureFedException>(() => consortium.CreateTaskAsync(Definition(new PrivacyDefinition { Unit = PrivacyUnit.Record, ExpectedRecords = 100, SamplingRate = 0.5 })));
        Assert.Contains("sampling rate 1", sampled.Message, StringComparison.Ordinal);
    }

    private SecureFedClient ClientFor(int index, Identifier task) => consortium.ClientFor(index, task, o => o.Policy = consortium.Policy with { Models = [TaskModelKind.Statistics] });

    private static TaskDefinition Definition(PrivacyDefinition privacy) => Definitions.Vector() with
    {
        Name = "statistics",
        Model = SecureFed.Cli.Stats.StatsQuestions.ToDefinition(Query, 8),
        Training = new TrainingDefinition { GreatestRows = 1000 },
        Privacy = privacy,
    };

    private static DataSet Rows(int rows, ulong seed)
    {
        DeterministicSequence random = new(seed);
        double[] values = new double[3 * rows];
        for (int row = 0; row < rows; row++)
        {
            values[3 * row] = random.NextUniform(0, 10); // A column that nobody asks about.
            values[3 * row + 1] = random.NextUniform(20, 70);
            values[3 * row + 2] = 5 * values[3 * row + 1] + random.NextUniform(0, 400);
        }

        return DataSet.CreateWithGaps(["other", "age", "income"], values);
    }
}
