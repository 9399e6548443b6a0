namespace SecureFed.Learning.Training;

/// <summary>What local training yields. Stays on the client until it is clipped, quantised and protected.</summary>
/// <param name="Delta">Local model - global model.</param>
/// <param name="MeanLoss">Mean loss over the batches of the last epoch, each before its step.</param>
/// <param name="Rows">Rows trained on.</param>
public sealed record LocalUpdate(double[] Delta, double MeanLoss, int Rows)
{
    /// <summary>L2 norm of <see cref="Delta"/>: the clip norm should lie above it once training settles.</summary>
    public double Norm => Math.Sqrt(Delta.Sum(x => x * x));
}
