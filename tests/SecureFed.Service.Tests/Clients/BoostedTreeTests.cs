using SecureFed.Client;
using SecureFed.Client.Holding;
using SecureFed.Client.Rounds;
using SecureFed.Learning;
using SecureFed.Learning.Baselines;
using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Trees;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Holding;

namespace SecureFed.Service.Tests.Clients;

/// <summary>Boosted trees from the binning round to the metrics, over HTTP.</summary>
public sealed class BoostedTreeTests(TestConsortium consortium, HolderConsortium holders) : IClassFixture<HolderConsortium>
{
    private static readonly DataSchema Schema = new([new("a", -10, 10), new("b", 0, 100)], new("y", 0, 1), LabelKind.Binary);

    [Fact(Timeout = 120_000)]
    public async Task Clients_grow_the_trees_of_all_rows_in_one_place()
    {
        DataSet[] clients = [.. Enumerable.Range(0, 3).Select(i => Rows(100, (ulong)i))];
        Identifier task = await consortium.CreateTaskAsync(Definition(new TreeDefinition { Count = 3, Depth = 2, Bins = 16 }, 6));
        List<RoundOutcome>[] seen = [[], [], []];
        ModelState[] models = await Task.WhenAll(clients.Select((rows, i) => ClientFor(i, task).RunAsync(new DataSetTrainer(rows, (ulong)i), new Listener(seen[i]))));

        Assert.Equal([RoundKind.Standardise, .. Enumerable.Repeat(RoundKind.Train, 6), RoundKind.Evaluate], seen[0].Select(o => o.Kind));
        for (int round = 0; round < seen[0].Count; round++)
            await Sums.AssertExactAsync(consortium, task, [.. seen.Select(s => s[round])]);
        Assert.All(models, m => Assert.Equal(models[0].Parameters, m.Parameters));

        DataSet all = DataSet.Concatenate(clients);
        TreeOptions options = new(ModelKind.Logistic, 2, 3, 2, 16, 0.3, 1, TreeRule.Histogram);
        TreeEnsemble central = TreeBaseline.Fit(all, Schema, options, 0);
        TreeEnsemble federated = new(options, [.. models[0].Parameters]);
        Assert.Equal(central.Scores(all), federated.Scores(all), (a, b) => Math.Abs(a - b) < 1e-4);

        MetricsView metrics = (await consortium.OperatorApi().GetManifestAsync(task, seen[0][^1].RoundId)).Metrics!;
        Assert.Equal(300, metrics.Rows);
        Assert.InRange(metrics.Auc!.Value, 0.85, 1);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(PrivacyUnit.Record)]
    [InlineData(PrivacyUnit.Client)]
    public async Task With_noise_random_trees_are_grown_within_the_budget(PrivacyUnit unit)
    {
        DataSet[] clients = [.. Enumerable.Range(0, 3).Select(i => Rows(1000, (ulong)i))];
        Identifier task = await consortium.CreateTaskAsync(Definition(new TreeDefinition { Count = 20, Depth = 3, Shrinkage = 0.1 }, 2) with
        {
            Privacy = new PrivacyDefinition { Unit = unit, Epsilon = 8, Delta = 1e-6, ExpectedRecords = unit == PrivacyUnit.Record ? 3000 : 0, DataSet = Definitions.NewId() },
            Schedule = new ScheduleDefinition { Standardise = unit == PrivacyUnit.Record, TrainRounds = 2 }, // Three participants' cells are not told from noise.
        });
        List<RoundOutcome>[] seen = [[], [], []];
        ModelState[] models = await Task.WhenAll(clients.Select((rows, i) => ClientFor(i, task).RunAsync(new DataSetTrainer(rows, (ulong)i), new Listener(seen[i]))));

        Assert.Equal(unit == PrivacyUnit.Record ? 3 : 2, seen[0].Count);
        ManifestView train = await consortium.OperatorApi().GetManifestAsync(task, seen[0][^1].RoundId);
        SegmentView segment = Assert.Single(train.Segments);
        Assert.Equal((TreeVectors.LeafSums, 2 * 10 * 8, Math.Sqrt(10)), (segment.Name, segment.Length, segment.ClipNorm));
        Assert.InRange((await consortium.OperatorApi().GetBudgetAsync(task)).EpsilonSpent, 6, 8);

        TreeEnsemble model = new(new TreeOptions(ModelKind.Logistic, 2, 20, 3, 32, 0.1, 1, TreeRule.Random, 10), [.. models[0].Parameters]);
        DataSet test = Rows(2000, 99);
        double auc = Learning.Metrics.ModelEvaluation.Evaluate(model, test, Learning.Preprocessing.Standardizer.Identity(2, 1)).Auc!.Value;
        Assert.InRange(auc, unit == PrivacyUnit.Record ? 0.8 : 0, 1); // Three participants hidden as wholes leave nothing but noise.
    }

    [Fact(Timeout = 120_000)]
    public async Task Histograms_are_summed_under_encryption_as_well()
    {
        TestConsortium encrypted = holders.Consortium;
        DataSet[] clients = [.. Enumerable.Range(0, HolderConsortium.Clients).Select(i => Rows(60, (ulong)i))];
        Identifier task = await encrypted.CreateTaskAsync(Definition(new TreeDefinition { Count = 1, Depth = 2, Bins = 8 }, 2) with
        {
            Schedule = new ScheduleDefinition { TrainRounds = 2 },
            Cohort = new CohortDefinition { Least = HolderConsortium.Clients, Greatest = HolderConsortium.Clients, DeltaDrop = 0 },
            Protection = ProtectionKind.Encryption,
            Encryption = new EncryptionDefinition { Threshold = 4, CorruptHolders = 1 },
        });
        ClientPolicy policy = encrypted.EncryptionPolicy with { Models = [TaskModelKind.Trees] };
        Task<HolderOutcome[]>[] running =
        [
            .. Enumerable.Range(0, HolderConsortium.Holders).Select(i => HolderConsortium.RunAsync(encrypted.HolderFor(i, task, o => o.Policy = policy), TestContext.Current.CancellationToken)),
        ];
        ModelState[] models = await Task.WhenAll(clients.Select((rows, i) => encrypted.ClientFor(i, task, o => o.Policy = policy).RunAsync(new DataSetTrainer(rows, (ulong)i), cancellationToken: TestContext.Current.CancellationToken)));
        await Task.WhenAll(running);

        // Without a binning round the thresholds are the grid's.
        TreeOptions options = new(ModelKind.Logistic, 2, 1, 2, 8, 0.3, 1, TreeRule.Histogram);
        TreeBins bins = TreeBins.FromBounds(Schema, 8);
        DataSet all = DataSet.Concatenate(clients);
        TreeRows pooled = new(all, bins, Schema.Label);
        (double[] parameters, double[] state) = (TreeEnsemble.Initial(options, Schema.Label), []);
        for (int round = 0; round < 2; round++)
        {
            Learning.Optimizers.ServerStep step = new TreeGrower(options, bins, 0, all.Rows).Step(
                parameters, state, round, TreeVectors.Create(new TreeRecords(pooled, options, parameters, state, round, 0), all.Rows));
            (parameters, state) = (step.Parameters, step.State);
        }

        Assert.Equal(parameters, models[0].Parameters, (a, b) => Math.Abs(a - b) < 1e-4);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(PrivacyUnit.None)]
    [InlineData(PrivacyUnit.Record)]
    public async Task A_last_round_explains_trees_by_their_score(PrivacyUnit unit)
    {
        DataSet[] clients = [.. Enumerable.Range(0, 3).Select(i => Rows(1000, (ulong)i))];
        TaskDefinition definition = Definition(new TreeDefinition { Count = 4, Depth = 2, Rule = TreeSplitRule.Random, TreesPerRound = 2 }, 2);
        Identifier task = await consortium.CreateTaskAsync(definition with
        {
            Privacy = unit == PrivacyUnit.None ? definition.Privacy : new PrivacyDefinition { Unit = unit, Epsilon = 8, Delta = 1e-6, ExpectedRecords = 3000, DataSet = Definitions.NewId() },
            Schedule = new ScheduleDefinition { Standardise = true, TrainRounds = 2, Explain = true },
        });
        List<RoundOutcome> seen = [];
        await Task.WhenAll(clients.Select((rows, i) => ClientFor(i, task).RunAsync(new DataSetTrainer(rows, (ulong)i), i == 0 ? new Listener(seen) : null)));

        ExplanationView explanation = (await consortium.OperatorApi().GetManifestAsync(task, seen[^1].RoundId)).Explanation!;
        Assert.Null(explanation.Coefficients);
        Assert.Equal(["a", "b"], explanation.Importance.Select(i => i.Feature));
        Assert.InRange(explanation.Calibration.Sum(bin => bin.Rows), unit == PrivacyUnit.None ? 3000 : 2000, unit == PrivacyUnit.None ? 3000 : 4000);
        if (unit == PrivacyUnit.None)
            Assert.All(explanation.Importance, i => Assert.True(i.Increase.Value >= 0));
    }

    [Fact(Timeout = 120_000)]
    public async Task Growing_stops_when_the_loss_does_not_improve_and_the_best_trees_are_the_result()
    {
        DataSet[] clients = [.. Enumerable.Range(0, 3).Select(i => Rows(40, (ulong)i))];
        Identifier task = await consortium.CreateTaskAsync(Definition(new TreeDefinition { Count = 6, Depth = 2, Bins = 16 }, 12) with
        {
            Schedule = new ScheduleDefinition { Standardise = true, TrainRounds = 12, Evaluate = true, EvaluateEvery = 2, Patience = 1, LeastImprovement = 0.05 },
        });
        List<RoundOutcome> seen = [];
        ModelState[] models = await Task.WhenAll(clients.Select((rows, i) => ClientFor(i, task).RunAsync(new DataSetTrainer(rows, (ulong)i), i == 0 ? new Listener(seen) : null)));

        // The client leaves with the model on which the last evaluation was asked.
        ModelState last = models[0];
        Assert.InRange(last.CompletedTrainRounds, 4, 10);
        IReadOnlyList<ModelView> lineage = await consortium.OperatorApi().GetModelsAsync(task);
        Assert.True(Digest.TryParse(lineage[^1].ModelDigest, out Digest digest));
        ModelState final = await consortium.OperatorApi().GetModelAsync(digest);
        Assert.Equal(seen.Count(o => o.Kind == RoundKind.Evaluate), final.Losses.Count);
        TreeEnsemble best = new(new TreeOptions(ModelKind.Logistic, 2, 6, 2, 16, 0.3, 1, TreeRule.Histogram), [.. final.Result]);
        double loss = Learning.Metrics.ModelEvaluation.Evaluate(best, DataSet.Concatenate(clients), Learning.Preprocessing.Standardizer.Identity(2, 1)).Loss;
        Assert.InRange(loss, final.Losses.Min() - 1e-3, final.Losses.Min() + 0.05);
    }

    [Fact(Timeout = 120_000)]
    public async Task Definitions_that_cannot_run_are_refused_with_advice()
    {
        await RequireRefusalAsync(Definition(new TreeDefinition { Count = 3, Depth = 2 }, 7), "grown after 6 training rounds");
        await RequireRefusalAsync(Definition(new TreeDefinition { Count = 3, Depth = 2, TreesPerRound = 3 }, 6), "divide the number of trees");
        await RequireRefusalAsync(Definition(new TreeDefinition { Depth = 9 }, 6), "deep");
        await RequireRefusalAsync(Definition(new TreeDefinition { Count = int.MaxValue, Depth = 2 }, 6), "");
        await RequireRefusalAsync(Definition(new TreeDefinition(), 20) with { Training = new TrainingDefinition { AverageIterates = true } }, "no iterates to average");
        foreach (TrainingDefinition training in (TrainingDefinition[])
            [
                new() { ProximalWeight = 0.1 }, new() { AccumulatedBatches = 2 }, new() { CorrectDrift = true }, new() { MeasureDrift = true },
                new() { ServerSchedule = new ServerScheduleDefinition { Kind = ServerScheduleKind.Cosine } },
            ])
        {
            await RequireRefusalAsync(Definition(new TreeDefinition { Count = 3, Depth = 2 }, 6) with { Training = training with { GreatestRows = 1000 } }, "take no steps");
        }

        await RequireRefusalAsync(Definition(new TreeDefinition { Count = 3, Depth = 2 }, 6) with { Schedule = new ScheduleDefinition { TrainRounds = 6, GreatestStaleness = 1 } }, "take no steps");
        await RequireRefusalAsync(Definitions.Vector() with { Model = new ModelDefinition { Kind = TaskModelKind.Vector, Length = 4, Trees = new TreeDefinition() } }, "Trees, and no other model");
        await RequireRefusalAsync(Definitions.Vector() with { Model = new ModelDefinition { Kind = TaskModelKind.Trees } }, "features and a label");
    }

    private async Task RequireRefusalAsync(TaskDefinition definition, string reason)
    {
        SecureFedException refused = await Assert.ThrowsAsync<SecureFedException>(() => consortium.CreateTaskAsync(definition));
        Assert.False(refused.IsTransient);
        Assert.Contains(reason, refused.Message, StringComparison.OrdinalIgnoreCase);
    }

    private SecureFedClient ClientFor(int index, Identifier task) => consortium.ClientFor(index, task, o => o.Policy = consortium.Policy with { Models = [TaskModelKind.Trees] });

    private static TaskDefinition Definition(TreeDefinition trees, int rounds) => Definitions.Vector() with
    {
        Name = "trees",
        Model = new ModelDefinition { Kind = TaskModelKind.Trees, Features = [.. Schema.Features.Select(Definitions.ToFeature)], Label = Definitions.ToFeature(Schema.Label), Trees = trees },
        Training = new TrainingDefinition { GreatestRows = 1000 },
        Schedule = new ScheduleDefinition { Standardise = true, TrainRounds = rounds, Evaluate = true },
    };

    private static DataSet Rows(int count, ulong client)
    {
        DeterministicSequence random = new(77, client);
        double[] features = new double[2 * count];
        double[] labels = new double[count];
        for (int row = 0; row < count; row++)
        {
            double a = random.NextUniform(-4, 4);
            double b = random.NextUniform(0, 50);
            (features[2 * row], features[2 * row + 1]) = (a, b);
            labels[row] = random.NextBoolean(a > 0 && b < 30 ? 0.95 : 0.1) ? 1 : 0;
        }

        return DataSet.Create(["a", "b"], features, labels);
    }

    private sealed class Listener(List<RoundOutcome> outcomes) : IProgress<RoundOutcome>
    {
        public void Report(RoundOutcome value) => outcomes.Add(value);
    }
}
