using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SecureFed.Client;
using SecureFed.Client.Ledger;
using SecureFed.Client.Rounds;
using SecureFed.Learning;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;
using Repository = SecureFed.Service.Tests.Documents.Repository;

namespace SecureFed.Service.Tests.Examples;

/// <summary>What TRAINERS.md shows is compiled here letter by letter, and does over the real service what the guide says.</summary>
public sealed partial class TrainerGuideTests(TestConsortium consortium)
{
    private const string Guide = "src/SecureFed.Client/TRAINERS.md";
    private const int Clients = 3;

    /// <summary>Dobson (1990), page 93, a randomised controlled trial: counts by outcome (1, 2, 3 in turn) and treatment (three rows each), as in the example of R's <c>glm</c>.</summary>
    private static readonly double[] Counts = [18, 17, 15, 20, 10, 20, 25, 13, 12];

    /// <summary>Intercept, outcome 2, outcome 3, treatment 2, treatment 3 as R prints them; in closed form ln 21, ln(40/63), ln(47/63), 0, 0.</summary>
    private static readonly double[] Published = [3.0445, -0.4543, -0.2930, 0, 0];

    private static readonly double[][] Features = [.. Enumerable.Range(0, 9).Select(i => new double[] { 1, i % 3 == 1 ? 1 : 0, i % 3 == 2 ? 1 : 0, i / 3 == 1 ? 1 : 0, i / 3 == 2 ? 1 : 0 })];

    [Theory]
    [InlineData("GradientTrainer")]
    [InlineData("PoissonModel")]
    [InlineData("LocalFitTrainer")]
    public void The_guide_shows_the_programs_that_are_compiled_here(string program) =>
        Assert.Contains($"```csharp\n{Repository.Read($"tests/SecureFed.Service.Tests/Examples/{program}.cs")}```\n", Repository.Read(Guide), StringComparison.Ordinal);

    /// <summary>With FedAvg by a weight for each client's rows, with FedSGD by clients of equally many: one treatment each, as different as clients can be.</summary>
    [Theory]
    [InlineData(ServerOptimizerKind.FedAvg, new[] { 4, 3, 2 })]
    [InlineData(ServerOptimizerKind.FedSgd, new[] { 3, 3, 3 })]
    public async Task An_own_model_reaches_the_published_central_fit(ServerOptimizerKind optimizer, int[] rows)
    {
        TaskDefinition definition = ReadDefinition();
        if (optimizer == ServerOptimizerKind.FedSgd)
            definition = definition with { Training = new TrainingDefinition { Optimizer = optimizer, ServerLearningRate = 0.08, ClipNorm = 25 } };
        Identifier task = await consortium.CreateTaskAsync(definition);
        int[] starts = [0, rows[0], rows[0] + rows[1]];
        Capturing[] trainers = [.. rows.Select((n, i) => new Capturing(new GradientTrainer(n, PoissonModel.On(Features[starts[i]..(starts[i] + n)], Counts[starts[i]..(starts[i] + n)]))))];
        ModelState[] models = await Task.WhenAll(trainers.Select((trainer, i) => consortium.ClientFor(i, task).RunAsync(trainer)));
        Assert.All(models, model => Assert.Equal(models[0].Result, model.Result));
        for (int j = 0; j < Published.Length; j++)
            Assert.Equal(Published[j], models[0].Result[j], 0.003);
        Assert.Equal(Enumerable.Range(1, definition.Schedule.TrainRounds), trainers[0].Seen.Select(a => a.TrainRound));
    }

    [Fact]
    public async Task At_record_level_an_own_model_learns_under_noise_and_a_broken_record_counts_as_zero()
    {
        const int records = 2000;
        double[] drawnWith = [0.5, 0.8, -0.4, 0.2, 0];
        Identifier task = await consortium.CreateTaskAsync(ReadDefinition("record"));
        List<RoundOutcome>[] seen = [[], [], []];
        IPrivacyLedger[] ledgers = [new MemoryPrivacyLedger(), new MemoryPrivacyLedger(), new MemoryPrivacyLedger()];
        Capturing[] trainers = [.. Enumerable.Range(0, Clients).Select(i =>
        {
            (double[][] features, double[] counts) = Draw(drawnWith, records, (ulong)i);
            Func<double[], RecordGradient> open = PoissonModel.On(features, counts);
            return new Capturing(new GradientTrainer(records, i > 0 ? open : parameters => Break(open(parameters))));
        })];
        ModelState[] models = await Task.WhenAll(trainers.Select((trainer, i) =>
            consortium.ClientFor(i, task, options => options.Ledger = ledgers[i]).RunAsync(trainer, new Listener(seen[i]))));

        Assert.All(seen, outcomes => Assert.Equal(24, outcomes.Count));
        Assert.All(seen.SelectMany(o => o), outcome => Assert.Equal((RoundStatus.Contributed, Clients, null), (outcome.Status, outcome.Survivors, outcome.Fault)));
        Assert.All(seen[0], outcome => Assert.Equal(2, outcome.ZeroedRecords));
        Assert.All(seen[1].Concat(seen[2]), outcome => Assert.Equal(0, outcome.ZeroedRecords));
        foreach (IPrivacyLedger ledger in ledgers)
        {
            TaskSpending cost = Assert.Single(await ledger.ReadAsync(TestContext.Current.CancellationToken));
            Assert.Equal((task, PrivacyUnit.Record, 24), (cost.TaskId, cost.Unit, cost.Rounds));
            Assert.InRange(cost.Epsilon, 3.8, 4);
        }

        // Counts of 6000 rows tell θ to about 0.015, and the noise of the mean of 12 models is about as large: 0.12 is far from both.
        for (int j = 0; j < drawnWith.Length; j++)
            Assert.Equal(drawnWith[j], models[0].Result[j], 0.12);
        Assert.Throws<InvalidOperationException>(() => trainers[0].Seen[0].CreateVector(new double[5], 1));
    }

    [Fact]
    public async Task A_local_fit_counts_by_its_rows()
    {
        double[][] fits = [[1, -2], [3, 0], [-1, 5]];
        int[] rows = [1, 2, 5];
        ModelState model = await RunLinearAsync(trainRounds: 1, [.. fits.Select((fit, i) => new LocalFitTrainer(rows[i], _ => fit))]);
        Assert.Equal((1 * 1 + 2 * 3 + 5 * -1) / 8.0, model.Result[0], 1e-6);
        Assert.Equal((1 * -2 + 2 * 0 + 5 * 5) / 8.0, model.Result[1], 1e-6);
    }

    /// <summary>The guide's way to several rounds with a library that cannot start from given weights: it fits what the global model leaves over.</summary>
    [Fact]
    public async Task Local_fits_of_what_the_global_model_leaves_over_reach_the_central_fit()
    {
        (double X, double Y)[][] clients = [.. Enumerable.Range(0, Clients).Select(i => DrawLine(10 * (i + 1), (ulong)i))];
        ModelState model = await RunLinearAsync(trainRounds: 12, [.. clients.Select(rows => new LocalFitTrainer(rows.Length, global =>
        {
            double[] rest = Ridge([.. rows.Select(r => (r.X, r.Y - (global[0] * r.X) - global[1]))], penalty: 0.5);
            return [global[0] + rest[0], global[1] + rest[1]];
        }))]);
        double[] central = Ridge([.. clients.SelectMany(rows => rows)], penalty: 0);
        Assert.Equal(central[0], model.Result[0], 0.02);
        Assert.Equal(central[1], model.Result[1], 0.02);
    }

    [Fact]
    public async Task One_update_becomes_the_vector_that_the_round_asks_for_or_says_why_not()
    {
        Capturing[] trainers = [.. Enumerable.Range(0, Clients).Select(i => new Capturing(new LocalFitTrainer(2, _ => [1, 1])))];
        await RunLinearAsync(trainRounds: 1, trainers);
        RoundAssignment assignment = trainers[0].Seen[0];
        Assert.Equal([0.125 * 2, 0.125 * -3, 0.125], assignment.CreateVector([2, -3], rows: 1));
        Assert.Throws<ArgumentException>(() => assignment.CreateVector([2], rows: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => assignment.CreateVector([2, -3], rows: 0));
        Assert.Contains("1 to 8 rows", Assert.Throws<ArgumentOutOfRangeException>(() => assignment.CreateVector([2, -3], rows: 9)).Message, StringComparison.Ordinal);
    }

    /// <summary>Also where updates are computed ahead of the round: silence would tell something, and carries no noise.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task With_noise_a_trainer_that_throws_takes_part_with_a_zero_vector(int staleness)
    {
        TaskDefinition definition = Definitions.Noisy(length: 2);
        Identifier task = await consortium.CreateTaskAsync(definition with
        {
            Schedule = definition.Schedule with { WaitForClients = staleness > 0, GreatestStaleness = staleness },
        });
        List<RoundOutcome>[] seen = [[], [], []];
        Task<ModelState>[] runs = [.. Enumerable.Range(0, Clients).Select(i => consortium.ClientFor(i, task).RunAsync(
            new GradientTrainer(1, _ => i > 0 ? (_, gradient) => gradient.Fill(0.1) : throw new InvalidOperationException("a bug")), new Listener(seen[i])))];
        await foreach (Task ended in Task.WhenEach(runs))
            await ended; // The first that fails ends the test: the others would wait for it.
        RoundOutcome broken = Assert.Single(seen[0], o => o.Status == RoundStatus.Contributed);
        Assert.Equal("a bug", broken.Fault?.Message);
        Assert.All(broken.Quantized.ToArray(), v => Assert.Equal(0, v));
        Assert.Null(Assert.Single(seen[1], o => o.Status == RoundStatus.Contributed).Fault);
    }

    private async Task<ModelState> RunLinearAsync(int trainRounds, ILocalTrainer[] trainers)
    {
        TaskDefinition definition = Definitions.Vector(length: 2, rounds: trainRounds);
        Identifier task = await consortium.CreateTaskAsync(definition with { Training = new TrainingDefinition { ClipNorm = 100, GreatestRows = trainRounds > 1 ? 30 : 8 } });
        return (await Task.WhenAll(trainers.Select((trainer, i) => consortium.ClientFor(i, task).RunAsync(trainer))))[0];
    }

    /// <summary>The guide's definition as it stands there, under an identifier of its own; with the members of a further block in place of its own.</summary>
    private static TaskDefinition ReadDefinition(string? instead = null)
    {
        JsonObject[] blocks = [.. JsonBlock().Matches(Repository.Read(Guide)).Select(m => JsonNode.Parse(m.Groups["json"].Value)!.AsObject())];
        JsonObject definition = blocks.Single(b => b.ContainsKey("taskId"));
        if (instead is not null)
        {
            JsonObject further = blocks.Single(b => string.Equals(b["privacy"]?["unit"]?.GetValue<string>(), instead, StringComparison.Ordinal) && !b.ContainsKey("taskId"));
            foreach ((string name, JsonNode? value) in further)
                definition[name] = value?.DeepClone();
            definition["privacy"]!["dataSet"] = Definitions.NewId();
        }

        return definition.Deserialize<TaskDefinition>(ResourceJson.Options)! with { TaskId = Definitions.NewId() };
    }

    /// <summary>Record 3 throws and record 5 is no number.</summary>
    private static RecordGradient Break(RecordGradient gradientOf) => (record, gradient) =>
    {
        if (record == 3)
            throw new FormatException("a row without a count");
        gradientOf(record, gradient);
        if (record == 5)
            gradient[1] = double.NaN;
    };

    private static (double[][] Features, double[] Counts) Draw(double[] parameters, int records, ulong client)
    {
        DeterministicSequence random = new(1990, client);
        double[][] features = new double[records][];
        double[] counts = new double[records];
        for (int record = 0; record < records; record++)
        {
            features[record] = [1, .. Enumerable.Range(1, parameters.Length - 1).Select(_ => (2 * random.NextDouble()) - 1)];
            double mean = Math.Exp(features[record].Zip(parameters, (x, theta) => x * theta).Sum());

            // Inversion: the count is the first whose distribution function exceeds u.
            double u = random.NextDouble();
            double probability = Math.Exp(-mean);
            for (double sum = probability; u > sum && counts[record] < 100; sum += probability)
                probability *= mean / ++counts[record];
        }

        return (features, counts);
    }

    private static (double X, double Y)[] DrawLine(int rows, ulong client)
    {
        DeterministicSequence random = new(12, client);
        return [.. Enumerable.Range(0, rows).Select(_ =>
        {
            double x = (2 * random.NextDouble()) - 1;
            return (x, (1.5 * x) - 2 + (0.2 * (random.NextDouble() - 0.5)));
        })];
    }

    /// <summary>Slope and intercept that minimise the mean squared error and penalty·(slope² + intercept²).</summary>
    private static double[] Ridge((double X, double Y)[] rows, double penalty)
    {
        double xx = rows.Average(r => r.X * r.X) + penalty;
        double x = rows.Average(r => r.X);
        double one = 1 + penalty;
        double xy = rows.Average(r => r.X * r.Y);
        double y = rows.Average(r => r.Y);
        double determinant = (xx * one) - (x * x);
        return [((one * xy) - (x * y)) / determinant, ((xx * y) - (x * xy)) / determinant];
    }

    [GeneratedRegex("```json\n(?<json>.*?)```", RegexOptions.Singleline)]
    private static partial Regex JsonBlock();

    private sealed class Listener(List<RoundOutcome> seen) : IProgress<RoundOutcome>
    {
        public void Report(RoundOutcome value) => seen.Add(value);
    }

    /// <summary>Remembers what rounds asked for.</summary>
    private sealed class Capturing(ILocalTrainer inner) : ILocalTrainer, IRecordTrainer
    {
        public List<RoundAssignment> Seen { get; } = [];

        public ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default)
        {
            Seen.Add(assignment);
            return inner.ComputeAsync(assignment, cancellationToken);
        }

        public ValueTask<IRecordSource> OpenRecordsAsync(RoundAssignment assignment, CancellationToken cancellationToken = default)
        {
            Seen.Add(assignment);
            return ((IRecordTrainer)inner).OpenRecordsAsync(assignment, cancellationToken);
        }
    }
}
