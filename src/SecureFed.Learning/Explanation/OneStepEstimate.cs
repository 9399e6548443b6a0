using MathNet.Numerics.LinearAlgebra;
using SecureFed.Learning.Models;

namespace SecureFed.Learning.Explanation;

/// <summary>Coefficients and intervals from a noisy information matrix and gradient at the released model: one Newton step (Lehmann and Casella 1998, section 6.4).</summary>
/// <remarks>
/// <para>With the sums H + E and g + e, E and e noise, and δ the way from the released θ to the optimum of the task's penalised loss, Hδ = g to first order. So
/// K(g + e) = δ + K(e - Eδ) with K the inverse of H + E, whatever E is: the step's noise has covariance K(Σ_e + Cov(Eδ))K, in which Cov(Eδ) = ½s²(‖δ‖²·1 + δδᵀ), since E has
/// variance s² on its diagonal and ½s² beside it. Sampling adds K·σ²(H - λD)·K, σ² = 1 for a logistic model, D without the intercept.</para>
/// <para>A direction is resolved where H + E has an eigenvalue above 2s√(2m): twice the spectral norm that E approaches, so that the true one is at least half of it. In the others
/// no step is taken, and δ is taken to have standard deviation <see cref="CoefficientEstimates.HiddenDeviation"/>: an assumption, stated with the result, not a measurement.</para>
/// <para>Neglected: terms of second order in δ (the matrix belongs to the released model, not to the optimum); that the matrix in the sampling variance is the noisy one; the noise of σ²; the
/// dependence of K on E. Intervals are those of the penalised coefficients. They do not repair a model that does not hold: for that the variance would need the outer products of the gradients.</para>
/// </remarks>
internal static class OneStepEstimate
{
    // A matrix without noise is singular where columns are collinear, but for rounding in the sum.
    private const double Rounding = 1e-6;

    /// <param name="names">Of all coefficients.</param>
    /// <param name="released">θ, weights then intercept.</param>
    /// <param name="sums">Triangle and gradient as <see cref="InformationRow"/> has them.</param>
    /// <param name="row">Their form.</param>
    /// <param name="noise">s: standard deviation of the noise of every number of <paramref name="sums"/>.</param>
    /// <param name="penalty">λ on the summed loss.</param>
    /// <param name="variance">σ² of a residual; 1 for a logistic model.</param>
    /// <param name="rows">Rows in the sum.</param>
    /// <param name="link">Kind of model; squared error carries the penalty with the factor ½ that the loss has not.</param>
    public static CoefficientEstimates Of(IReadOnlyList<string> names, ReadOnlySpan<double> released, ReadOnlySpan<double> sums, InformationRow row, double noise, double penalty, double variance, double rows, ModelKind link)
    {
        int size = released.Length;

        // Σ(y - ŷ)² + ½λ‖w‖² has gradient 2·(Σ(ŷ - y)x + ½λw): half the penalty beside the plain normal equations.
        double ridge = link == ModelKind.Linear ? penalty / 2 : penalty;
        Matrix<double> matrix = MatrixOf(sums[..row.TriangleLength], size);
        Vector<double> gradient = Vector<double>.Build.Dense(size);
        for (int i = 0; i < size; i++)
        {
            bool isWeight = i < size - 1;
            gradient[i] = (sums[row.TriangleLength + i] / row.GradientScale) - (isWeight ? ridge * released[i] : 0);
            matrix[i, i] += isWeight ? ridge : 0;
        }

        MathNet.Numerics.LinearAlgebra.Factorization.Evd<double> spectrum = matrix.Evd(Symmetricity.Symmetric);
        double threshold = Math.Max(2 * noise * Math.Sqrt(2.0 * size), Rounding * Enumerable.Range(0, size).Max(k => spectrum.EigenValues[k].Real));
        int[] seen = [.. Enumerable.Range(0, size).Where(k => spectrum.EigenValues[k].Real > threshold)];
        Matrix<double> inverse = Matrix<double>.Build.Dense(size, size);
        foreach (int k in seen)
        {
            Vector<double> direction = spectrum.EigenVectors.Column(k);
            inverse += direction.OuterProduct(direction) / spectrum.EigenValues[k].Real;
        }

        Vector<double> step = inverse * gradient;
        int hidden = size - seen.Length;
        Matrix<double> shrunk = Matrix<double>.Build.DenseDiagonal(size, size, i => i < size - 1 ? ridge : 0);
        double gradientNoise = noise / row.GradientScale;
        double length = step.DotProduct(step) + (hidden * CoefficientEstimates.HiddenDeviation * CoefficientEstimates.HiddenDeviation);
        Matrix<double> disturbance = Matrix<double>.Build.DenseDiagonal(size, size, (gradientNoise * gradientNoise) + (noise * noise * length / 2))
            + (step.OuterProduct(step) * (noise * noise / 2));
        Matrix<double> covariance = ((inverse - (inverse * shrunk * inverse)) * variance) + (inverse * disturbance * inverse);
        var estimates = new CoefficientEstimate[size];
        for (int i = 0; i < size; i++)
        {
            // What of the coefficient lies in hidden directions: 1 less its part in those that are seen.
            double unseen = Math.Max(0, 1 - seen.Sum(k => spectrum.EigenVectors[i, k] * spectrum.EigenVectors[i, k])) * (hidden > 0 ? 1 : 0);
            double assumed = unseen * CoefficientEstimates.HiddenDeviation * CoefficientEstimates.HiddenDeviation;
            double measured = Math.Max(0, covariance[i, i]);
            estimates[i] = new CoefficientEstimate(names[i], released[i], new Estimate(released[i] + step[i], Math.Sqrt(measured + assumed)), assumed <= measured);
        }

        return new CoefficientEstimates(estimates, hidden, Math.Sqrt(Math.Max(0, gradient.DotProduct(step)) / Math.Max(1, rows)));
    }

    private static Matrix<double> MatrixOf(ReadOnlySpan<double> triangle, int size)
    {
        Matrix<double> matrix = Matrix<double>.Build.Dense(size, size);
        int place = 0;
        for (int i = 0; i < size; i++)
        {
            matrix[i, i] = triangle[place++];
            for (int j = i + 1; j < size; j++)
            {
                matrix[i, j] = matrix[j, i] = triangle[place++] / Math.Sqrt(2);
            }
        }

        return matrix;
    }
}
