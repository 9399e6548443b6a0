using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Training;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Tests;

/// <summary>SCAFFOLD for clients without state, and the measure of what it is against.</summary>
public class DriftCorrectionTests
{
    private static readonly Objective Loss = new(ModelKind.Logistic, 1, 120);
    private static readonly LocalTrainingOptions Local = new() { Optimizer = LocalOptimizer.Sgd, Epochs = 5, BatchSize = 10, LearningRate = 0.3 };

    [Fact]
    public void A_sum_becomes_the_mean_gradient_with_the_model_at_which_it_was_taken()
    {
        var optimizer = new DriftCorrection(new FedAvg(new MomentumRule(0.5)), 3);
        Assert.Equal([("delta", 2, 8.0), ("weight", 1, 1.0), ("gradient", 2, 3.0)], optimizer.Layout(2, 8).Segments.Select(s => (s.Name, s.Length, s.NormBound)));
        double[] one = DriftCorrection.CreateVector([0.5 * 4, 0.5 * -2, 0.5], [1, 3]);
        double[] other = DriftCorrection.CreateVector([1 * 1, 1 * 1, 1], [-2, 0]);
        Assert.Equal([2, -1, 0.5, 0.5, 1.5], one);
        ServerStep step = optimizer.Step([10, 20], [], FederatedSimulation.Sum([one, other]), 2);
        ServerStep average = new FedAvg(new MomentumRule(0.5)).Step([10, 20], [], [3, 0, 1.5], 2);
        Assert.Equal(average.Parameters, step.Parameters);
        Assert.Equal([.. average.State, -1, 1, 10, 20], step.State);
        Assert.True(DriftCorrection.TryRead(step.State, 2, out ReadOnlySpan<double> mean, out ReadOnlySpan<double> anchor));
        Assert.Equal(([-1, 1], [10, 20]), (mean.ToArray(), anchor.ToArray()), (a, b) => a.Item1.SequenceEqual(b.Item1) && a.Item2.SequenceEqual(b.Item2));
        Assert.False(DriftCorrection.TryRead([], 2, out _, out _));

        // The rule goes on from its own part of the state.
        ServerStep next = optimizer.Step(step.Parameters, step.State, [1, 1, 1, 0, 0], 1);
        Assert.Equal(new FedAvg(new MomentumRule(0.5)).Step(average.Parameters, average.State, [1, 1, 1], 1).Parameters, next.Parameters);
        Assert.Throws<ArgumentException>(() => optimizer.Step([10, 20], [1, 2, 3], [1, 1, 1, 0, 0], 1));
        Assert.Throws<ArgumentException>(() => DriftCorrection.CreateVector([1, 1, 1], [1]));
        Assert.Equal("no-weight", Assert.Throws<LearningException>(() => optimizer.Step([1, 2], [], [1, 1, 0, 1, 1], 1)).Code);
        Assert.Equal("model-not-finite", Assert.Throws<LearningException>(() => optimizer.Step([1, 2], [], [1, 1, 1, double.NaN, 1], 1)).Code);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void With_one_client_or_equal_ones_the_correction_changes_nothing(int clients)
    {
        DataSet[] data = [.. Enumerable.Repeat(TrainingTests.Rows(30, 1), clients)];
        double[] plain = Run(data, 6, Local, corrects: false, sameSeed: true).Model;
        double[] corrected = Run(data, 6, Local, corrects: true, sameSeed: true).Model;
        Assert.All(plain.Zip(corrected), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
    }

    [Fact]
    public void Corrections_of_all_clients_cancel_in_the_weighted_mean()
    {
        DataSet[] data = Skewed();
        double[] anchor = [0.4, -0.3, 0.2];
        double[] sum = FederatedSimulation.Sum(data.Select(rows => Vector(rows, anchor)));
        ServerStep step = new DriftCorrection(new FedAvg(), 10).Step(anchor, [], sum, data.Length);
        Assert.True(DriftCorrection.TryRead(step.State, 3, out ReadOnlySpan<double> mean, out _));
        double[] c = mean.ToArray();
        double[] total = FederatedSimulation.Sum(data.Select(rows => (double[])[.. LocalTrainer.CorrectionOf(new GlobalModel(ModelKind.Logistic, anchor), c, rows, Loss).Select(x => x * rows.Rows)]));
        Assert.All(total, x => Assert.Equal(0, x, 1e-11));
    }

    /// <summary>FedAvg with many local steps converges to a model between the clients' own optima; with the correction to the optimum of all rows.</summary>
    [Fact]
    public void Corrected_clients_reach_the_common_optimum_and_uncorrected_ones_do_not()
    {
        DataSet[] data = Skewed();
        LocalTrainingOptions many = Local with { Epochs = 30, BatchSize = 1000 };
        DataSet pool = DataSet.Concatenate(data);
        double[] plain = Gradient(Run(data, 60, many, corrects: false).Model, pool);
        double[] corrected = Gradient(Run(data, 60, many, corrects: true).Model, pool);
        Assert.True(Norm(plain) > 0.01, $"FedAvg: {Norm(plain)}");
        Assert.True(Norm(corrected) < 1e-6, $"corrected: {Norm(corrected)}");
    }

    [Fact]
    public void It_converges_though_another_client_is_missing_in_every_round()
    {
        DataSet[] data = Skewed();
        double[] model = Run(data, 200, Local with { BatchSize = 1000, LearningRateDecay = 0.98 }, corrects: true, missing: round => round % data.Length).Model;
        Assert.True(Norm(Gradient(model, DataSet.Concatenate(data))) < 0.02);
    }

    [Fact]
    public void Dispersion_is_the_weighted_variance_of_the_updates()
    {
        double[][] deltas = [[1, 2], [3, -1], [-2, 0.5]];
        double[] weights = [1, 0.5, 0.25];
        double[] sum = FederatedSimulation.Sum(deltas.Zip(weights, (delta, w) => DriftMeasure.CreateVector([.. delta.Select(x => w * x), w], 2, w, 10)));
        ClientDrift drift = DriftMeasure.Decode(sum, 2, 1.75, 0, 0);
        double[] mean = [.. Enumerable.Range(0, 2).Select(j => deltas.Zip(weights, (d, w) => w * d[j]).Sum() / 1.75)];
        double variance = deltas.Zip(weights, (d, w) => w * d.Select((x, j) => (x - mean[j]) * (x - mean[j])).Sum()).Sum() / 1.75;
        Assert.Equal(variance, drift.Dispersion, 1e-14);
        Assert.Equal((mean[0] * mean[0]) + (mean[1] * mean[1]), drift.SquaredMeanNorm, 1e-14);
        Assert.Equal(0, drift.Deviation);
    }

    [Fact]
    public void The_square_keeps_its_bound_and_is_that_of_the_clipped_update()
    {
        var measure = new DriftMeasure(new FedAvg());
        Assert.Equal([("delta", 8.0), ("weight", 1.0), ("square", 64.0)], measure.Layout(2, 8).Segments.Select(s => (s.Name, s.NormBound)));
        Assert.Equal([30, 40, 1, 64], DriftMeasure.CreateVector([30, 40, 1], 2, 1, 8)); // ‖w·Δ‖ = 50 is clipped to 8.
        Assert.Equal([3, 4, 0.5, 50], DriftMeasure.CreateVector([3, 4, 0.5], 2, 0.5, 8)); // w·‖Δ‖² = 25/0.5.
        ServerStep step = measure.Step([1, 1], [], [3, 4, 0.5, 50], 1);
        Assert.Equal(new FedAvg().Step([1, 1], [], [3, 4, 0.5], 1).Parameters, step.Parameters);
    }

    [Fact]
    public void Noise_is_taken_out_of_the_dispersion_on_average()
    {
        // 8 clients with opposite updates of norm 1: the dispersion is 1. Noise of 0.3 in 20 coordinates would take 1.8/64 off it.
        var random = new DeterministicSequence(7);
        (double total, double squares, double stated) = (0, 0, 0);
        const int trials = 20_000;
        for (int trial = 0; trial < trials; trial++)
        {
            double[] sum = new double[22];
            sum[^2] = 8;
            sum[^1] = 8;
            for (int j = 0; j < 20; j++)
            {
                sum[j] = random.NextGaussian(0, 0.3);
            }

            sum[^1] += random.NextGaussian(0, 0.3);
            ClientDrift drift = DriftMeasure.Decode(sum, 20, 8, 0.3, 0.3);
            total += drift.Dispersion;
            squares += (drift.Dispersion - 1) * (drift.Dispersion - 1);
            stated += drift.Deviation;
        }

        // The mean of 20,000 lies within four standard errors of 1 but for one in 15,000.
        Assert.Equal(1, total / trials, 4 * Math.Sqrt(squares / trials / trials));
        Assert.InRange(stated / trials / Math.Sqrt(squares / trials), 0.95, 1.15);
    }

    private static (double[] Model, double[] State) Run(DataSet[] data, int rounds, LocalTrainingOptions local, bool corrects, bool sameSeed = false, Func<int, int>? missing = null)
    {
        var model = GlobalModel.Zero(ModelKind.Logistic, 2);
        var optimizer = new DriftCorrection(new FedAvg(), 100);
        double[] state = [];
        for (int round = 1; round <= rounds; round++)
        {
            List<double[]> vectors = [];
            for (int client = 0; client < data.Length; client++)
            {
                if (missing?.Invoke(round) == client)
                {
                    continue;
                }

                double[] correction = corrects && DriftCorrection.TryRead(state, 3, out ReadOnlySpan<double> mean, out ReadOnlySpan<double> anchor)
                    ? LocalTrainer.CorrectionOf(new GlobalModel(ModelKind.Logistic, anchor), mean, data[client], Loss)
                    : [];
                LocalUpdate update = LocalTrainer.Train(model, data[client], Loss, local, round, sameSeed ? 1 : (ulong)client, correction);
                vectors.Add(DriftCorrection.CreateVector(FedAvg.CreateVector(update, 100), LocalTrainer.FullGradient(model, data[client], Loss)));
            }

            ServerStep step = optimizer.Step(model.Parameters, state, FederatedSimulation.Sum(vectors), vectors.Count);
            (model, state) = (new GlobalModel(model.Kind, step.Parameters), step.State);
        }

        return (model.Parameters.ToArray(), state);
    }

    private static double[] Vector(DataSet rows, double[] theta) => DriftCorrection.CreateVector(
        [0, 0, 0, rows.Rows / 100.0], LocalTrainer.FullGradient(new GlobalModel(ModelKind.Logistic, theta), rows, Loss));

    /// <summary>Three clients of different size whose rows and labels lie elsewhere.</summary>
    private static DataSet[] Skewed() => [.. Enumerable.Range(0, 3).Select(client =>
    {
        var random = new DeterministicSequence(11, (ulong)client);
        int rows = 20 + (20 * client);
        double[] values = [.. Enumerable.Range(0, 2 * rows).Select(_ => random.NextGaussian(client - 1, 1))];
        double[] labels = [.. Enumerable.Range(0, rows).Select(_ => random.NextBoolean(0.15 + (0.35 * client)) ? 1.0 : 0.0)];
        return DataSet.Create(["a", "b"], values, labels);
    })];

    private static double[] Gradient(double[] model, DataSet pool) => LocalTrainer.FullGradient(new GlobalModel(ModelKind.Logistic, model), pool, Loss);

    private static double Norm(double[] vector) => Math.Sqrt(vector.Sum(x => x * x));
}
