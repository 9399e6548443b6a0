namespace SecureFed.Learning.Training;

/// <summary>Turns a batch gradient into a step of the parameters, in place.</summary>
internal sealed class Stepper(LocalTrainingOptions options, int round, int dimension)
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.999;
    private readonly double learningRate = options.LearningRateIn(round);
    private readonly double[] first = new double[options.Optimizer == LocalOptimizer.Adam ? dimension : 0];
    private readonly double[] second = new double[options.Optimizer == LocalOptimizer.Adam ? dimension : 0];
    private double beta1Power = 1;
    private double beta2Power = 1;

    public void Step(Span<double> parameters, ReadOnlySpan<double> gradient)
    {
        if (options.Optimizer == LocalOptimizer.Sgd)
        {
            for (int j = 0; j < parameters.Length; j++)
            {
                parameters[j] -= learningRate * gradient[j];
            }

            return;
        }

        beta1Power *= Beta1;
        beta2Power *= Beta2;
        for (int j = 0; j < parameters.Length; j++)
        {
            first[j] = (Beta1 * first[j]) + ((1 - Beta1) * gradient[j]);
            second[j] = (Beta2 * second[j]) + ((1 - Beta2) * gradient[j] * gradient[j]);
            parameters[j] -= learningRate * (first[j] / (1 - beta1Power)) / (Math.Sqrt(second[j] / (1 - beta2Power)) + options.AdamEpsilon);
        }
    }
}
