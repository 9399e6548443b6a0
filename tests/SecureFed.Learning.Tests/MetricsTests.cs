using FsCheck;
using FsCheck.Fluent;
using SecureFed.Learning.Data;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;

namespace SecureFed.Learning.Tests;

public class MetricsTests
{
    [Fact]
    public void Exact_area_agrees_with_counting_all_pairs_ties_included() => Prop.ForAll(
        Gen.Choose(0, 6).Select(score => (double)score).Zip(Gen.Elements(0.0, 1.0)).ListOf(30).ToArbitrary(),
        rows =>
        {
            double[] scores = [.. rows.Select(row => row.Item1), 3, 3];
            double[] labels = [.. rows.Select(row => row.Item2), 0, 1];
            return Math.Abs(RocAuc.Exact(scores, labels) - ByPairs(scores, labels)) < 1e-12;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_area_needs_both_classes() =>
        Assert.Equal("one-class-only", Assert.Throws<DataException>(() => RocAuc.Exact([1, 2], [1, 1])).Code);

    [Fact]
    public void The_histogram_area_is_never_further_off_than_its_bound() => Prop.ForAll(
        Gen.Choose(-2_000_000, 2_000_000).Select(x => x / 100_000.0).Zip(Gen.Elements(0.0, 1.0)).ListOf(40).ToArbitrary(),
        rows =>
        {
            double[] scores = [.. rows.Select(row => row.Item1), 0.001, 0.002];
            double[] labels = [.. rows.Select(row => row.Item2), 0, 1];
            HistogramAuc auc = Histogram(scores, labels);
            return Math.Abs(auc.Value - RocAuc.Exact(scores, labels)) <= auc.ErrorBound + 1e-12;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("normal", 1, 0.5)]
    [InlineData("narrow", 0.25, 0.1)]
    [InlineData("clipped on both sides", 7, 28)]
    [InlineData("rare positives", 1, 2)]
    [InlineData("tied", 1, 1)]
    public void The_histogram_area_is_within_a_thousandth_on_hard_shapes(string shape, double deviation, double shift)
    {
        var random = new DeterministicSequence(3);
        double rate = shape == "rare positives" ? 0.002 : 0.3;
        double[] labels = [.. Enumerable.Range(0, 20_000).Select(_ => random.NextBoolean(rate) ? 1.0 : 0.0)];
        double[] scores = [.. labels.Select(label => random.NextGaussian(-shift / 2, deviation) + (label * shift))];
        scores = shape == "tied" ? [.. scores.Select(score => Math.Round(score))] : scores;
        Assert.Equal(RocAuc.Exact(scores, labels), Histogram(scores, labels).Value, 0.001);
    }

    [Fact]
    public void A_model_that_has_not_learned_yet_has_area_one_half() => Assert.Equal(0.5, Histogram(new double[10], [0, 1, 1, 0, 0, 0, 1, 1, 1, 1]).Value);

    [Fact]
    public void Rows_squeezed_into_one_bin_are_not_resolved_and_the_bound_says_so()
    {
        HistogramAuc auc = Histogram([0.010, 0.011, 0.012, 0.013], [0, 0, 1, 1]);
        Assert.Equal((0.5, 0.5), (auc.Value, auc.ErrorBound));
    }

    [Fact]
    public void Both_classes_beyond_one_limit_are_not_resolved_and_the_bound_says_so()
    {
        HistogramAuc auc = Histogram([17, 18, 19, 20, -5], [0, 0, 1, 1, 0]);
        Assert.Equal(2.0 / 3, auc.Value, 1e-12);
        Assert.Equal(1.0 / 3, auc.ErrorBound, 1e-12);
    }

    [Theory]
    [InlineData(-1e300, 0)]
    [InlineData(-16, 0)]
    [InlineData(-15.97, 0)]
    [InlineData(0, HistogramAuc.Bins / 2)]
    [InlineData(15.999, HistogramAuc.Bins - 1)]
    [InlineData(1e300, HistogramAuc.Bins - 1)]
    public void Logits_fall_into_their_bin(double logit, int bin) => Assert.Equal(bin, HistogramAuc.BinOf(logit));

    [Fact]
    public void Evaluation_of_one_class_has_no_area_but_a_loss()
    {
        DataSet data = DataSet.Create(["x"], [1, 2], [1, 1]);
        var model = new GlobalModel(ModelKind.Logistic, [1, 0]);
        (ModelMetrics metrics, HistogramAuc? auc) = ClassificationCounts.Decode(ClassificationCounts.Create(model, data, 5), 5);
        Assert.Null(auc);
        Assert.Null(metrics.Auc);
        Assert.Equal(1.0, metrics.Accuracy);
        Assert.Equal(0.22009, metrics.Loss, 0.002);
    }

    [Fact]
    public void Evaluation_counts_are_whole_numbers_within_their_segments()
    {
        DataSet data = TrainingTests.Rows(50, 9);
        double[] vector = ClassificationCounts.Create(new GlobalModel(ModelKind.Logistic, [500, -300, 10]), data, 50);
        Assert.All(vector, x => Assert.Equal(Math.Round(x), x));
        var layout = ClassificationCounts.Layout(50);
        Assert.All(layout.Segments, segment =>
        {
            Assert.True(segment.IntegerValued);
            Assert.True(Math.Sqrt(layout.Slice(vector.AsSpan(), segment.Name).ToArray().Sum(x => x * x)) <= segment.NormBound);
        });
    }

    [Fact]
    public void An_evaluation_without_rows_is_refused()
    {
        Assert.Equal("no-weight", Assert.Throws<LearningException>(() => ClassificationCounts.Decode(new double[(2 * HistogramAuc.Bins) + 3], 5)).Code);
        Assert.Equal("no-weight", Assert.Throws<LearningException>(() => RegressionSums.Decode(new double[4], new("y", 0, 1), 5)).Code);
    }

    [Fact]
    public void Regression_sums_give_the_exact_error_in_the_labels_unit()
    {
        DataSet[] clients = [Line(30, 1), Line(50, 2)];
        DataSet all = DataSet.Concatenate(clients);
        var standardizer = Standardizer.Fit(all, LabelKind.Numeric);
        var model = new GlobalModel(ModelKind.Linear, [0.8, 0.05]);
        var label = new FeatureSchema("y", -100, 300);
        ModelMetrics exact = ModelEvaluation.Evaluate(model, all, standardizer);
        double[] sum = FederatedSimulation.Sum(clients.Select(client => RegressionSums.Create(model, client, standardizer, label, 60)));
        ModelMetrics secure = RegressionSums.Decode(sum, label, 60);
        Assert.Equal(exact.Rmse!.Value, secure.Rmse!.Value, 1e-9);
        Assert.Equal(exact.R2!.Value, secure.R2!.Value, 1e-9);
        Assert.Equal(80, secure.Rows);
        Assert.InRange(exact.R2.Value, 0.8, 0.999);
    }

    private static DataSet Line(int rows, ulong seed)
    {
        var random = new DeterministicSequence(seed);
        double[] x = [.. Enumerable.Range(0, rows).Select(_ => random.NextUniform(0, 20))];
        return DataSet.Create(["x"], x, [.. x.Select(value => 10 + (5 * value) + random.NextGaussian())]);
    }

    private static HistogramAuc Histogram(double[] scores, double[] labels)
    {
        var positives = new double[HistogramAuc.Bins];
        var negatives = new double[HistogramAuc.Bins];
        for (int row = 0; row < scores.Length; row++)
        {
            (labels[row] is 1 ? positives : negatives)[HistogramAuc.BinOf(scores[row])]++;
        }

        return HistogramAuc.From(positives, negatives)!;
    }

    private static double ByPairs(double[] scores, double[] labels)
    {
        double won = 0;
        double pairs = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            for (int j = 0; j < scores.Length; j++)
            {
                if (labels[i] is 1 && labels[j] is 0)
                {
                    pairs++;
                    won += scores[i] > scores[j] ? 1 : scores[i].Equals(scores[j]) ? 0.5 : 0;
                }
            }
        }

        return won / pairs;
    }
}
