using SecureFed.Learning.Data;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Tests;

public class MulticlassMetricsTests
{
    private static readonly GlobalModel Classifier = new(LayeredModel.Softmax(2, 3), [1.5, 0, -1, 1, 0, -2, 0.2, 0, -0.1]);

    [Theory]
    [InlineData(3)]
    [InlineData(40)]
    public void Federated_metrics_equal_the_exact_ones(int classes)
    {
        GlobalModel model = ModelOf(classes);
        DataSet[] clients = [Rows(100, classes, 1), Rows(30, classes, 2), Rows(70, classes, 3)];
        double[] sum = FederatedSimulation.Sum(clients.Select(client => MulticlassCounts.Create(model, client, 100)));
        (ModelMetrics metrics, ClassCounts counts) = MulticlassCounts.Decode(sum, classes, 100);
        var all = DataSet.Concatenate(clients);
        ModelMetrics exact = ModelEvaluation.Evaluate(model, all, Standardizer.Identity(2, 200));
        Assert.Equal(200, metrics.Rows);
        Assert.Equal(exact.Accuracy, metrics.Accuracy);
        Assert.Equal(exact.Loss, metrics.Loss, 0.5 / 256 * 3 / 200);
        Assert.Equal([.. Enumerable.Range(0, classes).Select(k => (long)all.Labels.ToArray().Count(label => label.Equals(k)))], counts.Rows);
        Assert.Equal(classes <= MulticlassCounts.GreatestConfusion, counts.Confusion is not null);
        Assert.Equal(exact.Accuracy!.Value * 200, counts.Correct.Sum(), 1e-9);
    }

    [Fact]
    public void A_client_without_rows_of_a_class_counts_zero_in_it()
    {
        DataSet data = DataSet.Create(["a", "b"], [1, 0, 2, 0], [0, 0]);
        (ModelMetrics metrics, ClassCounts counts) = MulticlassCounts.Decode(MulticlassCounts.Create(Classifier, data, 5), 3, 5);
        Assert.Equal([2, 0, 0], counts.Rows);
        Assert.Equal(1, metrics.Accuracy);
        Assert.Equal([2, 0, 0], counts.Confusion![0]);
        Assert.Equal("no-weight", Assert.Throws<LearningException>(() => MulticlassCounts.Decode(new double[10], 3, 5)).Code);
    }

    [Fact]
    public void Vectors_of_clients_and_rows_keep_their_bounds_even_where_the_model_is_absurd()
    {
        GlobalModel absurd = new(LayeredModel.Softmax(2, 3), [500, -800, 90, 1e4, -3e4, 2, 9, -700, 1e5]);
        DataSet data = Rows(50, 3, 4);
        VectorLayout counts = MulticlassCounts.Layout(3, 50);
        Check(counts, MulticlassCounts.Create(absurd, data, 50));
        var records = new MulticlassRecords(absurd, data);
        var vector = new double[records.Layout.Dimension];
        for (int record = 0; record < records.Count; record++)
        {
            records.Write(record, vector);
            Check(records.Layout, vector);
        }
    }

    [Fact]
    public void Record_level_metrics_without_noise_equal_the_exact_ones()
    {
        DataSet data = Rows(300, 3, 5);
        NoisyMetrics noisy = Decode(data, 0, 1);
        ModelMetrics exact = ModelEvaluation.Evaluate(Classifier, data, Standardizer.Identity(2, 300));
        Assert.Equal(exact.Accuracy!.Value, noisy.Metrics.Accuracy!.Value, 1e-12);
        Assert.InRange(noisy.Metrics.Loss, exact.Loss - 0.05, exact.Loss);
        Assert.Equal(300, noisy.Metrics.Rows);
        Assert.Equal(0, noisy.StandardErrors.Loss);
    }

    [Fact]
    public void Noisy_metrics_lie_within_five_of_their_stated_errors()
    {
        // Five standard errors, twenty times two metrics: a false alarm in 40,000 runs; the seeds are fixed.
        DataSet data = Rows(2_000, 3, 6);
        NoisyMetrics exact = Decode(data, 0, 1);
        for (ulong seed = 1; seed <= 20; seed++)
        {
            NoisyMetrics noisy = Decode(data, 8, seed);
            Assert.InRange(noisy.Metrics.Accuracy!.Value - exact.Metrics.Accuracy!.Value, -5 * noisy.StandardErrors.Accuracy!.Value, 5 * noisy.StandardErrors.Accuracy!.Value);
            Assert.InRange(noisy.Metrics.Loss - exact.Metrics.Loss, -5 * noisy.StandardErrors.Loss, 5 * noisy.StandardErrors.Loss);
            Assert.InRange(noisy.StandardErrors.Loss, 1e-4, 0.1);
        }
    }

    [Fact]
    public void The_area_of_several_classes_is_the_mean_of_each_against_the_rest()
    {
        // Scores that rank class 2 perfectly, class 0 in reverse and class 1 at random (all tied).
        GlobalModel model = new(LayeredModel.Softmax(1, 3), [0, 0, 0, 0, 0, 0]);
        DataSet data = DataSet.Create(["a"], [1, 2, 3], [0, 1, 2]);
        Assert.Equal(0.5, ModelEvaluation.Evaluate(model, data, Standardizer.Identity(1, 3)).Auc!.Value, 1e-12);
        GlobalModel perfect = new(LayeredModel.Softmax(1, 3), [-10, 0, 10, 30, 15, -12]);
        Assert.Equal(1, ModelEvaluation.Evaluate(perfect, data, Standardizer.Identity(1, 3)).Auc!.Value, 1e-12);
    }

    private static NoisyMetrics Decode(DataSet data, double noise, ulong seed)
    {
        var records = new MulticlassRecords(Classifier, data);
        double[] sum = RecordVectors.Sum(records);
        double[] noises = [noise, noise * MulticlassRecords.LossLimit(3)];
        return MulticlassRecords.Decode(RecordVectors.WithNoise(sum, records.Layout, noises, new DeterministicSequence(seed)), noises, 3);
    }

    private static void Check(VectorLayout layout, double[] vector)
    {
        foreach (VectorSegment segment in layout.Segments)
        {
            Assert.InRange(Math.Sqrt(layout.Slice(vector, segment.Name).ToArray().Sum(x => x * x)), 0, segment.NormBound);
        }
    }

    private static GlobalModel ModelOf(int classes)
    {
        if (classes == 3)
        {
            return Classifier;
        }

        var random = new DeterministicSequence(9);
        var shape = LayeredModel.Softmax(2, classes);
        return new GlobalModel(shape, [.. Enumerable.Range(0, shape.ParameterCount).Select(_ => random.NextGaussian())]);
    }

    private static DataSet Rows(int rows, int classes, ulong seed)
    {
        var random = new DeterministicSequence(seed);
        double[] values = [.. Enumerable.Range(0, 2 * rows).Select(_ => random.NextGaussian())];
        double[] labels = [.. Enumerable.Range(0, rows).Select(row => values[2 * row] > 0.4 ? 0.0 : random.NextInt(classes))];
        return DataSet.Create(["a", "b"], values, labels);
    }
}
