using SecureFed.Learning.Data;
using SecureFed.Learning.Explanation;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;

namespace SecureFed.Learning.Tests.Explanation;

/// <summary>Calibration, importance, dependence and groups against computations on the pooled rows; bounds; refusals.</summary>
public class ExplanationTests
{
    private static readonly double[] Truth = [1.1, 0, -0.6, 0.2];
    private static readonly FairnessGroup[] Groups = [new("low", 1, -1), new("high", 1, 1)];

    [Fact]
    public void Importance_is_the_mean_increase_of_the_loss_when_each_clients_values_are_permuted()
    {
        DataSet[] clients = Pooled.Deal(Pooled.Rows(300, Truth, ModelKind.Logistic, 1), 3);
        ModelExplanation explanation = Pooled.Federated(Plan(), Model(), clients, Truth, 0);
        for (int j = 0; j < 3; j++)
        {
            List<double> increases = [];
            for (int c = 0; c < clients.Length; c++)
            {
                int[] partner = ExplanationVector.Permutation(clients[c].Rows, (ulong)c, j);
                for (int row = 0; row < clients[c].Rows; row++)
                {
                    double[] changed = clients[c].Row(row).ToArray();
                    changed[j] = clients[c].Row(partner[row])[j];
                    increases.Add(LogLoss(changed, clients[c].Labels[row]) - LogLoss(clients[c].Row(row), clients[c].Labels[row]));
                }
            }

            (double mean, double deviation) = RecordVectors.Moments(increases);
            Assert.Equal(mean, explanation.Importance[j].Increase.Value, 1e-12);
            Assert.Equal(deviation / Math.Sqrt(300), explanation.Importance[j].Increase.Error, 1e-4);
        }

        Assert.Equal(0, explanation.Importance[1].Increase.Value); // The model does not use it.
        Assert.True(explanation.Importance[0].Increase.Value > 5 * explanation.Importance[0].Increase.Error);
    }

    [Fact]
    public void A_permutation_moves_every_row_to_one_place_and_differs_between_features()
    {
        int[] one = ExplanationVector.Permutation(50, 3, 0);
        Assert.Equal(Enumerable.Range(0, 50), one.Order());
        Assert.NotEqual(one, ExplanationVector.Permutation(50, 3, 1));
    }

    [Fact]
    public void With_rows_protected_importance_is_the_loss_over_the_public_marginal()
    {
        DataSet data = Pooled.Rows(200, Truth, ModelKind.Logistic, 2);
        ModelExplanation explanation = Explain(Plan(isRecordLevel: true), Model(), data, 0, new DeterministicSequence(1));
        double[] place = [.. Enumerable.Range(0, 9).Select(k => (k / 2.0) - 2)];
        double[] weight = [.. place.Select(z => Math.Exp(-z * z / 2) / place.Sum(other => Math.Exp(-other * other / 2)))];
        for (int j = 0; j < 3; j++)
        {
            double sum = 0;
            for (int row = 0; row < data.Rows; row++)
            {
                double[] increases = [.. Enumerable.Range(0, 3).Select(feature => place.Select((z, k) =>
                {
                    double[] changed = data.Row(row).ToArray();
                    changed[feature] = z;
                    return weight[k] * LogLoss(changed, data.Labels[row]);
                }).Sum() - LogLoss(data.Row(row), data.Labels[row]))];
                sum += increases[j] * Math.Min(1, 1 / Math.Sqrt(increases.Sum(x => x * x))); // Shortened to norm 1.
            }

            Assert.Equal(sum / 200, explanation.Importance[j].Increase.Value, 1e-11);
        }
    }

    [Fact]
    public void With_noise_an_unused_feature_is_within_its_error_of_0_and_a_used_one_is_not()
    {
        DataSet data = Pooled.Rows(4000, Truth, ModelKind.Logistic, 3);
        ModelExplanation explanation = Explain(Plan(isRecordLevel: true), Model(), data, 4, new DeterministicSequence(2));
        Estimate unused = explanation.Importance[1].Increase;
        Assert.True(unused.Error > 0 && Math.Abs(unused.Value) < 5 * unused.Error, $"{unused}"); // 5.7·10⁻⁷.
        Assert.True(explanation.Importance[0].Increase.Lower > 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void A_calibrated_model_lies_on_the_diagonal_within_its_errors_and_an_overconfident_one_does_not(double noise)
    {
        DataSet data = Pooled.Rows(6000, Truth, ModelKind.Logistic, 4);
        double[] Deviations(ExplainedModel model) =>
            [.. Explain(Plan(isRecordLevel: true), model, data, noise, new DeterministicSequence(3)).Calibration.Select(b => (b.Outcome.Value - b.Prediction.Value) / b.Outcome.Error)];
        Assert.True(Deviations(Model()).Length >= 8);
        Assert.All(Deviations(Model()), z => Assert.InRange(z, -5, 5));
        Assert.Contains(Deviations(Model([4.4, 0, -2.4, 0.8])), z => Math.Abs(z) > 5);
    }

    [Fact]
    public void Calibration_counts_every_row_in_its_tenth()
    {
        DataSet data = Pooled.Rows(500, Truth, ModelKind.Logistic, 5);
        ModelExplanation explanation = Pooled.Federated(Plan(), Model(), Pooled.Deal(data, 3), Truth, 0);
        Assert.Equal((500, 0), (explanation.Rows, explanation.RowsError));
        double[] predictions = [.. Enumerable.Range(0, 500).Select(row => Objective.Sigmoid(Objective.Score(Truth, data.Row(row))))];
        foreach (CalibrationBin bin in explanation.Calibration)
        {
            int[] rows = [.. Enumerable.Range(0, 500).Where(row => predictions[row] >= bin.Lower && (predictions[row] < bin.Upper || bin.Upper >= 1))];
            Assert.Equal(rows.Length, bin.Rows);
            Assert.Equal(rows.Average(row => predictions[row]), bin.Prediction.Value, 1e-10);
            Assert.Equal(rows.Average(row => data.Labels[row]), bin.Outcome.Value, 1e-10);
        }

        Assert.Equal(500, explanation.Calibration.Sum(b => b.Rows));
    }

    [Fact]
    public void Dependence_is_the_mean_prediction_with_the_feature_set_everywhere_in_the_features_own_unit()
    {
        DataSet data = Pooled.Rows(250, Truth, ModelKind.Logistic, 6);
        Standardizer standardizer = Standardizer.Fit(data, LabelKind.Binary);
        ExplainedModel model = ExplainedModel.Of(new GlobalModel(ModelKind.Logistic, Truth), standardizer);
        ModelExplanation explanation = Pooled.Federated(Plan(), model, Pooled.Deal(data, 2), Truth, 0);
        foreach ((DependenceCurve curve, int j) in explanation.Dependence.Select((c, j) => (c, j)))
        {
            Assert.Equal(9, curve.Points.Count);
            Assert.Equal(standardizer.Means[j] + (2 * standardizer.Scales[j]), curve.Points[^1].Value, 1e-12);
            foreach (DependencePoint point in curve.Points)
            {
                double mean = Enumerable.Range(0, 250).Average(row =>
                {
                    double[] changed = [.. Enumerable.Range(0, 3).Select(i => (data.Row(row)[i] - standardizer.Means[i]) / standardizer.Scales[i])];
                    changed[j] = (point.Value - standardizer.Means[j]) / standardizer.Scales[j];
                    return Objective.Sigmoid(Objective.Score(Truth, changed));
                });
                Assert.Equal(mean, point.Prediction.Value, 1e-10);
            }
        }
    }

    [Fact]
    public void A_regression_is_explained_in_the_labels_own_unit()
    {
        double[] truth = [2, 0, -1, 3];
        DataSet data = Pooled.Rows(800, truth, ModelKind.Linear, 7);
        var plan = new ExplanationPlan(Pooled.Schema(3, ModelKind.Linear), ModelKind.Linear, isLinear: true, isRecordLevel: false, []);
        ModelExplanation explanation = Pooled.Federated(plan, ExplainedModel.Of(new GlobalModel(ModelKind.Linear, truth), Pooled.Plain(3, 800)), Pooled.Deal(data, 3), truth, 0);
        Assert.All(explanation.Calibration, b => Assert.True(b.Lower <= b.Prediction.Value && b.Prediction.Value <= b.Upper && Math.Abs(b.Outcome.Value - b.Prediction.Value) < 5 * b.Outcome.Error));
        double mean = Enumerable.Range(0, 800).Average(row => (2 * 1.5) - data.Row(row)[2] + 3);
        Assert.Equal(mean, explanation.Dependence[0].Points.Single(p => p.Value is 1.5).Prediction.Value, 1e-9);
    }

    [Fact]
    public void Group_figures_are_those_of_the_pooled_rows_and_rows_of_no_group_are_counted_apart()
    {
        DataSet data = Grouped(900, 8);
        GroupComparison comparison = Pooled.Federated(Plan(groups: Groups), Model(), Pooled.Deal(data, 3), Truth, 0).Fairness!;
        Assert.Equal(["low", "high", "(other values)"], comparison.Groups.Select(g => g.Group));
        foreach ((GroupMetrics group, double value) in comparison.Groups.Zip((double[])[-1, 1, 0]))
        {
            int[] rows = [.. Enumerable.Range(0, 900).Where(row => data.Row(row)[1].Equals(value))];
            bool Positive(int row) => Objective.Score(Truth, data.Row(row)) >= 0;
            Assert.True(group.IsResolved);
            Assert.Equal(rows.Length, group.Rows.Value);
            Assert.Equal(rows.Average(row => data.Labels[row]), group.BaseRate!.Value, 1e-10);
            Assert.Equal(rows.Average(row => Positive(row) ? 1.0 : 0), group.PositiveRate!.Value, 1e-10);
            Assert.Equal(rows.Average(row => Positive(row) == data.Labels[row] is 1 ? 1.0 : 0), group.Accuracy!.Value, 1e-10);
            Assert.Equal(rows.Where(row => data.Labels[row] is 1).Average(row => Positive(row) ? 1.0 : 0), group.TruePositiveRate!.Value, 1e-10);
            Assert.Equal(rows.Where(row => data.Labels[row] is 0).Average(row => Positive(row) ? 1.0 : 0), group.FalsePositiveRate!.Value, 1e-10);
            Assert.Equal(rows.Average(row => Objective.Sigmoid(Objective.Score(Truth, data.Row(row)))), group.MeanPrediction!.Value, 1e-10);
        }

        Assert.Equal(comparison.Groups.Max(g => g.PositiveRate!.Value) - comparison.Groups.Min(g => g.PositiveRate!.Value), comparison.DemographicParityDifference!.Value, 1e-12);
        Assert.Equal(comparison.Groups.Max(g => g.TruePositiveRate!.Value) - comparison.Groups.Min(g => g.TruePositiveRate!.Value), comparison.EqualOpportunityDifference!.Value, 1e-12);
    }

    [Fact]
    public void A_group_that_noise_could_have_made_is_shown_without_shares_and_counts_for_no_difference()
    {
        DataSet data = Grouped(900, 9);
        FairnessGroup[] groups = [Groups[0], Groups[1], new("nobody", 1, 5)];
        GroupComparison comparison = Explain(Plan(isRecordLevel: true, groups), Model(), data, 2, new DeterministicSequence(5)).Fairness!;
        GroupMetrics nobody = comparison.Groups.Single(g => g.Group == "nobody");
        Assert.False(nobody.IsResolved);
        Assert.True(nobody.Rows.Error > 0 && nobody.Rows.Value < 6 * nobody.Rows.Error);
        Assert.All((Estimate?[])[nobody.BaseRate, nobody.PositiveRate, nobody.MeanPrediction, nobody.Accuracy, nobody.TruePositiveRate, nobody.FalsePositiveRate], Assert.Null);
        Assert.NotNull(comparison.DemographicParityDifference);
        Assert.InRange(comparison.DemographicParityDifference!.Value, 0, 0.5);
    }

    /// <summary>Empirical deviation of group shares over 400 draws of the noise alone, against the stated one.</summary>
    [Fact]
    public void Stated_errors_of_shares_cover_the_noise()
    {
        DataSet data = Grouped(3000, 10);
        ExplanationPlan plan = Plan(isRecordLevel: true, Groups);
        double[] exact = RecordVectors.Sum(new ExplanationRecords(plan, Model(), data));
        var random = new DeterministicSequence(6);
        List<double> rates = [];
        double stated = 0;
        for (int run = 0; run < 400; run++)
        {
            GroupMetrics group = new ExplanationSum(plan, RecordVectors.WithNoise(exact, plan.Layout, [3], random), [3], 1).Read(Model().Standardizer, Truth, 0).Fairness!.Groups[0];
            rates.Add(group.PositiveRate!.Value);
            stated = group.PositiveRate.Error;
        }

        double sampling = Math.Sqrt(rates.Average() * (1 - rates.Average()) / 1000);
        double noise = RecordVectors.Moments(rates).Deviation;
        Assert.InRange(Math.Sqrt((sampling * sampling) + (noise * noise)) / stated, 0.8, 1.2);
    }

    /// <summary>Rows far outside what is usual, models that are sure of the wrong class: no row's vector is longer than 1, and neither is a client's.</summary>
    [Theory]
    [InlineData(ModelKind.Logistic)]
    [InlineData(ModelKind.Linear)]
    public void No_vector_is_longer_than_its_bound(ModelKind kind)
    {
        var random = new DeterministicSequence(12);
        double longest = 0;
        for (int run = 0; run < 60; run++)
        {
            double spread = Math.Exp(random.NextUniform(-3, 4));
            double[] values = [.. Enumerable.Range(0, 3 * 20).Select(_ => Math.Clamp(random.NextGaussian(0, spread), -8, 8))];
            DataSet data = DataSet.Create(["x0", "x1", "x2"], values, [.. Enumerable.Range(0, 20).Select(_ => kind == ModelKind.Logistic ? random.NextInt(2) : random.NextUniform(-20, 20))]);
            double[] parameters = [.. Enumerable.Range(0, 4).Select(_ => random.NextGaussian(0, 3))];
            ExplainedModel model = ExplainedModel.Of(new GlobalModel(kind, parameters), Standardizer.FromBounds(Pooled.Schema(3, kind), 20, random.NextUniform(0.05, 1)));
            FairnessGroup[] groups = kind == ModelKind.Logistic ? Groups : [];
            var rows = new ExplanationRecords(new ExplanationPlan(Pooled.Schema(3, kind), kind, true, true, groups), model, data);
            for (int row = 0; row < 20; row++)
            {
                longest = Math.Max(longest, Norm(RecordVectors.Write(rows, row)));
            }

            double client = Norm(ExplanationVector.Create(new ExplanationPlan(Pooled.Schema(3, kind), kind, true, false, groups), model, data, 20, 1));
            Assert.True(client <= 1 + 1e-12, $"{client}");
        }

        Assert.InRange(longest, 0.5, 1 + 1e-12); // Not only below the bound: near it.
    }

    /// <summary>The bound of the information part is reached: at R and the probability that the documentation names.</summary>
    [Fact]
    public void The_bound_of_matrix_and_gradient_is_as_tight_as_stated()
    {
        double p = (3 - Math.Sqrt(0.5)) / 4;
        double score = Math.Log(p / (1 - p));
        double longest = 0;
        var row = new InformationRow(3, ModelKind.Logistic, isRecordLevel: true);
        for (double other = -6; other <= 6; other += 0.01)
        {
            var numbers = new double[row.Length];
            row.Add([Math.Sqrt(3), 0, 0], other, 0, bounds: true, numbers); // ‖x‖² = 4 = R².
            longest = Math.Max(longest, Norm(numbers));
            Assert.True(Norm(numbers) <= row.NormBound);
        }

        var at = new double[row.Length];
        row.Add([Math.Sqrt(3), 0, 0], score, 0, bounds: true, at);
        Assert.Equal(row.NormBound, Norm(at), 1e-4);
        Assert.True(longest <= Norm(at) + 1e-6);
    }

    /// <summary>What makes the record the unit of protection: other rows do not enter a row's vector.</summary>
    [Fact]
    public void A_rows_vector_does_not_depend_on_the_other_rows()
    {
        DataSet data = Pooled.Rows(30, Truth, ModelKind.Logistic, 13);
        ExplanationPlan plan = Plan(isRecordLevel: true, Groups);
        DataSet without = data.Select([.. Enumerable.Range(1, 29)]);
        for (int row = 1; row < 30; row++)
        {
            Assert.Equal(RecordVectors.Write(new ExplanationRecords(plan, Model(), data), row), RecordVectors.Write(new ExplanationRecords(plan, Model(), without), row - 1));
        }
    }

    [Fact]
    public void Any_function_with_a_score_is_explained_but_gets_no_coefficients()
    {
        ExplainedModel model = new(features => features[0] > 0 ? 2 : -2, ModelKind.Logistic, Pooled.Plain(3, 400));
        var plan = new ExplanationPlan(Pooled.Schema(3, ModelKind.Logistic), ModelKind.Logistic, isLinear: false, isRecordLevel: false, Groups);
        ModelExplanation explanation = Pooled.Federated(plan, model, Pooled.Deal(Grouped(400, 14), 2), [], 0);
        Assert.Null(explanation.Coefficients);
        Assert.Equal([0, 0], explanation.Importance.Skip(1).Select(i => i.Increase.Value));
        Assert.True(explanation.Importance[0].Increase.Lower > 0);
        Assert.Equal([Objective.Sigmoid(-2), Objective.Sigmoid(2)], explanation.Dependence[0].Points.Select(p => p.Prediction.Value).Distinct().Order().Select(x => Math.Round(x, 12)).Distinct(), (a, b) => Math.Abs(a - b) < 1e-11);
    }

    [Fact]
    public void A_sum_without_rows_explains_nothing()
    {
        ExplanationPlan plan = Plan(isRecordLevel: true);
        LearningException exception = Assert.Throws<LearningException>(() => new ExplanationSum(plan, new double[plan.Layout.Dimension], [1], 1));
        Assert.Equal("no-weight", exception.Code);
    }

    [Fact]
    public void Too_many_groups_and_groups_of_a_regression_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Plan(groups: [.. Enumerable.Range(0, 17).Select(i => new FairnessGroup($"{i}", 0, i))]));
        Assert.Throws<ArgumentException>(() => Plan(groups: [new FairnessGroup("none", 3, 0)]));
        Assert.Throws<ArgumentException>(() => new ExplanationPlan(Pooled.Schema(3, ModelKind.Linear), ModelKind.Linear, true, true, Groups));
    }

    private static ExplanationPlan Plan(bool isRecordLevel = false, IReadOnlyList<FairnessGroup>? groups = null) =>
        new(Pooled.Schema(3, ModelKind.Logistic), ModelKind.Logistic, isLinear: true, isRecordLevel, groups ?? []);

    private static ExplainedModel Model(double[]? parameters = null) => ExplainedModel.Of(new GlobalModel(ModelKind.Logistic, parameters ?? Truth), Pooled.Plain(3, 1000));

    /// <summary>The second feature, which the model does not use, is -1, 0 or 1.</summary>
    private static DataSet Grouped(int rows, ulong seed)
    {
        DataSet data = Pooled.Rows(rows, Truth, ModelKind.Logistic, seed);
        double[] values = [.. Enumerable.Range(0, rows).SelectMany(row => (double[])[data.Row(row)[0], (row % 3) - 1, data.Row(row)[2]])];
        return DataSet.Create(data.FeatureNames, values, data.Labels);
    }

    private static ModelExplanation Explain(ExplanationPlan plan, ExplainedModel model, DataSet data, double noise, DeterministicSequence random)
    {
        double[] sum = RecordVectors.WithNoise(RecordVectors.Sum([.. Pooled.Deal(data, 3).Select(rows => new ExplanationRecords(plan, model, rows))]), plan.Layout, [noise], random);
        return new ExplanationSum(plan, sum, [noise], 1).Read(model.Standardizer, Truth, 0);
    }

    private static double LogLoss(ReadOnlySpan<double> features, double label)
    {
        double p = 1 / (1 + Math.Exp(-Objective.Score(Truth, features)));
        return -Math.Log(label is 1 ? p : 1 - p);
    }

    private static double Norm(double[] vector) => Math.Sqrt(vector.Sum(x => x * x));
}
