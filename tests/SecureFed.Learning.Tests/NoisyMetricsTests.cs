using SecureFed.Learning.Data;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Tests;

public class NoisyMetricsTests
{
    private static readonly DataSet Rows = TrainingTests.Rows(8_000, 21);
    private static readonly GlobalModel Classifier = new(ModelKind.Logistic, [1.6, 0.1, -0.5]);
    private static readonly FeatureSchema Label = new("y", -20, 30);
    private static readonly VectorLayout Layout = ClassificationRecords.LayoutOf(LogitBins.Noised);

    [Fact]
    public void Without_noise_64_bins_give_the_exact_metrics_and_an_area_within_a_thousandth()
    {
        NoisyMetrics secure = ClassificationRecords.Decode(CountsOf(Rows), [0, 0, 0], LogitBins.Noised);
        ModelMetrics exact = ModelEvaluation.Evaluate(Classifier, Rows, Standardizer.Identity(2, 8_000));
        Assert.Equal(exact.Auc!.Value, secure.Metrics.Auc!.Value, 0.001);
        Assert.Equal(exact.Loss, secure.Metrics.Loss, 1e-9);
        Assert.Equal(exact.Accuracy, secure.Metrics.Accuracy);
        Assert.Equal(8_000, secure.Metrics.Rows);
        Assert.Equal(new MetricErrors(0, 0, 0, 0, null, null), secure.StandardErrors);
    }

    [Fact]
    public void Noisy_metrics_are_unbiased_and_spread_as_they_say()
    {
        // 2,000 draws: the mean is known to 1/45 of the spread (4.5 of these allowed), the spread to 1.6 % (10 % allowed).
        double[] noise = [12, 15, 70];
        NoisyMetrics exact = ClassificationRecords.Decode(CountsOf(Rows), [0, 0, 0], LogitBins.Noised);
        NoisyMetrics[] draws = Draws(noise, 2_000);
        Assert.All(
            ((Func<ModelMetrics, double> Metric, Func<MetricErrors, double> Error)[])
            [
                (metrics => metrics.Auc!.Value, errors => errors.Auc!.Value),
                (metrics => metrics.Accuracy!.Value, errors => errors.Accuracy!.Value),
                (metrics => metrics.Loss, errors => errors.Loss),
                (metrics => metrics.Rows, errors => errors.Rows),
            ],
            check =>
            {
                (double mean, double deviation) = RecordVectors.Moments([.. draws.Select(draw => check.Metric(draw.Metrics))]);
                Assert.InRange(mean - check.Metric(exact.Metrics), -0.1 * deviation, 0.1 * deviation);
                Assert.InRange(draws.Average(draw => check.Error(draw.StandardErrors)) / deviation, 0.9, 1.1);
            });
    }

    [Fact]
    public void Setting_negative_counts_to_0_would_pull_the_area_towards_one_half()
    {
        double exact = ClassificationRecords.Decode(CountsOf(Rows), [0, 0, 0], LogitBins.Noised).Metrics.Auc!.Value;
        double[] sum = CountsOf(Rows);
        var random = new DeterministicSequence(5);
        double clamped = Enumerable.Range(0, 200).Average(_ =>
        {
            double[] noisy = RecordVectors.WithNoise(sum, Layout, [12, 0, 0], random);
            return HistogramAuc.From(noisy.AsSpan(0, 64), noisy.AsSpan(64, 64))!.Value;
        });
        double spread = Draws([12, 0, 0], 200).Average(draw => draw.StandardErrors.Auc!.Value);
        Assert.True(clamped < exact - (1.5 * spread), $"{clamped}, exact {exact}, spread {spread}");
    }

    [Fact]
    public void A_confidently_wrong_row_loses_no_more_than_the_limit()
    {
        DataSet wrong = DataSet.Create(["a", "b"], [50, 0], [0]);
        double[] vector = RecordVectors.Write(new ClassificationRecords(Classifier, wrong, LogitBins.Noised), 0);
        Assert.Equal([0, ClassificationRecords.LossLimit], vector[^2..]);
        Assert.Equal(1, vector[127]);
        Assert.Equal(1, vector[..128].Sum());
    }

    [Fact]
    public void A_class_that_is_not_told_from_noise_has_no_area_but_the_rows_have_an_accuracy()
    {
        double[] sum = CountsOf(DataSet.Create(["a", "b"], [.. Enumerable.Repeat(0.1, 2_000)], [.. Enumerable.Repeat(1.0, 1_000)]));
        NoisyMetrics decoded = ClassificationRecords.Decode(RecordVectors.WithNoise(sum, Layout, [5, 5, 5], new DeterministicSequence(8)), [5, 5, 5], LogitBins.Noised);
        Assert.Null(decoded.Metrics.Auc);
        Assert.Null(decoded.StandardErrors.Auc);
        Assert.NotNull(decoded.Metrics.Accuracy);
    }

    [Fact]
    public void Rows_that_are_not_told_from_0_are_refused()
    {
        double[] sum = CountsOf(TrainingTests.Rows(30, 1));
        Assert.Equal("no-weight", Assert.Throws<LearningException>(() => ClassificationRecords.Decode(sum, [1, 1, 1], LogitBins.Noised)).Code);
        Assert.Equal("no-weight", Assert.Throws<LearningException>(() => ClassificationRecords.Decode(new double[130], [0, 0, 0], LogitBins.Noised)).Code);
        Assert.Equal("no-weight", Assert.Throws<LearningException>(() => RegressionRecords.Decode([1, 1, 1, 20], [1, 10], Label)).Code);
    }

    [Fact]
    public void Bins_of_any_number_share_the_range_evenly()
    {
        Assert.Equal([0, 0, 31, 32, 63, 63], ((double[])[-9, -8, -0.01, 0, 7.9, double.MaxValue]).Select(LogitBins.Noised.Of));
        Assert.All(Enumerable.Range(0, 1024), bin => Assert.Equal(bin, LogitBins.Exact.Of(((bin + 0.5) / 32) - 16)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LogitBins(1, 8));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LogitBins(64, 0));
    }

    [Fact]
    public void Regression_metrics_without_noise_are_exact()
    {
        (DataSet data, Standardizer standardizer, GlobalModel model) = Line(500);
        ModelMetrics exact = ModelEvaluation.Evaluate(model, data, standardizer);
        ModelMetrics secure = RegressionRecords.Decode(RecordVectors.Sum(new RegressionRecords(model, data, standardizer, Label)), [0, 0], Label).Metrics;
        Assert.Equal(exact.Rmse!.Value, secure.Rmse!.Value, 1e-9);
        Assert.Equal(exact.R2!.Value, secure.R2!.Value, 1e-9);
        Assert.Equal(500, secure.Rows);
    }

    [Fact]
    public void Noisy_regression_metrics_spread_as_they_say()
    {
        (DataSet data, Standardizer standardizer, GlobalModel model) = Line(4_000);
        double[] sum = RecordVectors.Sum(new RegressionRecords(model, data, standardizer, Label));
        var random = new DeterministicSequence(4);
        NoisyMetrics[] draws =
        [
            .. Enumerable.Range(0, 2_000).Select(_ =>
                RegressionRecords.Decode(RecordVectors.WithNoise(sum, RegressionRecords.LayoutOf(), [4, 8], random), [4, 8], Label)),
        ];
        Assert.InRange(draws.Average(draw => draw.StandardErrors.Rmse!.Value) / RecordVectors.Moments([.. draws.Select(draw => draw.Metrics.Rmse!.Value)]).Deviation, 0.9, 1.1);
        Assert.InRange(draws.Average(draw => draw.StandardErrors.R2!.Value) / RecordVectors.Moments([.. draws.Select(draw => draw.Metrics.R2!.Value)]).Deviation, 0.9, 1.1);
    }

    [Fact]
    public void Noise_below_a_small_error_gives_neither_a_negative_loss_nor_NaN()
    {
        NoisyMetrics decoded = RegressionRecords.Decode([-3, 0, 400, 1000], [5, 5], Label);
        Assert.Equal((0.0, 0.0), (decoded.Metrics.Loss, decoded.Metrics.Rmse!.Value));
        Assert.Equal(Math.Sqrt(decoded.StandardErrors.Loss), decoded.StandardErrors.Rmse!.Value);
        Assert.Equal(1.0, decoded.Metrics.R2);
        Assert.Null(RegressionRecords.Decode([30, 0, 10, 1000], [5, 5], Label).Metrics.R2);
    }

    private static double[] CountsOf(DataSet data) => RecordVectors.Sum(new ClassificationRecords(Classifier, data, LogitBins.Noised));

    private static NoisyMetrics[] Draws(double[] noise, int count)
    {
        double[] sum = CountsOf(Rows);
        var random = new DeterministicSequence(17);
        return [.. Enumerable.Range(0, count).Select(_ => ClassificationRecords.Decode(RecordVectors.WithNoise(sum, Layout, noise, random), noise, LogitBins.Noised))];
    }

    private static (DataSet Data, Standardizer Standardizer, GlobalModel Model) Line(int rows)
    {
        var random = new DeterministicSequence(2);
        double[] x = [.. Enumerable.Range(0, rows).Select(_ => random.NextUniform(-5, 5))];
        DataSet data = DataSet.Create(["x"], x, [.. x.Select(value => (2 * value) + random.NextGaussian(0, 2))]);
        return (data, Standardizer.Fit(data, LabelKind.Numeric), new GlobalModel(ModelKind.Linear, [0.8, 0.02]));
    }
}
