using SecureFed.Learning.Baselines;
using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Training;

namespace SecureFed.Learning.Tests;

public class LayeredModelTests
{
    public static TheoryData<string> Models => [.. Shapes.Keys];

    private static readonly Dictionary<string, IDifferentiableModel> Shapes = new(StringComparer.Ordinal)
    {
        ["linear"] = new LinearModel(ModelKind.Linear, 5),
        ["logistic"] = new LinearModel(ModelKind.Logistic, 5),
        ["softmax"] = LayeredModel.Softmax(5, 4),
        ["tanh to a number"] = LayeredModel.Network(5, [6], Activation.Tanh, OutputKind.Linear),
        ["tanh to a logit"] = LayeredModel.Network(5, [7], Activation.Tanh, OutputKind.Logistic),
        ["tanh to classes"] = LayeredModel.Network(5, [4, 3], Activation.Tanh, OutputKind.Softmax, 3),
        ["relu to a number"] = LayeredModel.Network(5, [9, 6], Activation.Relu, OutputKind.Linear),
        ["relu to a logit"] = LayeredModel.Network(5, [8], Activation.Relu, OutputKind.Logistic),
        ["relu to classes"] = LayeredModel.Network(5, [8], Activation.Relu, OutputKind.Softmax, 4),
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void The_gradient_agrees_with_central_differences(string name)
    {
        IDifferentiableModel shape = Shapes[name];
        DataSet data = Rows(shape, 25, 1);
        var objective = new Objective(shape, 2.5, 80);
        double[] theta = Parameters(shape, 3);
        double[] gradient = LocalTrainer.FullGradient(new GlobalModel(shape, theta), data, objective);
        for (int j = 0; j < theta.Length; j++)
        {
            double[] up = [.. theta];
            double[] down = [.. theta];
            up[j] += 1e-6;
            down[j] -= 1e-6;
            Assert.Equal((objective.Mean(up, data) - objective.Mean(down, data)) / 2e-6, gradient[j], 2e-8 * (1 + Math.Abs(gradient[j])) + 1e-7);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void The_gradient_of_a_batch_is_the_mean_of_its_rows_gradients(string name)
    {
        IDifferentiableModel shape = Shapes[name];
        DataSet data = Rows(shape, 23, 2);
        var model = new GlobalModel(shape, Parameters(shape, 4));
        var records = new GradientRecords(model, data, 1);
        var mean = new double[shape.ParameterCount];
        var row = new double[shape.ParameterCount];
        for (int record = 0; record < records.Count; record++)
        {
            records.Write(record, row);
            for (int j = 0; j < row.Length; j++)
            {
                mean[j] += row[j] / records.Count;
            }
        }

        double[] batch = LocalTrainer.FullGradient(model, data, new Objective(shape, 0, 1));
        Assert.All(mean.Zip(batch), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void The_penalty_falls_on_weights_and_spares_every_bias(string name)
    {
        IDifferentiableModel shape = Shapes[name];
        DataSet data = Rows(shape, 5, 3);
        double[] theta = Parameters(shape, 5);
        double[] with = LocalTrainer.FullGradient(new GlobalModel(shape, theta), data, new Objective(shape, 3, 10));
        double[] without = LocalTrainer.FullGradient(new GlobalModel(shape, theta), data, new Objective(shape, 0, 10));
        int biases = 0;
        foreach (DenseLayer layer in shape.Layers)
        {
            for (int j = 0; j < layer.Length; j++)
            {
                bool isWeight = j < layer.WeightCount;
                biases += isWeight ? 0 : 1;
                Assert.Equal(isWeight ? 0.3 * theta[layer.Start + j] : 0, with[layer.Start + j] - without[layer.Start + j], 1e-12);
            }
        }

        Assert.Equal(shape.Layers.Sum(layer => layer.Outputs), biases);
        Assert.Equal(shape.ParameterCount, shape.Layers.Sum(layer => layer.Length));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_record_level_step_with_all_rows_is_a_central_gradient_step_with_the_penalty(string name)
    {
        IDifferentiableModel shape = Shapes[name];
        DataSet data = Rows(shape, 30, 4);
        var model = new GlobalModel(shape, Parameters(shape, 6));
        double[] sum = LocalTrainer.FullGradient(model, data, new Objective(shape, 0, 30));
        double[] central = LocalTrainer.FullGradient(model, data, new Objective(shape, 6, 30));
        double[] next = new RecordSgd(new PlainRule(0.5), 30, 6.0 / 30, shape.Layers).Step(model.Parameters, [], [.. sum.Select(x => 30 * x)], 1).Parameters;
        for (int j = 0; j < next.Length; j++)
        {
            Assert.Equal(model.Parameters[j] - (0.5 * central[j]), next[j], 1e-12);
        }
    }

    [Fact]
    public void Softmax_of_two_classes_is_logistic_regression_at_the_difference_of_its_scores()
    {
        IDifferentiableModel logistic = new LinearModel(ModelKind.Logistic, 5);
        IDifferentiableModel softmax = LayeredModel.Softmax(5, 2);
        DataSet data = Rows(logistic, 40, 5);
        double[] theta = Parameters(softmax, 7);
        double[] difference = [.. Enumerable.Range(0, 5).Select(j => theta[5 + j] - theta[j]), theta[11] - theta[10]];
        var one = new Objective(logistic, 0, 40);
        var two = new Objective(softmax, 0, 40);
        Assert.Equal(one.Mean(difference, data), two.Mean(theta, data), 1e-12);
        double[] slope = LocalTrainer.FullGradient(new GlobalModel(logistic, difference), data, one);
        double[] slopes = LocalTrainer.FullGradient(new GlobalModel(softmax, theta), data, two);
        for (int j = 0; j < 5; j++)
        {
            Assert.Equal(slope[j], slopes[5 + j], 1e-12);
            Assert.Equal(-slope[j], slopes[j], 1e-12);
        }
    }

    [Fact]
    public void The_central_fit_of_softmax_with_two_classes_is_that_of_logistic_regression_with_twice_the_penalty()
    {
        // w = ±d/2 share the difference d, and ½λ(|d/2|² + |d/2|²) = ½(λ/2)|d|².
        DataSet data = Rows(new LinearModel(ModelKind.Logistic, 5), 200, 6);
        BaselineFit softmax = CentralBaseline.Fit(data, GlobalModel.Initial(LayeredModel.Softmax(5, 2), 1), 2);
        BaselineFit logistic = CentralBaseline.Fit(data, ModelKind.Logistic, 1);
        for (int j = 0; j < 5; j++)
        {
            Assert.Equal(logistic.Model.Weights[j], softmax.Model.Parameters[5 + j] - softmax.Model.Parameters[j], 1e-5);
        }

        Assert.Equal(logistic.TrainingLoss, softmax.TrainingLoss, 1e-9);
        Assert.Equal(logistic.Evaluate(data).Auc!.Value, softmax.Evaluate(data).Auc!.Value, 1e-12);
    }

    [Fact]
    public void A_network_learns_what_no_linear_model_can()
    {
        DataSet data = ExclusiveOr(400);
        var shape = LayeredModel.Network(2, [8], Activation.Tanh, OutputKind.Logistic);
        BaselineFit central = CentralBaseline.Fit(data, GlobalModel.Initial(shape, 9), 0.1);
        Assert.True(central.Evaluate(data).Accuracy > 0.97);
        Assert.InRange(CentralBaseline.Fit(data, ModelKind.Logistic, 0.1).Evaluate(data).Accuracy!.Value, 0, 0.7);

        var options = new LocalTrainingOptions { Epochs = 60, LearningRate = 0.02 };
        GlobalModel start = GlobalModel.Initial(shape, 9);
        LocalUpdate update = LocalTrainer.Train(start, data, new Objective(shape, 0.1, 400), options, 1, 1);
        GlobalModel trained = start.With([.. start.Parameters.ToArray().Zip(update.Delta, (a, b) => a + b)]);
        Assert.True(Metrics.ModelEvaluation.Evaluate(trained, data, Preprocessing.Standardizer.Identity(2, 400)).Accuracy > 0.95);
    }

    [Fact]
    public void The_start_of_a_network_is_public_bounded_and_differs_with_the_seed()
    {
        var relu = LayeredModel.Network(24, [16, 8], Activation.Relu, OutputKind.Logistic);
        double[] start = relu.InitialParameters(5);
        Assert.Equal(start, relu.InitialParameters(5));
        Assert.NotEqual(start, relu.InitialParameters(6));
        double[] limits = [Math.Sqrt(6.0 / 24), Math.Sqrt(6.0 / 16), Math.Sqrt(6.0 / 9)];
        for (int l = 0; l < 3; l++)
        {
            double[] weights = relu.Layers[l].Weights(start).ToArray();
            Assert.All(weights, weight => Assert.InRange(weight, -limits[l], limits[l]));
            Assert.Equal(weights.Length, weights.Distinct().Count());
            Assert.All(relu.Layers[l].Biases(start).ToArray(), bias => Assert.Equal(0, bias));
        }

        // The first weight by hand: the first of 53 bits of the stream, between the limits.
        double first = new DeterministicSequence(5, 0).NextDouble();
        Assert.Equal(-limits[0] + (2 * limits[0] * first), start[0]);
        Assert.All(LayeredModel.Softmax(3, 4).InitialParameters(5), weight => Assert.Equal(0, weight));
    }

    [Theory]
    [InlineData(1000, 0, 0)]
    [InlineData(-1000, 0, 1000)]
    [InlineData(0, 1, 0.6931471805599453)]
    public void The_loss_of_several_classes_does_not_overflow(double first, double label, double expected) =>
        Assert.Equal(expected, OutputLoss.Loss(OutputKind.Softmax, [first, 0], label), 1e-12);

    [Fact]
    public void A_network_that_runs_away_stops_with_the_round_the_loss_and_what_to_try()
    {
        var shape = LayeredModel.Network(5, [8], Activation.Relu, OutputKind.Linear);
        DataSet data = Rows(shape, 40, 8);
        var options = new LocalTrainingOptions { Optimizer = LocalOptimizer.Sgd, Epochs = 50, LearningRate = 1e3 };
        TrainingDivergedException diverged = Assert.Throws<TrainingDivergedException>(() =>
            LocalTrainer.Train(GlobalModel.Initial(shape, 1), data, new Objective(shape, 0, 40), options, 4, 1));
        Assert.Equal(4, diverged.Round);
        Assert.Contains("round 4", diverged.Message, StringComparison.Ordinal);
        Assert.Contains("learning rate", diverged.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 8, 2)]
    [InlineData(5, 0, 2)]
    [InlineData(5, 4097, 2)]
    [InlineData(5, 8, 1)]
    [InlineData(5, 8, 1001)]
    public void Shapes_out_of_range_are_refused(int features, int width, int classes) =>
        Assert.ThrowsAny<ArgumentException>(() => LayeredModel.Network(features, [width], Activation.Tanh, OutputKind.Softmax, classes));

    [Fact]
    public void A_label_that_is_no_class_is_refused_and_never_an_index()
    {
        var shape = LayeredModel.Softmax(1, 3);
        var model = GlobalModel.Initial(shape, 1);
        foreach (double label in new[] { -1, 3, 1.5, double.NaN })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => shape.AddGradient(model.Parameters, [1], label, 1, new double[shape.ParameterCount], new double[shape.WorkspaceLength]));
        }
    }

    [Fact]
    public void Models_of_several_scores_or_layers_do_not_pass_for_linear_ones()
    {
        Assert.Throws<InvalidOperationException>(() => GlobalModel.Initial(LayeredModel.Softmax(2, 3), 1).Score([1, 2]));
        var network = GlobalModel.Initial(LayeredModel.Network(2, [3], Activation.Tanh, OutputKind.Logistic), 1);
        Assert.Throws<InvalidOperationException>(() => network.Intercept);
        Assert.Throws<InvalidOperationException>(() => network.Coefficients(["a", "b"]));
        Assert.Throws<ArgumentException>(() => new GlobalModel(network.Shape, new double[4]));
        Assert.Throws<ArgumentException>(() => new GlobalModel(ModelKind.Softmax, [1, 2, 3]));
    }

    private static double[] Parameters(IDifferentiableModel shape, ulong seed)
    {
        var random = new DeterministicSequence(seed);
        return [.. Enumerable.Range(0, shape.ParameterCount).Select(_ => random.NextGaussian() * 0.7)];
    }

    private static DataSet Rows(IDifferentiableModel shape, int rows, ulong seed)
    {
        var random = new DeterministicSequence(seed);
        double[] values = [.. Enumerable.Range(0, rows * shape.FeatureCount).Select(_ => random.NextGaussian())];
        double[] labels = new double[rows];
        for (int row = 0; row < rows; row++)
        {
            labels[row] = shape.Output switch
            {
                OutputKind.Linear => random.NextGaussian(),
                OutputKind.Logistic => random.NextBoolean(Objective.Sigmoid(values[row * shape.FeatureCount])) ? 1 : 0,
                _ => random.NextInt(shape.OutputCount),
            };
        }

        return DataSet.Create([.. Enumerable.Range(0, shape.FeatureCount).Select(j => $"x{j}")], values, labels);
    }

    private static DataSet ExclusiveOr(int rows)
    {
        var random = new DeterministicSequence(11);
        var values = new double[2 * rows];
        var labels = new double[rows];
        for (int row = 0; row < rows; row++)
        {
            values[2 * row] = random.NextUniform(-1.5, 1.5);
            values[(2 * row) + 1] = random.NextUniform(-1.5, 1.5);
            labels[row] = values[2 * row] * values[(2 * row) + 1] > 0 ? 1 : 0;
        }

        return DataSet.Create(["a", "b"], values, labels);
    }
}
