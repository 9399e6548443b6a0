using SecureFed.Learning.Data;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Training;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Tests;

public class RecordVectorsTests
{
    private static readonly DataSchema Schema = new([new("a", -6, 6), new("b", -7, 9)], new("y", 0, 1), LabelKind.Numeric);
    private static readonly DataSet Data = TrainingTests.Rows(40, 3);
    private static readonly GlobalModel Classifier = new(ModelKind.Logistic, [3, -2, 0.4]);
    private static readonly GlobalModel Regression = new(ModelKind.Linear, [0.3, -0.1, 0.2]);

    public static IRecordVectors[] All =>
    [
        new GradientRecords(Classifier, Data, 1),
        new MomentRecords(Data, Schema),
        new ClassificationRecords(Classifier, Data, LogitBins.Noised),
        new RegressionRecords(Regression, Data, Standardizer.Fit(Data, LabelKind.Numeric), Schema.Label),
    ];

    [Theory]
    [InlineData(ModelKind.Linear)]
    [InlineData(ModelKind.Logistic)]
    public void Row_gradients_add_up_to_the_gradient_of_all_rows_without_penalty(ModelKind kind)
    {
        var model = new GlobalModel(kind, [0.7, -1.2, 0.3]);
        double[] sum = RecordVectors.Sum(new GradientRecords(model, Data, 1), new GradientRecords(model, TrainingTests.Rows(25, 4), 1));
        double[] whole = LocalTrainer.FullGradient(model, DataSet.Concatenate(Data, TrainingTests.Rows(25, 4)), new Objective(kind, 0, 65));
        Assert.Equal(whole.Select(x => 65 * x), sum, (a, b) => Math.Abs(a - b) < 1e-11);
    }

    [Fact]
    public void Record_sgd_without_noise_is_central_gradient_descent_with_the_penalty()
    {
        var model = new GlobalModel(ModelKind.Logistic, [0.2, -0.1, 0.4]);
        double[] central = LocalTrainer.FullGradient(model, Data, new Objective(ModelKind.Logistic, 6, 40));
        var optimizer = new RecordSgd(new PlainRule(0.3), 40, 6.0 / 40);
        double[] next = optimizer.Step(model.Parameters, [], RecordVectors.Sum(new GradientRecords(model, Data, 1)), 5).Parameters;
        Assert.Equal(model.Parameters.ToArray().Zip(central, (x, g) => x - (0.3 * g)), next, (a, b) => Math.Abs(a - b) < 1e-14);
    }

    [Fact]
    public void Record_sgd_divides_by_the_public_size_whoever_survives()
    {
        var optimizer = new RecordSgd(new MomentumRule(0.5), 20, 0);
        ServerStep few = optimizer.Step([1, 2], [], [4, -8], 1);
        ServerStep many = optimizer.Step([1, 2], [], [4, -8], 9);
        Assert.Equal([0.9, 2.2], few.Parameters, (a, b) => Math.Abs(a - b) < 1e-15);
        Assert.Equal(few.Parameters, many.Parameters);
        Assert.Equal(few.State, many.State);
    }

    [Fact]
    public void Record_sgd_penalises_weights_but_not_the_intercept() =>
        Assert.Equal([0.8, 0.6, 1], new RecordSgd(new PlainRule(1), 20, 0.2).Step([1, 0.75, 1], [], new double[3], 1).Parameters, (a, b) => Math.Abs(a - b) < 1e-15);

    [Fact]
    public void Record_sgd_refuses_sizes_and_penalties_outside_their_range()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new RecordSgd(new PlainRule(1), 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RecordSgd(new PlainRule(1), double.NaN, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RecordSgd(new PlainRule(1), 1, -1));
        Assert.Throws<ArgumentException>(() => new RecordSgd(new PlainRule(1), 1, 0).Step([1, 2], [], [1, 2, 3], 1));
    }

    [Fact]
    public void The_gradient_of_a_row_has_the_layout_that_the_server_decodes_by()
    {
        VectorSegment segment = Assert.Single(new GradientRecords(Classifier, Data, 0.7).Layout.Segments);
        Assert.Equal(Assert.Single(new RecordSgd(new PlainRule(1), 1, 0).Layout(3, 0.7).Segments), segment);
        Assert.Equal((RecordSgd.Gradient, 3, 0.7), (segment.Name, segment.Length, segment.NormBound));
    }

    [Fact]
    public void Every_coordinate_of_every_row_is_written()
    {
        Assert.All(All, records =>
        {
            Assert.Equal(40, records.Count);
            Assert.All(Enumerable.Range(0, records.Count), record => Assert.All(RecordVectors.Write(records, record), x => Assert.True(double.IsFinite(x))));
        });
    }

    [Fact]
    public void Norm_bounds_other_than_the_clip_norm_hold_by_construction_at_the_corners_too()
    {
        DataSet corners = DataSet.Create(["a", "b"], [-6, -7, 6, 9, -6, 9], [0, 1, 1]);
        IRecordVectors[] bounded =
        [
            .. All.Skip(1),
            new MomentRecords(corners, Schema),
            new ClassificationRecords(new GlobalModel(ModelKind.Logistic, [90, -90, 0]), corners, LogitBins.Noised),
            new RegressionRecords(new GlobalModel(ModelKind.Linear, [90, -90, 0]), corners, Standardizer.Fit(corners, LabelKind.Numeric), Schema.Label),
        ];
        Assert.All(bounded, records => Assert.All(Enumerable.Range(0, records.Count), record =>
        {
            double[] vector = RecordVectors.Write(records, record);
            Assert.All(records.Layout.Segments, segment =>
                Assert.True(Math.Sqrt(records.Layout.Slice(vector.AsSpan(), segment.Name).ToArray().Sum(x => x * x)) <= segment.NormBound * (1 + 1e-15)));
        }));
    }

    [Fact]
    public void Writing_a_row_allocates_nothing()
    {
        Assert.All(All, records =>
        {
            var vector = new double[records.Layout.Dimension];
            records.Write(0, vector);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int record = 0; record < records.Count; record++)
            {
                records.Write(record, vector);
            }

            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        });
    }

    [Fact]
    public void A_vector_of_another_length_or_a_model_of_other_features_is_refused()
    {
        Assert.All(All, records => Assert.Throws<ArgumentException>(() => records.Write(0, new double[records.Layout.Dimension + 1])));
        Assert.Throws<ArgumentException>(() => new GradientRecords(GlobalModel.Zero(ModelKind.Logistic, 3), Data, 1));
        Assert.Throws<ArgumentException>(() => new ClassificationRecords(Regression, Data, LogitBins.Noised));
    }

    [Fact]
    public void A_value_beyond_its_public_bounds_counts_as_the_bound()
    {
        DataSet outside = DataSet.Create(["a", "b"], [0, 0, 6.5, 0], [0, 1]);
        MomentRecords records = new(outside, Schema);
        double[] vector = new double[records.Layout.Dimension];
        records.Write(1, vector);
        Assert.Equal(1, records.Layout.Slice(vector.AsSpan(), MomentVector.Means)[0]);
        Assert.Equal("schema-mismatch", Assert.Throws<DataException>(() => new MomentRecords(DataSet.Create(["a"], [0], [0]), Schema)).Code);
    }
}
