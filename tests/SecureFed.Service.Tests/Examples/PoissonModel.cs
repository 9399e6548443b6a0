/// <summary>Counts y ~ Poisson(μ) with ln μ = θ·x. Loss of a record: μ − y·ln μ.</summary>
public static class PoissonModel
{
    public static Func<double[], RecordGradient> On(double[][] features, double[] counts) => parameters => (record, gradient) =>
    {
        double[] x = features[record];
        double score = 0;
        for (int j = 0; j < x.Length; j++)
            score += parameters[j] * x[j];
        double residual = Math.Exp(score) - counts[record];
        for (int j = 0; j < x.Length; j++)
            gradient[j] = residual * x[j]; // ∇ℓ = (μ − y)·x
    };
}
