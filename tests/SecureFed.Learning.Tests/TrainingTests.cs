using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Training;

namespace SecureFed.Learning.Tests;

public class TrainingTests
{
    [Theory]
    [InlineData(ModelKind.Linear)]
    [InlineData(ModelKind.Logistic)]
    public void Gradient_agrees_with_finite_differences(ModelKind kind)
    {
        DataSet data = Rows(30, 1);
        var objective = new Objective(kind, 2.5, 80);
        double[] theta = [0.7, -1.2, 0.3];
        double[] gradient = LocalTrainer.FullGradient(new GlobalModel(kind, theta), data, objective);
        for (int j = 0; j < theta.Length; j++)
        {
            double[] up = [.. theta];
            double[] down = [.. theta];
            up[j] += 1e-6;
            down[j] -= 1e-6;
            Assert.Equal((objective.Mean(up, data) - objective.Mean(down, data)) / 2e-6, gradient[j], 1e-7);
        }
    }

    [Fact]
    public void The_penalty_of_all_clients_adds_up_to_the_central_one_and_spares_the_intercept()
    {
        DataSet[] clients = [Rows(10, 1), Rows(30, 2)];
        double[] theta = [0.5, 1.5, 9];
        var objective = new Objective(ModelKind.Logistic, 3, 40);
        var unpenalised = new Objective(ModelKind.Logistic, 0, 40);
        double sum = clients.Sum(client => client.Rows * (objective.Mean(theta, client) - unpenalised.Mean(theta, client)));
        Assert.Equal(0.5 * 3 * ((0.5 * 0.5) + (1.5 * 1.5)), sum, 1e-12);
    }

    [Theory]
    [InlineData(800, 0, 800)]
    [InlineData(-800, 1, 800)]
    [InlineData(800, 1, 0)]
    [InlineData(-40, 0, 4.248354255291589e-18)]
    [InlineData(0, 1, 0.6931471805599453)]
    public void Log_loss_neither_overflows_nor_cancels(double logit, double label, double expected) =>
        Assert.Equal(expected, Objective.Loss(ModelKind.Logistic, logit, label), expected * 1e-14);

    [Fact]
    public void FedSgd_over_equal_clients_is_central_gradient_descent()
    {
        DataSet[] clients = [Rows(20, 1), Rows(20, 2), Rows(20, 3)];
        var objective = new Objective(ModelKind.Logistic, 1, 60);
        var model = new GlobalModel(ModelKind.Logistic, [0.2, -0.1, 0.4]);
        double[] central = LocalTrainer.FullGradient(model, DataSet.Concatenate(clients), objective);
        double[] sum = FederatedSimulation.Sum(clients.Select(client => FedSgd.CreateVector(model, client, objective)));
        double[] next = new FedSgd(0.3).Step(model.Parameters, [], sum, 3).Parameters;
        for (int j = 0; j < next.Length; j++)
        {
            Assert.Equal(model.Parameters[j] - (0.3 * central[j]), next[j], 1e-14);
        }
    }

    [Fact]
    public void FedAvg_weighs_local_models_by_their_rows()
    {
        LocalUpdate[] updates = [new([1, 10], 0, 1), new([5, -10], 0, 3)];
        double[] sum = FederatedSimulation.Sum(updates.Select(update => FedAvg.CreateVector(update, 10)));
        Assert.Equal(0.4, sum[^1], 1e-15);
        double[] next = new FedAvg().Step([100, 200], [], sum, 2).Parameters;
        Assert.Equal(104, next[0], 1e-12);
        Assert.Equal(195, next[1], 1e-12);
        Assert.Equal(102, new FedAvg(0.5).Step([100, 200], [], sum, 2).Parameters[0], 1e-12);
    }

    [Fact]
    public void FedAvg_refuses_a_sum_without_weight_or_with_an_infinite_step()
    {
        Assert.Equal("no-weight", Assert.Throws<LearningException>(() => new FedAvg().Step([0, 0], [], [1, 1, 0], 2)).Code);
        Assert.Equal("model-not-finite", Assert.Throws<LearningException>(() => new FedAvg().Step([0, 0], [], [double.NaN, 1, 1], 2)).Code);
    }

    [Fact]
    public void One_full_batch_of_gradient_descent_is_one_gradient_step()
    {
        DataSet data = Rows(25, 4);
        var objective = new Objective(ModelKind.Logistic, 1, 25);
        var model = new GlobalModel(ModelKind.Logistic, [0.1, 0.2, 0.3]);
        var options = new LocalTrainingOptions { Optimizer = LocalOptimizer.Sgd, BatchSize = int.MaxValue, LearningRate = 0.4, LearningRateDecay = 0.5 };
        LocalUpdate update = LocalTrainer.Train(model, data, objective, options, round: 2, shuffleSeed: 1);
        double[] gradient = LocalTrainer.FullGradient(model, data, objective);
        Assert.All(update.Delta.Zip(gradient), pair => Assert.Equal(-0.2 * pair.Second, pair.First, 1e-14));
        Assert.Equal(objective.Mean(model.Parameters, data), update.MeanLoss, 1e-14);
    }

    [Fact]
    public void Adams_first_steps_are_those_of_its_paper()
    {
        // One row x = 1, y = 1, squared error from (0, 0): gradients are g = 2(w + b - 1) in both parameters.
        // Step 1: m/(1-b1) = g, sqrt(v/(1-b2)) = |g|, so w = 0.1. Step 2 by hand below.
        DataSet data = DataSet.Create(["x"], [1], [1]);
        var options = new LocalTrainingOptions { BatchSize = 1, Epochs = 2, LearningRate = 0.1 };
        LocalUpdate update = LocalTrainer.Train(GlobalModel.Zero(ModelKind.Linear, 1), data, new Objective(ModelKind.Linear, 0, 1), options, 1, 1);
        const double g1 = -2, g2 = -1.6;
        const double m = ((0.9 * 0.1 * g1) + (0.1 * g2)) / (1 - 0.81);
        double v = ((0.999 * 0.001 * g1 * g1) + (0.001 * g2 * g2)) / (1 - (0.999 * 0.999));
        Assert.Equal(0.1 - (0.1 * m / Math.Sqrt(v)), update.Delta[0], 1e-8);
        Assert.Equal(update.Delta[0], update.Delta[1]);
    }

    [Fact]
    public void The_seed_alone_decides_the_order_of_the_rows()
    {
        DataSet data = Rows(40, 5);
        var objective = new Objective(ModelKind.Logistic, 1, 40);
        var options = new LocalTrainingOptions { BatchSize = 4 };
        double[] Delta(ulong seed, int round) => LocalTrainer.Train(GlobalModel.Zero(ModelKind.Logistic, 2), data, objective, options, round, seed).Delta;
        Assert.Equal(Delta(1, 1), Delta(1, 1));
        Assert.NotEqual(Delta(1, 1), Delta(2, 1));
        Assert.NotEqual(Delta(1, 1), Delta(1, 2));
    }

    [Fact]
    public void Training_that_runs_away_says_the_round_and_what_to_try()
    {
        var options = new LocalTrainingOptions { Optimizer = LocalOptimizer.Sgd, BatchSize = 1, Epochs = 200, LearningRate = 10 };
        var error = Assert.Throws<TrainingDivergedException>(() =>
            LocalTrainer.Train(GlobalModel.Zero(ModelKind.Linear, 2), Rows(20, 6), new Objective(ModelKind.Linear, 0, 20), options, 7, 1));
        Assert.Equal(("training-diverged", 7), (error.Code, error.Round));
        Assert.Contains("learning rate", error.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_outside_their_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new LocalTrainingOptions { Epochs = 0 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new LocalTrainingOptions { BatchSize = 0 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new LocalTrainingOptions { LearningRate = double.NaN }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new LocalTrainingOptions { LearningRateDecay = 1.1 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new LocalTrainingOptions { AdamEpsilon = 0 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new FedSgd(-1));
    }

    [Fact]
    public void Coefficients_are_listed_by_name_largest_first()
    {
        var model = new GlobalModel(ModelKind.Logistic, [0.5, -2, 9]);
        Assert.Equal([("b", -2), ("a", 0.5)], model.Coefficients(["a", "b"]));
    }

    internal static DataSet Rows(int rows, ulong seed)
    {
        var random = new DeterministicSequence(seed);
        double[] values = [.. Enumerable.Range(0, 2 * rows).Select(_ => random.NextGaussian())];
        double[] labels = [.. Enumerable.Range(0, rows).Select(row => values[2 * row] + random.NextGaussian() > 0.3 ? 1.0 : 0.0)];
        return DataSet.Create(["a", "b"], values, labels);
    }
}
