using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;
using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;

namespace SecureFed.Learning.Baselines;

/// <summary>What the federated model is compared with: the same objective, minimised centrally.</summary>
/// <remarks>
/// <para>Linear and logistic regression by Newton's method. Logistic: iteratively reweighted least squares with step halving. Linear: the same code converges in one step, to ridge regression with
/// the same ½λ‖w‖² on the summed squared error (λ = 0: least squares). Features are standardised exactly; so is the label of a model that predicts a number.</para>
/// <para>Softmax regression and networks by L-BFGS over all rows, from a public start: softmax until it converges, a network for at most <see cref="NetworkSteps"/> steps. A network's
/// loss has many minima, so its fit is one of them and not the best.</para>
/// </remarks>
public static class CentralBaseline
{
    /// <summary>Most L-BFGS steps of a network.</summary>
    public const int NetworkSteps = 300;

    private const int SoftmaxSteps = 2000;
    private const double SoftmaxTolerance = 1e-7;
    private const double NetworkTolerance = 1e-6;
    private const int IterationLimit = 100;
    private const int HalvingLimit = 40;
    private const double GradientTolerance = 1e-10;

    /// <param name="train">Training rows as they are.</param>
    /// <param name="kind">Linear (numeric label) or logistic (binary label).</param>
    /// <param name="penalty">λ on the summed loss, at least 0; 1 in the demo.</param>
    /// <exception cref="LearningException"><c>not-identifiable</c>, <c>not-converged</c>; <see cref="DataException"/> <c>one-class-only</c>.</exception>
    public static BaselineFit Fit(DataSet train, ModelKind kind, double penalty)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(penalty);
        RequireVariedLabels(train);
        Standardizer standardizer = Standardizer.Fit(train, kind == ModelKind.Linear ? LabelKind.Numeric : LabelKind.Binary);
        DataSet data = standardizer.Apply(train);
        var objective = new Objective(kind, penalty, data.Rows);
        var parameters = new double[data.FeatureCount + 1];
        var gradient = new double[parameters.Length];
        int[] rows = [.. Enumerable.Range(0, data.Rows)];
        for (int iteration = 0; iteration < IterationLimit; iteration++)
        {
            double loss = objective.Gradient(parameters, data, rows, gradient);
            if (gradient.Max(Math.Abs) < GradientTolerance)
            {
                return new BaselineFit(new GlobalModel(kind, parameters), standardizer, iteration, loss);
            }

            parameters = LineSearch(objective, data, parameters, Direction(objective, data, parameters, gradient), loss);
        }

        throw new LearningException(
            "not-converged", $"The central baseline did not converge in {IterationLimit} Newton steps.", "Use a positive penalty: without one, separable classes have no finite fit.");
    }

    /// <param name="train">Training rows as they are.</param>
    /// <param name="start">Model to fit with the parameters to start from; for linear and logistic regression they do not matter.</param>
    /// <param name="penalty">λ on the summed loss, at least 0; positive for softmax regression.</param>
    /// <exception cref="LearningException"><c>not-identifiable</c>, <c>not-converged</c>; <see cref="DataException"/> <c>one-class-only</c>.</exception>
    public static BaselineFit Fit(DataSet train, GlobalModel start, double penalty)
    {
        if (start.Shape is LinearModel)
        {
            return Fit(train, start.Kind, penalty);
        }

        ArgumentOutOfRangeException.ThrowIfNegative(penalty);
        RequireVariedLabels(train);
        Standardizer standardizer = Standardizer.Fit(train, start.Shape.Output == OutputKind.Linear ? LabelKind.Numeric : LabelKind.Binary);
        DataSet data = standardizer.Apply(train);
        double[] parameters = start.Parameters.ToArray();
        bool isConvex = start.Kind == ModelKind.Softmax;
        var minimiser = new LimitedMemoryBfgs(new Objective(start.Shape, penalty, data.Rows), data);
        (int iterations, double loss) = isConvex
            ? minimiser.Minimise(parameters, SoftmaxSteps, SoftmaxTolerance)
            : minimiser.Minimise(parameters, NetworkSteps, NetworkTolerance);
        return isConvex && iterations == SoftmaxSteps
            ? throw new LearningException("not-converged", $"The central baseline did not converge in {SoftmaxSteps} steps.", "Use a positive penalty: without one, separable classes have no finite fit.")
            : new BaselineFit(start.With(parameters), standardizer, iterations, loss);
    }

    private static void RequireVariedLabels(DataSet train)
    {
        if (train.Rows == 0 || train.Labels.IndexOfAnyExcept(train.Labels[0]) < 0)
        {
            throw new DataException("one-class-only", "All training rows have the same label.", "Provide rows whose labels differ.");
        }
    }

    private static Vector<double> Direction(Objective objective, DataSet data, double[] parameters, double[] gradient)
    {
        Matrix<double> hessian = Hessian(objective, data, parameters);
        try
        {
            return hessian.Cholesky().Solve(DenseVector.OfArray(gradient));
        }
        catch (ArgumentException singular)
        {
            throw new LearningException(
                "not-identifiable", "Features are linear combinations of each other, so that the fit is not unique.", "Use a positive penalty, or drop redundant columns.", singular);
        }
    }

    private static DenseMatrix Hessian(Objective objective, DataSet data, double[] parameters)
    {
        int d = parameters.Length;
        var hessian = new double[d, d];
        var x = new double[d];
        x[^1] = 1;
        for (int row = 0; row < data.Rows; row++)
        {
            data.Row(row).CopyTo(x);
            double curvature = Curvature(objective.Kind, Objective.Score(parameters, data.Row(row))) / data.Rows;
            for (int i = 0; i < d; i++)
            {
                double factor = curvature * x[i];
                for (int j = 0; j <= i; j++)
                {
                    hessian[i, j] += factor * x[j];
                }
            }
        }

        return DenseMatrix.Create(d, d, (i, j) => hessian[Math.Max(i, j), Math.Min(i, j)] + (i == j && i < d - 1 ? objective.PenaltyPerRow : 0));
    }

    private static double Curvature(ModelKind kind, double score)
    {
        double probability = kind == ModelKind.Logistic ? Objective.Sigmoid(score) : 0;
        return kind == ModelKind.Logistic ? probability * (1 - probability) : 2;
    }

    // Both objectives are convex, so halving finds a decrease unless the loss is already at its floor of rounding; then the full step is kept.
    private static double[] LineSearch(Objective objective, DataSet data, double[] parameters, Vector<double> direction, double loss)
    {
        double step = 1;
        for (int halving = 0; halving < HalvingLimit; halving++, step /= 2)
        {
            double[] candidate = [.. parameters.Select((value, j) => value - (step * direction[j]))];
            if (objective.Mean(candidate, data) <= loss * (1 + 1e-14))
            {
                return candidate;
            }
        }

        return [.. parameters.Select((value, j) => value - direction[j])];
    }
}
