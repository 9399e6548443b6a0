using System.Globalization;
using SecureFed.Cli.Commands;
using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Learning;
using SecureFed.Learning.Data;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Clients;

/// <summary>Clients whose rows change, or cannot be had, between the rounds of a task.</summary>
public sealed class ChangingRowsTests(TestConsortium consortium)
{
    private const int Greatest = 200;

    [Fact(Timeout = 120_000)]
    public async Task Rows_appended_after_a_round_are_in_the_sums_of_the_next()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File("rows.csv");
        await File.WriteAllTextAsync(path, ToCsv(Rows(100, 0)));
        Identifier task = await consortium.CreateTaskAsync(Definition(PrivacyDefinition.None));
        TaskParameters parameters = await ClientFor(0, task).GetTaskParametersAsync();
        List<int> announced = [];
        FollowedFile file = new(path, source => TaskRows.Read([source], parameters), rows => announced.Add(rows.Rows));

        List<RoundOutcome>[] seen = [[], [], []];
        Listener appending = new(seen[0], outcome =>
        {
            if (outcome.Number == 1)
                File.AppendAllText(path, ToCsv(Rows(30, 9), header: false));
        });
        await Task.WhenAll(
            ClientFor(0, task).RunAsync(new DataSetTrainer(file.Current(), 0, file.Current), appending),
            ClientFor(1, task).RunAsync(new DataSetTrainer(Rows(40, 1), 1), new Listener(seen[1])),
            ClientFor(2, task).RunAsync(new DataSetTrainer(Rows(50, 2), 2), new Listener(seen[2])));

        Assert.Equal([RoundKind.Train, RoundKind.Train, RoundKind.Evaluate], seen[0].Select(o => o.Kind));
        for (int round = 0; round < 3; round++)
            await Sums.AssertExactAsync(consortium, task, [.. seen.Select(s => s[round])]);
        Assert.Equal(130, Assert.Single(announced));
        Assert.All(seen[0], o => Assert.Null(o.RowsFault));

        // FedAvg's weight is the last coordinate: rows over the public maximum.
        Assert.Equal(100.0 / 40, (double)seen[0][0].Quantized.Span[^1] / seen[1][0].Quantized.Span[^1], 1e-3);
        Assert.Equal(130.0 / 40, (double)seen[0][1].Quantized.Span[^1] / seen[1][1].Quantized.Span[^1], 1e-3);
        Assert.Equal(130 + 40 + 50, (await consortium.OperatorApi().GetManifestAsync(task, seen[0][2].RoundId)).Metrics!.Rows);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(PrivacyUnit.None)]
    [InlineData(PrivacyUnit.Client)]
    [InlineData(PrivacyUnit.Record)]
    public async Task While_its_rows_cannot_be_had_a_client_goes_on_with_those_of_before(PrivacyUnit unit)
    {
        Identifier task = await consortium.CreateTaskAsync(Definition(NoiseOf(unit), evaluates: unit == PrivacyUnit.None));
        DataSet[] start = [Rows(100, 0), Rows(40, 1), Rows(50, 2)];
        IOException missing = new("the disk is gone");
        List<RoundOutcome>[] seen = [[], [], []];
        bool isMissing = false;
        Listener breaking = new(seen[0], outcome => isMissing |= outcome.Number == 1);
        await Task.WhenAll(Enumerable.Range(0, 3).Select(i => ClientFor(i, task).RunAsync(
            new DataSetTrainer(start[i], (ulong)i, () => i == 0 && isMissing ? throw missing : start[i]), i == 0 ? breaking : new Listener(seen[i]))));

        Assert.Null(seen[0][0].RowsFault);
        Assert.All(seen[0].Skip(1), o => Assert.Same(missing, o.RowsFault));
        Assert.All(seen[1].Concat(seen[2]), o => Assert.Null(o.RowsFault));
        Assert.All(seen.SelectMany(s => s), o => Assert.Equal((RoundStatus.Contributed, null, 0), (o.Status, o.Fault, o.ZeroedRecords)));
        if (unit == PrivacyUnit.None)
            Assert.Equal(190, (await consortium.OperatorApi().GetManifestAsync(task, seen[0][2].RoundId)).Metrics!.Rows);
        if (unit != PrivacyUnit.Record)
            Assert.Contains(seen[0][1].Quantized.ToArray(), v => v != 0);
    }

    /// <summary>Both the standardised rows and what a client computes of its rows for earlier trees are kept from round to round.</summary>
    [Theory]
    [InlineData(TaskModelKind.Logistic)]
    [InlineData(TaskModelKind.Trees)]
    public async Task What_was_computed_of_former_rows_is_dropped(TaskModelKind model)
    {
        TaskDefinition definition = Definition(NoiseOf(PrivacyUnit.Record), evaluates: false);
        if (model == TaskModelKind.Trees)
        {
            definition = definition with
            {
                Model = definition.Model with { Kind = model, L2Penalty = 0, Trees = new TreeDefinition { Count = 2, Depth = 2, Rule = TreeSplitRule.Random, TreesPerRound = 1 } },
                Training = new TrainingDefinition { GreatestRows = Greatest },
            };
        }

        RoundAssignment assignment = await FirstTrainingAsync(definition);
        (DataSet before, DataSet after) = (Rows(20, 0), Rows(25, 1));
        DataSet now = before;
        DataSetTrainer trainer = new(before, 1, () => now);
        double[][] first = await VectorsAsync(trainer, assignment);
        Assert.Equal(first, await VectorsAsync(trainer, assignment));

        now = after;
        double[][] second = await VectorsAsync(trainer, assignment);
        Assert.Equal(25, second.Length);
        Assert.Equal(await VectorsAsync(new DataSetTrainer(after, 1), assignment), second);
        Assert.NotEqual(first, second[..20]);
        Assert.Null(trainer.RowsFault);
    }

    [Fact]
    public async Task A_tree_over_one_pass_keeps_the_rows_of_the_start()
    {
        TaskDefinition definition = Definition(NoiseOf(PrivacyUnit.Record) with { TreeLeaves = 2 }, evaluates: false);
        RoundAssignment assignment = await FirstTrainingAsync(definition);
        DataSet[] rows = [Rows(20, 0), DataSet.Concatenate(Rows(20, 0), Rows(5, 1))];
        int at = 0;
        DataSetTrainer trainer = new(rows[0], 1, () => rows[at]);
        double[][] first = await VectorsAsync(trainer, assignment);
        Assert.Null(trainer.RowsFault);

        at = 1;
        Assert.Equal(first, await VectorsAsync(trainer, assignment));
        DataException refused = Assert.IsType<DataException>(trainer.RowsFault);
        Assert.Equal("rows-fixed", refused.Code);
        Assert.Contains("one pass", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_that_do_not_fit_those_of_the_start_are_refused_and_looked_at_again()
    {
        RoundAssignment assignment = await FirstTrainingAsync(Definition(NoiseOf(PrivacyUnit.Record), evaluates: false));
        DataSet start = Rows(20, 0);
        DataSet now = DataSet.Create(["b", "a"], [1, 2], [1]);
        DataSetTrainer trainer = new(start, 1, () => now);
        Assert.Equal(20, (await VectorsAsync(trainer, assignment)).Length);
        Assert.Equal("schema-mismatch", Assert.IsType<DataException>(trainer.RowsFault).Code);

        now = DataSet.CreateWithGaps(["a", "b"], [1, double.NaN]);
        Assert.Single(await VectorsAsync(trainer, assignment)); // Of single records each with a gap counts as zero by itself, so one does not keep the others away.
        Assert.Null(trainer.RowsFault);

        now = Rows(21, 0);
        Assert.Equal(21, (await VectorsAsync(trainer, assignment)).Length);
        Assert.Null(trainer.RowsFault);
    }

    [Fact]
    public void A_followed_file_gives_the_same_rows_until_its_bytes_change()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File("rows.csv");
        int read = 0;
        FollowedFile file = new(path, Read, _ => { });
        Assert.Throws<FileNotFoundException>(file.Current);
        Write(ToCsv(Rows(3, 0)), hour: 1);
        DataSet first = file.Current();
        Assert.Same(first, file.Current());
        Write(ToCsv(Rows(3, 0)), hour: 2);
        Assert.Same(first, file.Current());
        Assert.Equal(1, read);

        Write("a,b,y\n1,2", hour: 3);
        Assert.Equal("row-width", Assert.Throws<DataException>(file.Current).Code);
        Assert.Equal("row-width", Assert.Throws<DataException>(file.Current).Code);
        File.Delete(path);
        Assert.Throws<FileNotFoundException>(file.Current);

        Write(ToCsv(Rows(3, 0)), hour: 4);
        Assert.Same(first, file.Current());
        Write(ToCsv(Rows(4, 0)), hour: 5);
        Assert.Equal(4, file.Current().Rows);

        DataSet Read(CsvSource source)
        {
            read++;
            return CsvTable.Read([source], new CsvOptions("y")).Data;
        }

        void Write(string text, int hour)
        {
            File.WriteAllText(path, text);
            File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 1, hour, 0, 0, DateTimeKind.Utc));
        }
    }

    private static async Task<double[][]> VectorsAsync(DataSetTrainer trainer, RoundAssignment assignment)
    {
        IRecordSource records = await trainer.OpenRecordsAsync(assignment, TestContext.Current.CancellationToken);
        double[][] vectors = [.. Enumerable.Range(0, records.Count).Select(_ => new double[assignment.Layout.Dimension])];
        for (int i = 0; i < vectors.Length; i++)
            records.Write(i, vectors[i]);
        return vectors;
    }

    private async Task<RoundAssignment> FirstTrainingAsync(TaskDefinition definition)
    {
        Identifier id = await consortium.CreateTaskAsync(definition);
        SecureFedClient client = ClientFor(0, id);
        TaskParameters task = await client.GetTaskParametersAsync();
        RoundParameters round = new(
            default, 1, RoundKind.Train, default, default, default, task.LayoutOf(RoundKind.Train), task.Cohort, task.Protection, task.NoiseOf(RoundKind.Train), default);
        return new RoundAssignment(task, round, await client.GetCurrentModelAsync());
    }

    private SecureFedClient ClientFor(int index, Identifier task) => consortium.ClientFor(
        index, task, o => o.Policy = consortium.Policy with { Models = [TaskModelKind.Logistic, TaskModelKind.Trees] });

    private static PrivacyDefinition NoiseOf(PrivacyUnit unit) => unit == PrivacyUnit.None ? PrivacyDefinition.None : new PrivacyDefinition
    {
        Unit = unit,
        Epsilon = 8,
        Delta = 1e-6,
        DataSet = Definitions.NewId(),
        ExpectedRecords = unit == PrivacyUnit.Record ? 200 : 0,
    };

    private static TaskDefinition Definition(PrivacyDefinition privacy, bool evaluates = true) => Definitions.Vector(rounds: 2) with
    {
        Name = "changing rows",
        Model = new ModelDefinition { Kind = TaskModelKind.Logistic, Features = [new("a", -10, 10), new("b", 0, 100)], Label = new("y", 0, 1), L2Penalty = 1 },
        Training = new TrainingDefinition
        {
            Optimizer = privacy.Unit == PrivacyUnit.Record ? ServerOptimizerKind.FedSgd : ServerOptimizerKind.FedAvg,
            LocalLearningRate = 0.1,
            BatchSize = 16,
            ClipNorm = 60,
            GreatestRows = Greatest,
            ScaleByBounds = true,
        },
        Schedule = new ScheduleDefinition { TrainRounds = 2, Evaluate = evaluates },
        Privacy = privacy,
    };

    private static string ToCsv(DataSet rows, bool header = true) => (header ? "a,b,y\n" : "") + string.Concat(Enumerable.Range(0, rows.Rows).Select(
        row => string.Create(CultureInfo.InvariantCulture, $"{rows.Row(row)[0]:R},{rows.Row(row)[1]:R},{rows.Labels[row]}\n")));

    private static DataSet Rows(int count, ulong client)
    {
        DeterministicSequence random = new(78, client);
        double[] features = new double[2 * count];
        double[] labels = new double[count];
        for (int row = 0; row < count; row++)
        {
            (features[2 * row], features[2 * row + 1]) = (random.NextUniform(-4, 4), random.NextUniform(0, 50));
            labels[row] = row % 2;
        }

        return DataSet.Create(["a", "b"], features, labels);
    }

    private sealed class Listener(List<RoundOutcome> outcomes, Action<RoundOutcome>? then = null) : IProgress<RoundOutcome>
    {
        public void Report(RoundOutcome value)
        {
            outcomes.Add(value);
            then?.Invoke(value);
        }
    }
}
