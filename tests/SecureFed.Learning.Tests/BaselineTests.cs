using SecureFed.Learning.Baselines;
using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Scenarios;
using SecureFed.Learning.Training;

namespace SecureFed.Learning.Tests;

public class BaselineTests
{
    [Theory]
    [InlineData(ModelKind.Linear)]
    [InlineData(ModelKind.Logistic)]
    public void The_gradient_of_the_summed_loss_and_penalty_vanishes_at_the_fit(ModelKind kind)
    {
        DataSet train = TrainingTests.Rows(200, 1);
        BaselineFit fit = CentralBaseline.Fit(train, kind, 1);
        double[] gradient = LocalTrainer.FullGradient(fit.Model, fit.Standardizer.Apply(train), new Objective(kind, 1, 200));
        Assert.True(gradient.Max(Math.Abs) < 1e-9);
        Assert.True(fit.Model.Weights[0] > 0.1);
    }

    [Fact]
    public void Without_penalty_the_linear_fit_is_the_line_through_the_points()
    {
        BaselineFit fit = CentralBaseline.Fit(ArticleExample.Data, ModelKind.Linear, 0);
        double atTen = fit.Standardizer.RestoreLabel(fit.Model.Predict(fit.Standardizer.Apply(DataSet.Create(["x"], [10], [0])).Row(0)));
        Assert.Equal(20, atTen, 1e-9);
        Assert.Equal(0, fit.Evaluate(ArticleExample.Data).Rmse!.Value, 1e-9);
    }

    [Fact]
    public void Redundant_columns_need_a_penalty()
    {
        DataSet twice = DataSet.Create(["a", "b"], [1, 1, 2, 2, 3, 3], [2, 4, 6]);
        Assert.Equal("not-identifiable", Assert.Throws<LearningException>(() => CentralBaseline.Fit(twice, ModelKind.Linear, 0)).Code);
        BaselineFit fit = CentralBaseline.Fit(twice, ModelKind.Linear, 1);
        Assert.Equal(fit.Model.Weights[0], fit.Model.Weights[1], 1e-9);
    }

    [Fact]
    public void Training_rows_of_one_class_are_refused()
    {
        DataSet data = DataSet.Create(["a"], [1, 2], [1, 1]);
        Assert.Equal("one-class-only", Assert.Throws<DataException>(() => CentralBaseline.Fit(data, ModelKind.Logistic, 1)).Code);
    }

    [Fact]
    public void Separable_classes_converge_with_a_penalty()
    {
        DataSet data = DataSet.Create(["a"], [-2, -1, 1, 2], [0, 0, 1, 1]);
        Assert.Equal(1.0, CentralBaseline.Fit(data, ModelKind.Logistic, 1).Evaluate(data).Auc);
    }
}
