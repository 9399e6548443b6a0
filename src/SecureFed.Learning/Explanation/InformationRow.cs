using SecureFed.Learning.Models;

namespace SecureFed.Learning.Explanation;

/// <summary>What one row adds to the information matrix and to the gradient: <c>[upper triangle of c·v·x xᵀ, √2 off the diagonal | κ·c·r·x]</c>.</summary>
/// <remarks>
/// <para>x are the standardised features and 1 for the intercept, m = F + 1 numbers. Logistic: v = p(1 - p), r = y - p (McCullagh and Nelder 1989, section 4.4). Linear: v = 1,
/// r = y - ŷ in standardised units, kept within ±L = 4.</para>
/// <para>c = min(1, R²/‖x‖²) with R² = m, the mean of ‖x‖², weighs rows far from the centre down (Mallows' weights): c‖x‖² ≤ R² and c‖x‖ ≤ R. It weighs matrix and gradient alike, so that a model that holds
/// keeps its solution, and as c ≤ 1 the variance that is stated is not smaller than the weighted estimator's. Where rows are not protected c = 1, and a client's mean is kept to the bound with R² = 4m.</para>
/// <para>The √2 makes the triangle's norm the matrix's, c·v·‖x‖². Logistic with κ = R/4: the squared norm is at most R⁴·p²((1 - p)² + 1/16) for y = 0, the mirror of it for
/// y = 1, which is largest at p = (3 - √½)/4: (0.28354·R²)². Linear with κ = R/L: R²·√2.</para>
/// </remarks>
internal sealed class InformationRow
{
    /// <summary>L: standardised residuals beyond it count as it.</summary>
    public const double ResidualLimit = 4;

    // √(p²((1 - p)² + 1/16)) at p = (3 - √½)/4, rounded up.
    private const double LogisticNorm = 0.28354;
    private readonly ModelKind link;
    private readonly int size;
    private readonly double squaredReach;

    public InformationRow(int features, ModelKind link, bool isRecordLevel)
    {
        this.link = link;
        size = features + 1;
        squaredReach = (isRecordLevel ? 1.0 : 4.0) * size;
        GradientScale = Math.Sqrt(squaredReach) / 4; // For L = 4 that is R/L as well.
    }

    /// <summary>κ.</summary>
    public double GradientScale { get; }

    /// <summary>Numbers of the triangle.</summary>
    public int TriangleLength => size * (size + 1) / 2;

    public int Length => TriangleLength + size;

    /// <summary>Largest norm of one row's numbers.</summary>
    public double NormBound => squaredReach * (link == ModelKind.Logistic ? LogisticNorm : Math.Sqrt(2));

    /// <summary>Adds one row.</summary>
    /// <param name="features">Standardised.</param>
    /// <param name="score">The model's.</param>
    /// <param name="label">0 or 1, or standardised.</param>
    /// <param name="bounds">Whether this row must keep to <see cref="NormBound"/>.</param>
    /// <param name="sum">Length <see cref="Length"/>.</param>
    public void Add(ReadOnlySpan<double> features, double score, double label, bool bounds, Span<double> sum)
    {
        double square = 1;
        foreach (double x in features)
        {
            square += x * x;
        }

        double weight = bounds ? Math.Min(1, squaredReach / square) : 1;
        double prediction = link == ModelKind.Logistic ? Objective.Sigmoid(score) : score;
        double curvature = weight * (link == ModelKind.Logistic ? prediction * (1 - prediction) : 1);
        double residual = label - prediction;
        if (bounds && link == ModelKind.Linear)
        {
            residual = Math.Clamp(residual, -ResidualLimit, ResidualLimit);
        }

        int place = 0;
        for (int i = 0; i < size; i++)
        {
            double x = i < features.Length ? features[i] : 1;
            sum[place++] += curvature * x * x;
            for (int j = i + 1; j < size; j++)
            {
                sum[place++] += curvature * Math.Sqrt(2) * x * (j < features.Length ? features[j] : 1);
            }

            sum[TriangleLength + i] += GradientScale * weight * residual * x;
        }
    }
}
