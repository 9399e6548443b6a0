using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>How clients train and how the server steps the model.</summary>
/// <param name="ServerOptimizer">FedAvg or FedSGD.</param>
/// <param name="ServerLearningRate">α of the server's step.</param>
/// <param name="LocalOptimizer">SGD or Adam; not used by FedSGD.</param>
/// <param name="LocalLearningRate">Step size of local training.</param>
/// <param name="AdamEpsilon">ε of Adam; larger values make it behave more like SGD with momentum.</param>
/// <param name="LearningRateDecay">Factor on the local learning rate after every training round, in (0, 1].</param>
/// <param name="LocalEpochs">Passes over the client's rows in a round.</param>
/// <param name="BatchSize">Rows per local step.</param>
/// <param name="ClipNorm">C: largest L2 norm of the protected w·Δ (or gradient). Raising it lets a single client move the sum further.</param>
/// <param name="ScalesByBounds">Features are scaled by their public bounds instead of by a standardisation round: no release, no privacy cost.</param>
/// <param name="AveragesIterates">The task's result is the mean of the models of the second half of its training rounds: averages out noise.</param>
/// <param name="AdaptiveClip">How the clip norm follows the updates after the first round, for which <paramref name="ClipNorm"/> holds; null = it stays. Needs noise.</param>
/// <param name="GreatestRows">Public maximum of rows at a client; hidden weights are w = rows / GreatestRows.</param>
public sealed record TrainingSpecification(
    ServerOptimizerKind ServerOptimizer,
    double ServerLearningRate,
    LocalOptimizerKind LocalOptimizer,
    double LocalLearningRate,
    double AdamEpsilon,
    double LearningRateDecay,
    int LocalEpochs,
    int BatchSize,
    double ClipNorm,
    int GreatestRows,
    bool ScalesByBounds = false,
    bool AveragesIterates = false,
    AdaptiveClipSpecification? AdaptiveClip = null)
{
    internal string? FindFault()
    {
        if (!Enum.IsDefined(ServerOptimizer) || !Enum.IsDefined(LocalOptimizer))
            return "An optimiser is none that this version knows.";
        if (!(ServerLearningRate > 0 && LocalLearningRate > 0 && double.IsFinite(ServerLearningRate) && double.IsFinite(LocalLearningRate)))
            return "Learning rates are positive and finite.";
        if (!(AdamEpsilon > 0) || !double.IsFinite(AdamEpsilon))
            return "Adam's epsilon is positive and finite.";
        if (!(LearningRateDecay is > 0 and <= 1))
            return "The learning-rate decay lies in (0, 1].";
        if (LocalEpochs < 1 || BatchSize < 1 || GreatestRows < 1)
            return "Epochs, batch size and the public maximum of rows are at least 1.";
        if (AdaptiveClip?.FindFault(ClipNorm) is { } fault)
            return fault;
        return ClipNorm > 0 && double.IsFinite(ClipNorm) ? null : "The clip norm is positive and finite: clipping is mandatory.";
    }

    internal void Write(CanonicalWriter writer) => writer
        .UInt8((byte)ServerOptimizer).Double(ServerLearningRate)
        .UInt8((byte)LocalOptimizer).Double(LocalLearningRate).Double(AdamEpsilon).Double(LearningRateDecay)
        .Count(LocalEpochs).Count(BatchSize).Double(ClipNorm).Count(GreatestRows)
        .Flag(ScalesByBounds).Flag(AveragesIterates)
        .List(AdaptiveClip is null ? [] : new[] { AdaptiveClip }, (w, a) => a.Write(w));

    internal static TrainingSpecification Read(ref CanonicalReader reader)
    {
        TrainingSpecification training = new(
            (ServerOptimizerKind)reader.UInt8(),
            reader.Double(),
            (LocalOptimizerKind)reader.UInt8(),
            reader.Double(),
            reader.Double(),
            reader.Double(),
            reader.Count(int.MaxValue),
            reader.Count(int.MaxValue),
            reader.Double(),
            reader.Count(int.MaxValue),
            reader.Flag(),
            reader.Flag(),
            reader.List(1, 4 * 8, AdaptiveClipSpecification.Read).FirstOrDefault());
        reader.Require(Enum.IsDefined(training.ServerOptimizer) && Enum.IsDefined(training.LocalOptimizer));
        return training;
    }
}
