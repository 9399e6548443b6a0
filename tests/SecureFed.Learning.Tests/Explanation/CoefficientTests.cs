using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using SecureFed.Learning.Data;
using SecureFed.Learning.Explanation;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;

namespace SecureFed.Learning.Tests.Explanation;

/// <summary>One-step coefficients and their intervals against computations on the pooled rows, and their coverage with noise.</summary>
public class CoefficientTests
{
    private static readonly double[] Truth = [0.8, -0.5, 0.3, 0.4];

    [Fact]
    public void Coefficients_and_errors_of_a_logistic_model_are_those_of_maximum_likelihood_on_the_pooled_rows()
    {
        DataSet data = Pooled.Rows(900, Truth, ModelKind.Logistic, 1);
        (double[] maximum, Matrix<double> information) = Pooled.Maximum(data, 0);
        CoefficientEstimates estimates = Explain(ModelKind.Logistic, data, maximum, 0);
        Matrix<double> covariance = information.Inverse();
        for (int j = 0; j < maximum.Length; j++)
        {
            Assert.Equal(maximum[j], estimates.All[j].Value.Value, 1e-9);
            Assert.Equal(Math.Sqrt(covariance[j, j]), estimates.All[j].Value.Error, 1e-9);
            Assert.Equal(maximum[j] - (1.959963984540054 * Math.Sqrt(covariance[j, j])), estimates.All[j].Value.Lower, 1e-8);
            Assert.True(estimates.All[j].IsResolved);
        }

        Assert.Equal((0, "(intercept)"), (estimates.Unresolved, estimates.All[^1].Feature));
        Assert.Equal(0, estimates.Decrement, 1e-6);
    }

    [Fact]
    public void A_step_near_the_optimum_reaches_it_to_second_order_and_carries_the_penalty()
    {
        DataSet data = Pooled.Rows(1200, Truth, ModelKind.Logistic, 2);
        (double[] maximum, Matrix<double> information) = Pooled.Maximum(data, 25);
        double[] released = [.. maximum.Select((x, j) => x + (0.05 * (j % 2 is 0 ? 1 : -1)))];
        CoefficientEstimates estimates = Explain(ModelKind.Logistic, data, released, 25);
        Matrix<double> ridge = Matrix<double>.Build.DenseDiagonal(4, 4, j => j < 3 ? 25 : 0);
        Matrix<double> inverse = (information + ridge).Inverse();
        Matrix<double> covariance = inverse * information * inverse;
        for (int j = 0; j < maximum.Length; j++)
        {
            Assert.Equal(released[j], estimates.All[j].Released);
            Assert.Equal(maximum[j], estimates.All[j].Value.Value, 2e-3);
            Assert.Equal(Math.Sqrt(covariance[j, j]), estimates.All[j].Value.Error, 2e-3);
        }
    }

    [Fact]
    public void Coefficients_and_errors_of_a_linear_model_are_those_of_the_normal_equations_from_any_model()
    {
        DataSet data = Pooled.Rows(700, Truth, ModelKind.Linear, 3);
        Matrix<double> x = Pooled.Design(data);
        Vector<double> y = Vector<double>.Build.Dense(data.Labels.ToArray());
        Matrix<double> normal = x.TransposeThisAndMultiply(x);
        Vector<double> least = normal.Solve(x.TransposeThisAndMultiply(y));
        Vector<double> residuals = y - (x * least);
        double variance = residuals.DotProduct(residuals) / (700 - 4);
        CoefficientEstimates fromFar = Explain(ModelKind.Linear, data, [0.5, 0, 0, 0], 0);
        CoefficientEstimates fromOptimum = Explain(ModelKind.Linear, data, least.ToArray(), 0);
        Matrix<double> inverse = normal.Inverse();
        for (int j = 0; j < 4; j++)
        {
            Assert.Equal(least[j], fromFar.All[j].Value.Value, 1e-9); // Squared error is quadratic: one step is exact.
            Assert.Equal(Math.Sqrt(variance * inverse[j, j]), fromOptimum.All[j].Value.Error, 1e-9);
        }
    }

    [Fact]
    public void A_linear_model_with_penalty_steps_to_the_optimum_of_the_tasks_loss()
    {
        DataSet data = Pooled.Rows(400, Truth, ModelKind.Linear, 4);
        Matrix<double> x = Pooled.Design(data);

        // Σ(y - ŷ)² + ½·60·‖w‖²: the normal equations with 30 on the diagonal.
        Vector<double> best = (x.TransposeThisAndMultiply(x) + Matrix<double>.Build.DenseDiagonal(4, 4, j => j < 3 ? 30 : 0)).Solve(x.TransposeThisAndMultiply(Vector<double>.Build.Dense(data.Labels.ToArray())));
        Assert.Equal(best, Explain(ModelKind.Linear, data, [0, 0, 0, 0], 60).All.Select(c => c.Value.Value), (a, b) => Math.Abs(a - b) < 1e-9);
    }

    /// <summary>Sampling and the noise of a round together: fresh rows, fresh noise, and a released model off the optimum, 600 times.</summary>
    /// <remarks>Exact binomial bound: with coverage 0.94 or more fewer than the stated hits have probability below 10⁻⁶. 0.94 leaves a hundredth to the first order.</remarks>
    [Theory]
    [InlineData(ModelKind.Logistic, 0, 0.4)]
    [InlineData(ModelKind.Logistic, 6, 0.4)]
    [InlineData(ModelKind.Logistic, 10, 0.4)]
    [InlineData(ModelKind.Logistic, 6, 0.9)]
    [InlineData(ModelKind.Linear, 6, 0.4)]
    public void Intervals_of_resolved_coefficients_cover_the_truth_as_often_as_they_say(ModelKind kind, double noiseMultiplier, double correlation)
    {
        const int runs = 600;
        var plan = new ExplanationPlan(Pooled.Schema(3, kind), kind, isLinear: true, isRecordLevel: true, []);
        var random = new DeterministicSequence(31, (ulong)noiseMultiplier);
        var hits = new int[4];
        var resolved = new int[4];
        for (int run = 0; run < runs; run++)
        {
            double[] truth = [0.8, -0.5, 0, 0.4];
            DataSet data = Pooled.Rows(1500, truth, kind, 1000 + (ulong)run, correlation);
            double[] released = [.. truth.Select(t => t + random.NextGaussian(0, 0.1))];
            CoefficientEstimates estimates = Noisy(plan, kind, data, released, noiseMultiplier, random);
            for (int j = 0; j < 4; j++)
            {
                resolved[j] += estimates.All[j].IsResolved ? 1 : 0;
                hits[j] += estimates.All[j].IsResolved && estimates.All[j].Value.Lower <= truth[j] && truth[j] <= estimates.All[j].Value.Upper ? 1 : 0;
            }
        }

        Assert.Contains(resolved, r => r > runs / 2);
        Assert.True(
            hits.Zip(resolved).All(c => c.Second == 0 || Binomial.CDF(0.94, c.Second, c.First) > 1e-6),
            string.Join(", ", hits.Zip(resolved, (h, r) => $"{h} of {r}")));
    }

    [Fact]
    public void Without_noise_intervals_are_not_wider_than_they_have_to_be()
    {
        const int runs = 600;
        int hits = 0;
        for (int run = 0; run < runs; run++)
        {
            DataSet data = Pooled.Rows(600, Truth, ModelKind.Logistic, 5000 + (ulong)run);
            CoefficientEstimates estimates = Explain(ModelKind.Logistic, data, Truth, 0);
            hits += estimates.All[0].Value.Lower <= Truth[0] && Truth[0] <= estimates.All[0].Value.Upper ? 1 : 0;
        }

        // Binomial(600, 0.95): outside with probability below 10⁻⁶ on either side.
        Assert.InRange(Binomial.CDF(0.95, runs, hits), 1e-6, 1 - 1e-6);
    }

    [Fact]
    public void Columns_that_noise_cannot_tell_apart_are_called_hidden_and_their_intervals_span_the_assumption()
    {
        DataSet data = Pooled.Rows(2000, Truth, ModelKind.Logistic, 9, correlation: 0.999);
        var plan = new ExplanationPlan(Pooled.Schema(3, ModelKind.Logistic), ModelKind.Logistic, isLinear: true, isRecordLevel: true, []);
        CoefficientEstimates estimates = Noisy(plan, ModelKind.Logistic, data, [0.2, 0.2, 0.2, 0.4], 4, new DeterministicSequence(4));
        Assert.Equal(2, estimates.Unresolved); // The mean of the three is seen, their two differences are not.
        Assert.Equal([false, false, false, true], estimates.All.Select(c => c.IsResolved));
        Assert.All(estimates.All.Take(3), c => Assert.InRange(c.Value.Error, 0.35, 0.6)); // Two thirds of ½².
        Assert.All(estimates.All.Take(3), c => Assert.InRange(c.Value.Value, 0, 0.4));
    }

    [Fact]
    public void A_constant_column_does_not_break_the_estimate()
    {
        DataSet rows = Pooled.Rows(500, Truth, ModelKind.Logistic, 11);
        double[] values = [.. Enumerable.Range(0, 500).SelectMany(r => (double[])[rows.Row(r)[0], 0, rows.Row(r)[2]])];
        DataSet data = DataSet.Create(rows.FeatureNames, values, rows.Labels);
        CoefficientEstimates estimates = Explain(ModelKind.Logistic, data, [0.5, 0, 0.2, 0.1], 0);
        Assert.Equal((1, false), (estimates.Unresolved, estimates.All[1].IsResolved));
        Assert.True(estimates.All[0].IsResolved && estimates.All[2].IsResolved && estimates.All[3].IsResolved);
    }

    private static CoefficientEstimates Explain(ModelKind kind, DataSet data, double[] parameters, double penalty)
    {
        int features = parameters.Length - 1;
        var plan = new ExplanationPlan(Pooled.Schema(features, kind), kind, isLinear: true, isRecordLevel: false, []);
        ExplainedModel model = ExplainedModel.Of(new GlobalModel(kind, parameters), Pooled.Plain(features, data.Rows));
        return Pooled.Federated(plan, model, Pooled.Deal(data, 4), parameters, penalty).Coefficients!;
    }

    private static CoefficientEstimates Noisy(ExplanationPlan plan, ModelKind kind, DataSet data, double[] released, double noiseMultiplier, DeterministicSequence random)
    {
        ExplainedModel model = ExplainedModel.Of(new GlobalModel(kind, released), Pooled.Plain(released.Length - 1, data.Rows));
        double[] deviations = [noiseMultiplier];
        double[] sum = RecordVectors.WithNoise(RecordVectors.Sum([.. Pooled.Deal(data, 3).Select(rows => new ExplanationRecords(plan, model, rows))]), plan.Layout, deviations, random);
        return new ExplanationSum(plan, sum, deviations, 1).Read(model.Standardizer, released, 0).Coefficients!;
    }
}
