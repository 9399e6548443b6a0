using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Training;

namespace SecureFed.Learning.Tests;

/// <summary>Proximal term, accumulation and corrections of local steps.</summary>
public class LocalDirectionTests
{
    private static readonly Objective Penalised = new(ModelKind.Logistic, 1, 40);
    private static readonly GlobalModel Start = new(ModelKind.Logistic, [0.3, -0.2, 0.1]);

    [Theory]
    [InlineData(LocalOptimizer.Sgd)]
    [InlineData(LocalOptimizer.Adam)]
    public void Without_a_proximal_weight_training_is_FedAvgs_bit_for_bit(LocalOptimizer optimizer)
    {
        // FedAvg written out again: shuffle, batches, steps.
        DataSet data = TrainingTests.Rows(40, 3);
        var options = new LocalTrainingOptions { Optimizer = optimizer, Epochs = 3, BatchSize = 7, LearningRate = 0.2, ProximalWeight = 0, AccumulatedBatches = 1 };
        double[] theta = Start.Parameters.ToArray();
        var order = new DeterministicSequence(5, 2);
        int[] rows = [.. Enumerable.Range(0, 40)];
        (double[] m, double[] v, int t) = (new double[3], new double[3], 0);
        for (int epoch = 0; epoch < 3; epoch++)
        {
            order.Shuffle<int>(rows);
            foreach (int[] batch in rows.Chunk(7))
            {
                var gradient = new double[3];
                Penalised.Gradient(theta, data, batch, gradient);
                t++;
                for (int j = 0; j < 3; j++)
                {
                    if (optimizer == LocalOptimizer.Sgd)
                    {
                        theta[j] -= 0.2 * gradient[j];
                        continue;
                    }

                    m[j] = (0.9 * m[j]) + ((1 - 0.9) * gradient[j]);
                    v[j] = (0.999 * v[j]) + ((1 - 0.999) * gradient[j] * gradient[j]);
                    theta[j] -= 0.2 * (m[j] / (1 - Power(0.9, t))) / (Math.Sqrt(v[j] / (1 - Power(0.999, t))) + 1e-8);
                }
            }
        }

        double[] delta = LocalTrainer.Train(Start, data, Penalised, options, 2, 5).Delta;
        Assert.Equal(theta.Select((x, j) => x - Start.Parameters[j]), delta);
        Assert.Equal(delta, LocalTrainer.Train(Start, data, Penalised, options, 2, 5, new double[3]).Delta);
    }

    [Fact]
    public void Two_proximal_steps_follow_Li_et_al_by_hand()
    {
        // One row x = 1, y = 1, squared error from (0, 0): g = 2(w + b - 1). The first step feels no pull; the second has gradient -1.2 + 2·0.2 in both parameters.
        DataSet data = DataSet.Create(["x"], [1], [1]);
        var options = new LocalTrainingOptions { Optimizer = LocalOptimizer.Sgd, Epochs = 2, BatchSize = 1, LearningRate = 0.1, ProximalWeight = 2 };
        double[] delta = LocalTrainer.Train(GlobalModel.Zero(ModelKind.Linear, 1), data, new Objective(ModelKind.Linear, 0, 1), options, 1, 1).Delta;
        Assert.Equal(0.2 + (0.1 * (1.2 - (2 * 0.2))), delta[0], 1e-15);
        Assert.Equal(delta[0], delta[1]);
    }

    [Fact]
    public void A_proximal_optimum_has_the_gradient_of_its_pull()
    {
        // At the minimum of F(θ) + μ/2·‖θ - θ0‖² the gradient of F is μ·(θ0 - θ).
        DataSet data = TrainingTests.Rows(40, 4);
        foreach (double mu in (double[])[0.1, 1, 10])
        {
            var options = new LocalTrainingOptions { Optimizer = LocalOptimizer.Sgd, Epochs = 4000, BatchSize = 40, LearningRate = 0.15, ProximalWeight = mu };
            double[] delta = LocalTrainer.Train(Start, data, Penalised, options, 1, 1).Delta;
            double[] gradient = LocalTrainer.FullGradient(new GlobalModel(ModelKind.Logistic, [.. delta.Select((x, j) => x + Start.Parameters[j])]), data, Penalised);
            Assert.All(delta.Zip(gradient), pair => Assert.Equal(-mu * pair.First, pair.Second, 1e-10));
        }
    }

    [Theory]
    [InlineData(8, 5, 1)]
    [InlineData(7, 3, 3)]
    [InlineData(1, 40, 2)]
    [InlineData(16, 100, 2)]
    public void Accumulating_k_batches_is_a_batch_k_times_as_large(int batch, int k, int epochs)
    {
        // Also where an epoch ends with fewer batches, and a batch with fewer rows.
        DataSet data = TrainingTests.Rows(40, 6);
        foreach (LocalOptimizer optimizer in Enum.GetValues<LocalOptimizer>())
        {
            var small = new LocalTrainingOptions { Optimizer = optimizer, Epochs = epochs, BatchSize = batch, AccumulatedBatches = k, LearningRate = 0.1, ProximalWeight = 0.5 };
            double[] accumulated = LocalTrainer.Train(Start, data, Penalised, small, 1, 9).Delta;
            double[] large = LocalTrainer.Train(Start, data, Penalised, small with { BatchSize = batch * k, AccumulatedBatches = 1 }, 1, 9).Delta;
            Assert.All(accumulated.Zip(large), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
        }
    }

    [Fact]
    public void A_correction_moves_every_step_by_the_rate()
    {
        DataSet data = DataSet.Create(["x"], [0], [0]); // Nothing to learn: gradients are 0 at (w, 0).
        var options = new LocalTrainingOptions { Optimizer = LocalOptimizer.Sgd, Epochs = 3, BatchSize = 1, LearningRate = 0.1 };
        double[] delta = LocalTrainer.Train(GlobalModel.Zero(ModelKind.Linear, 1), data, new Objective(ModelKind.Linear, 0, 1), options, 1, 1, [2, 0]).Delta;
        Assert.Equal(-0.6, delta[0], 1e-15);
        Assert.Throws<ArgumentException>(() => LocalTrainer.Train(GlobalModel.Zero(ModelKind.Linear, 1), data, new Objective(ModelKind.Linear, 0, 1), options, 1, 1, [2]));
    }

    [Fact]
    public void A_global_model_that_has_run_away_is_not_trained_on()
    {
        var runaway = new GlobalModel(ModelKind.Linear, [1e6, -1e6, 1e5]);
        var error = Assert.Throws<TrainingDivergedException>(() => LocalTrainer.Train(runaway, TrainingTests.Rows(20, 6), new Objective(ModelKind.Linear, 0, 20), new LocalTrainingOptions(), 12, 1));
        Assert.Equal(("training-diverged", 12), (error.Code, error.Round));
        Assert.True(error.Loss > 1e9);
        Assert.Contains("by round 12", error.Message, StringComparison.Ordinal);
        Assert.Contains("server's learning rate", error.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_outside_their_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new LocalTrainingOptions { ProximalWeight = -1 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new LocalTrainingOptions { ProximalWeight = double.NaN }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new LocalTrainingOptions { AccumulatedBatches = 0 }.Validate());
    }

    // As the stepper does it, one factor after the other.
    private static double Power(double x, int n)
    {
        double power = 1;
        for (int i = 0; i < n; i++)
        {
            power *= x;
        }

        return power;
    }
}
