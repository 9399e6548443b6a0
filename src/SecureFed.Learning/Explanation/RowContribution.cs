using SecureFed.Learning.Data;
using SecureFed.Learning.Models;

namespace SecureFed.Learning.Explanation;

/// <summary>Adds what single rows contribute to the parts of an <see cref="ExplanationPlan"/>.</summary>
internal sealed class RowContribution
{
    private readonly ExplanationPlan plan;
    private readonly ExplainedModel model;
    private readonly DataSet data;
    private readonly DataSet standardised;
    private readonly double[] grid;
    private readonly double[] changed;
    private readonly double[] increases;

    /// <param name="plan">The task's.</param>
    /// <param name="model">The finished model.</param>
    /// <param name="data">Rows as they are.</param>
    /// <exception cref="ArgumentException">Model or data do not fit the plan.</exception>
    public RowContribution(ExplanationPlan plan, ExplainedModel model, DataSet data)
    {
        if (model.Link != plan.Link || data.FeatureCount != plan.Schema.Features.Count)
        {
            throw new ArgumentException($"A {model.Link} model and rows of {data.FeatureCount} features do not fit this explanation.", nameof(model));
        }

        this.plan = plan;
        this.model = model;
        this.data = data;
        standardised = model.Standardizer.Apply(data);
        grid = DependenceGrid.Standardised(plan.Schema, model.Marginal, model.Standardizer);
        changed = new double[data.FeatureCount];
        increases = new double[data.FeatureCount];
    }

    /// <summary>Everything of one row.</summary>
    /// <param name="row">Counted from 0.</param>
    /// <param name="partner">For each feature the row whose value takes its place; null for the public marginal.</param>
    /// <param name="vector">Parts one after the other, not scaled; added to.</param>
    public void Add(int row, Func<int, int>? partner, Span<double> vector)
    {
        ReadOnlySpan<double> features = standardised.Row(row);
        double label = standardised.Labels[row];
        double score = model.Score(features);
        double prediction = model.ToUnit(score, plan.Schema.Label);
        double outcome = plan.Link == ModelKind.Logistic ? label : (Math.Clamp(plan.Schema.Label.ToUnit(data.Labels[row]), -1, 1) + 1) / 2;
        AddCalibration(prediction, outcome, plan.Slice(vector, ExplanationPlan.Calibration));
        AddFeatures(features, model.Loss(score, label), label, partner, vector);
        plan.Row?.Add(features, score, label, plan.IsRecordLevel, plan.Slice(vector, ExplanationPlan.Information));
        if (plan.Row is not null && plan.Link == ModelKind.Linear)
        {
            double share = (label - score) * (label - score) / (InformationRow.ResidualLimit * InformationRow.ResidualLimit);
            plan.Slice(vector, ExplanationPlan.Residuals)[0] += plan.IsRecordLevel ? Math.Min(1, share) : share;
        }

        if (plan.Groups.Count > 0)
        {
            AddGroup(plan.GroupOf(data.Row(row)), prediction, label, plan.Slice(vector, ExplanationPlan.Fairness));
        }
    }

    private static void AddCalibration(double prediction, double outcome, Span<double> sums)
    {
        int bin = BinOf(prediction);
        sums[ExplanationPlan.BinFields * bin]++;
        sums[(ExplanationPlan.BinFields * bin) + 1] += outcome;
        sums[(ExplanationPlan.BinFields * bin) + 2] += (prediction * ExplanationPlan.Bins) - bin - 0.5;
    }

    internal static int BinOf(double prediction) => Math.Min(ExplanationPlan.Bins - 1, (int)(prediction * ExplanationPlan.Bins));

    private static void AddGroup(int group, double prediction, double label, Span<double> sums)
    {
        Span<double> own = sums.Slice(ExplanationPlan.GroupFields * group, ExplanationPlan.GroupFields);
        own[(label is 1 ? 2 : 0) + (prediction >= 0.5 ? 1 : 0)]++;
        own[4] += prediction - 0.5;
    }

    private void AddFeatures(ReadOnlySpan<double> features, double loss, double label, Func<int, int>? partner, Span<double> vector)
    {
        Span<double> dependence = plan.Slice(vector, ExplanationPlan.Dependence);
        features.CopyTo(changed);
        double square = 0;
        for (int j = 0; j < changed.Length; j++)
        {
            double expected = 0;
            for (int k = 0; k < DependenceGrid.Points; k++)
            {
                changed[j] = grid[(j * DependenceGrid.Points) + k];
                double score = model.Score(changed);
                dependence[(j * DependenceGrid.Points) + k] += model.ToUnit(score, plan.Schema.Label) - 0.5;
                if (partner is null)
                {
                    expected += DependenceGrid.Weights[k] * model.Loss(score, label);
                }
            }

            if (partner is not null)
            {
                changed[j] = standardised.Row(partner(j))[j];
                expected = model.Loss(model.Score(changed), label);
            }

            changed[j] = features[j];
            increases[j] = expected - loss;
            square += increases[j] * increases[j];
        }

        double shortening = plan.IsRecordLevel ? Math.Min(1, plan.ImportanceLimit / Math.Max(Math.Sqrt(square), double.Epsilon)) : 1;
        Span<double> importance = plan.Slice(vector, ExplanationPlan.Importance);
        Span<double> squares = plan.Slice(vector, ExplanationPlan.ImportanceSquares);
        for (int j = 0; j < increases.Length; j++)
        {
            double increase = shortening * increases[j];
            importance[j] += increase;
            squares[j] += increase * increase;
        }
    }
}
