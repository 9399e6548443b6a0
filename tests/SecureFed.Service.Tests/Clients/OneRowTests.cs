using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Cryptography.Randomness;
using SecureFed.Learning.Data;
using SecureFed.Learning.Explanation;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Vectors;
using SecureFed.Privacy.Budget;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Service.Tests.Clients;

/// <summary>A server chooses bounds, model and standardisation. None of them may make one row decide whether its client speaks or falls silent: silence is not noised.</summary>
public sealed class OneRowTests
{
    private const double Outlier = 90;

    [Theory]
    [InlineData(RoundKind.Standardise)]
    [InlineData(RoundKind.Train)]
    [InlineData(RoundKind.Evaluate)]
    [InlineData(RoundKind.Explain)]
    public async Task One_row_does_not_decide_whether_its_client_takes_part(RoundKind kind)
    {
        DataSet without = DataSet.Create(["x"], [1, 2, 3, 4], [0, 1, 0, 1]);
        DataSet with = DataSet.Concatenate(without, DataSet.Create(["x"], [Outlier], [1]));

        Assert.Null(await Record.ExceptionAsync(() => PrepareAsync(without, kind)));
        Assert.Null(await Record.ExceptionAsync(() => PrepareAsync(with, kind)));
    }

    /// <summary>An operator who leaves a category out of the task would else be told by a client's silence that somebody has it, for no budget.</summary>
    [Theory]
    [InlineData(",1")]
    [InlineData("secret,1")]
    [InlineData("1e999,1")]
    [InlineData("2,")]
    public void A_row_that_the_task_has_no_place_for_is_left_out_where_there_is_noise_and_refused_where_there_is_none(string row)
    {
        TaskParameters task = HostileTask();
        List<DataException> leftOut = [];
        Assert.Equal(2, TaskRows.Read(File(row), task, leftOut: leftOut.Add).Rows);
        Assert.Equal(3, Assert.Single(leftOut).Row);
        Assert.Equal(2, TaskRows.Read(File(row), task).Rows);
        Assert.Equal(3, Assert.Throws<DataException>(() => TaskRows.Read(File(row), task with { Privacy = PrivacySpecification.None })).Row);

        static CsvSource[] File(string row) => [new CsvSource("rows.csv", new StringReader($"x,y\n1,0\n{row}\n3,1\n"))];
    }

    /// <summary>All that a client does with its rows before its first message of the round.</summary>
    private static async Task PrepareAsync(DataSet rows, RoundKind kind)
    {
        TaskParameters task = HostileTask();
        RoundParameters round = new(
            default, 1, kind, default, default, default, task.LayoutOf(kind), task.Cohort, task.Protection, task.NoiseOf(kind), default);

        // [mean x, mean label | scale x, scale label | rows]: x/10⁻³⁰⁷ is finite up to 17.9, the outlier's is not.
        ModelState model = new([0, 0], kind == RoundKind.Standardise ? [] : [0, 0, 1e-307, 1, 100], [], 0, [], 0, [], []);
        IRecordSource records = await new DataSetTrainer(rows, 1).OpenRecordsAsync(new RoundAssignment(task, round, model), TestContext.Current.CancellationToken);
        new UpdatePipeline(OperatingSystemRandomSource.Instance).Quantize(round.Layout, records, task.Privacy.SamplingRateOf(kind), out _);
    }

    /// <summary>Bounds that the server chose between the outlier and the rest; accepted by every client that reads it.</summary>
    private static TaskParameters HostileTask()
    {
        FeatureSchema x = new("x", 0, 50);
        FeatureSchema label = new("y", 0, 1);
        DataSchema schema = new([x], label, LabelKind.Binary);
        NoisePlan plan = NoisePlan.For([new("Train", 1, 1, 0.4), new("Standardise", 1, 1, 0.3), new("Evaluate", 1, 1, 0.2), new("Explain", 1, 1, 0.1)], 4, 1e-5);
        TaskParameters task = new(
            Identifier.Random(OperatingSystemRandomSource.Instance),
            "bounds as questions",
            new ModelSpecification(TaskModelKind.Logistic, 2, [new("x", x.LowerBound, x.UpperBound)], new("y", 0, 1), 0),
            new TrainingSpecification(ServerOptimizerKind.FedSgd, 1, LocalOptimizerKind.Sgd, 0.1, 1e-8, 1, 1, 1, 1, 100),
            new TaskSchedule(true, 1, true, 1000, Explain: true),
            [
                ShapeOf(RoundKind.Standardise, MomentVector.Layout(schema)),
                ShapeOf(RoundKind.Train, new VectorLayout(new VectorSegment(RecordSgd.Gradient, 2, 1))),
                ShapeOf(RoundKind.Evaluate, ClassificationRecords.LayoutOf(LogitBins.Noised)),
                ShapeOf(RoundKind.Explain, new ExplanationPlan(schema, ModelKind.Logistic, isLinear: true, isRecordLevel: true, []).Layout),
            ],
            new CohortBounds(5, 5, 5, 1, ExactDecimal.From(0.1m), ExactDecimal.From(0.1m), ServerClass.Malicious),
            new PhaseDeadlines(1000, 1000, 100),
            ProtectionKind.Masking,
            32,
            new PrivacySpecification(
                PrivacyUnit.Record,
                4,
                1e-5,
                plan.Cap.Order,
                1,
                100,
                "",
                [.. plan.Releases.Select(r => new ReleaseSpecification(Enum.Parse<RoundKind>(r.Release.Name), r.NoiseMultiplier, r.Units)).OrderBy(r => r.Kind)]),
            Explanation: ExplanationSpecification.Plain);
        Assert.True(TaskParameters.TryDecode(task.Encode(), out _));
        return task;
    }

    private static RoundShape ShapeOf(RoundKind kind, VectorLayout layout) =>
        new(kind, [.. layout.Segments.Select(s => new SegmentShape(s.Name, s.Length, s.NormBound))]);
}
