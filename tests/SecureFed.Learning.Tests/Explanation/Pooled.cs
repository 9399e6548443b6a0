using MathNet.Numerics.LinearAlgebra;
using SecureFed.Learning.Data;
using SecureFed.Learning.Explanation;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;

namespace SecureFed.Learning.Tests.Explanation;

/// <summary>Rows in one place, and what a statistics package computes from them: maximum likelihood by iteratively reweighted least squares, normal equations.</summary>
internal static class Pooled
{
    /// <summary>Rows with correlated features in (-8, 8) and labels of a known model.</summary>
    public static DataSet Rows(int count, double[] truth, ModelKind kind, ulong seed, double correlation = 0.4)
    {
        var random = new DeterministicSequence(seed, 77);
        int features = truth.Length - 1;
        var values = new double[count * features];
        var labels = new double[count];
        for (int row = 0; row < count; row++)
        {
            double shared = random.NextGaussian();
            Span<double> own = values.AsSpan(row * features, features);
            foreach (ref double x in own)
            {
                x = Math.Clamp((Math.Sqrt(correlation) * shared) + (Math.Sqrt(1 - correlation) * random.NextGaussian()), -8, 8);
            }

            double score = Objective.Score(truth, own);
            labels[row] = kind == ModelKind.Logistic ? (random.NextBoolean(Objective.Sigmoid(score)) ? 1 : 0) : score + random.NextGaussian(0, 0.7);
        }

        return DataSet.Create([.. Enumerable.Range(0, features).Select(j => $"x{j}")], values, labels);
    }

    public static DataSchema Schema(int features, ModelKind kind) => new(
        [.. Enumerable.Range(0, features).Select(j => new FeatureSchema($"x{j}", -8, 8))],
        kind == ModelKind.Logistic ? new FeatureSchema("y", 0, 1) : new FeatureSchema("y", -20, 20),
        kind == ModelKind.Logistic ? LabelKind.Binary : LabelKind.Numeric);

    /// <summary>Deals rows to clients in turn.</summary>
    public static DataSet[] Deal(DataSet data, int clients) =>
        [.. Enumerable.Range(0, clients).Select(c => data.Select([.. Enumerable.Range(0, data.Rows).Where(row => row % clients == c)]))];

    /// <summary>The federated way without noise.</summary>
    public static ModelExplanation Federated(ExplanationPlan plan, ExplainedModel model, IReadOnlyList<DataSet> clients, ReadOnlySpan<double> parameters, double penalty)
    {
        int maxRows = clients.Max(c => c.Rows) + 7;
        var sum = new double[plan.Layout.Dimension];
        for (int c = 0; c < clients.Count; c++)
        {
            double[] vector = ExplanationVector.Create(plan, model, clients[c], maxRows, (ulong)c);
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += vector[i];
            }
        }

        return new ExplanationSum(plan, sum, [0], maxRows).Read(model.Standardizer, parameters, penalty);
    }

    /// <summary>Maximum of the penalised likelihood with its information.</summary>
    public static (double[] Coefficients, Matrix<double> Information) Maximum(DataSet data, double penalty)
    {
        Matrix<double> x = Design(data);
        Vector<double> theta = Vector<double>.Build.Dense(x.ColumnCount);
        Matrix<double> information = x;
        Matrix<double> ridge = Matrix<double>.Build.DenseDiagonal(x.ColumnCount, x.ColumnCount, j => j < x.ColumnCount - 1 ? penalty : 0);
        for (int iteration = 0; iteration < 40; iteration++)
        {
            Vector<double> p = (x * theta).Map(score => 1 / (1 + Math.Exp(-score)));
            information = x.TransposeThisAndMultiply(Matrix<double>.Build.DenseOfDiagonalVector(p.Map(q => q * (1 - q))) * x);
            theta += (information + ridge).Solve(x.TransposeThisAndMultiply(Vector<double>.Build.Dense(data.Labels.ToArray()) - p) - (ridge * theta));
        }

        return (theta.ToArray(), information);
    }

    public static Matrix<double> Design(DataSet data) =>
        Matrix<double>.Build.Dense(data.Rows, data.FeatureCount + 1, (row, j) => j < data.FeatureCount ? data.Row(row)[j] : 1);

    public static Standardizer Plain(int features, long rows) => Standardizer.Identity(features, rows);
}
