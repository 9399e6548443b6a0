using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>How clients train and how the server steps the model.</summary>
/// <param name="ServerOptimizer">FedAvg or FedSGD.</param>
/// <param name="ServerLearningRate">α of the server's step.</param>
/// <param name="LocalOptimizer">SGD or Adam; not used by FedSGD.</param>
/// <param name="LocalLearningRate">Step size of local training.</param>
/// <param name="AdamEpsilon">ε of Adam; larger values make it behave more like SGD with momentum.</param>
/// <param name="LearningRateDecay">Factor on the local learning rate after every training round, in (0, 1].</param>
/// <param name="LocalEpochs">Passes over the client's rows in a round, 1 to 10,000.</param>
/// <param name="BatchSize">Rows per local step.</param>
/// <param name="ClipNorm">C: largest L2 norm of the protected w·Δ (or gradient). Raising it lets a single client move the sum further.</param>
/// <param name="ScalesByBounds">Features are scaled by their public bounds instead of by a standardisation round: no release, no privacy cost.</param>
/// <param name="AveragesIterates">The task's result is the mean of the models of the second half of its training rounds: averages out noise.</param>
/// <param name="AdaptiveClip">How the clip norm follows the updates after the first round, for which <paramref name="ClipNorm"/> holds; null = it stays. Needs noise.</param>
/// <param name="GreatestRows">Public maximum of rows at a client; hidden weights are w = rows / GreatestRows.</param>
/// <param name="ServerSchedule">How the server's rate changes from round to round; null = it stays.</param>
/// <param name="ProximalWeight">μ of FedProx (Li et al. 2020): pulls local steps back to the global model; 0 = not.</param>
/// <param name="AccumulatedBatches">k: batches whose gradients make one local step, 1 to 1,000,000.</param>
/// <param name="GradientClipNorm">
/// Positive: clients also send w·∇L_i at the model they received, clipped to this L2 norm, and correct their local steps by the mean of all (SCAFFOLD without client state,
/// Karimireddy et al. 2020). A second vector of the model's length in every sum: with noise all coordinates carry about √2 times as much. 0 = not.
/// </param>
/// <param name="MeasuresDrift">Clients also send w·‖Δ‖², so that each round tells how far their updates lie apart: one more number in every sum, at most ClipNorm².</param>
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
    AdaptiveClipSpecification? AdaptiveClip = null,
    ServerScheduleSpecification? ServerSchedule = null,
    double ProximalWeight = 0,
    int AccumulatedBatches = 1,
    double GradientClipNorm = 0,
    bool MeasuresDrift = false)
{
    /// <summary>Passes over a client's rows in one round, at most: a round lasts minutes, and a client computes before it can tell that it is too late.</summary>
    private const int GreatestEpochs = 10_000;

    private const int GreatestBatches = 1_000_000;

    /// <summary>Whether clients correct their local steps by the mean gradient.</summary>
    public bool CorrectsDrift => GradientClipNorm > 0;

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
        if (LocalEpochs > GreatestEpochs || AccumulatedBatches > GreatestBatches)
            return FormattableString.Invariant($"Local epochs are at most {GreatestEpochs:N0}, and at most {GreatestBatches:N0} batches make a step; train more rounds instead.");
        if (AdaptiveClip?.FindFault(ClipNorm) is { } fault)
            return fault;
        if (ServerSchedule?.FindFault() is { } schedule)
            return schedule;
        if (FindLocalFault() is { } local)
            return local;
        return ClipNorm > 0 && double.IsFinite(ClipNorm) ? null : "The clip norm is positive and finite: clipping is mandatory.";
    }

    private string? FindLocalFault()
    {
        if (!(ProximalWeight >= 0) || !double.IsFinite(ProximalWeight) || AccumulatedBatches < 1 || !(GradientClipNorm >= 0) || !double.IsFinite(GradientClipNorm))
            return "The proximal weight and the clip norm of the gradient are finite and not negative, and at least one batch makes a step.";
        if (ServerOptimizer == ServerOptimizerKind.FedSgd && (ProximalWeight > 0 || AccumulatedBatches > 1 || CorrectsDrift))
            return "With FedSGD a client sends one gradient over all its rows: without local steps there is nothing to pull back, to correct or to accumulate.";
        if (LocalOptimizer == LocalOptimizerKind.Sgd && LocalLearningRate * ProximalWeight >= 2)
            return "The proximal weight times the local learning rate is below 2: from there on each local step overshoots the global model that it is pulled back to.";
        return MeasuresDrift && AdaptiveClip is not null
            ? "Drift is measured within one clip norm: leave adaptive clipping or the measurement out."
            : null;
    }

    internal void Write(CanonicalWriter writer) => writer
        .UInt8((byte)ServerOptimizer).Double(ServerLearningRate)
        .UInt8((byte)LocalOptimizer).Double(LocalLearningRate).Double(AdamEpsilon).Double(LearningRateDecay)
        .Count(LocalEpochs).Count(BatchSize).Double(ClipNorm).Count(GreatestRows)
        .Flag(ScalesByBounds).Flag(AveragesIterates)
        .List(AdaptiveClip is null ? [] : new[] { AdaptiveClip }, (w, a) => a.Write(w))
        .List(ServerSchedule is null ? [] : new[] { ServerSchedule }, (w, s) => s.Write(w))
        .Double(ProximalWeight).Count(AccumulatedBatches).Double(GradientClipNorm).Flag(MeasuresDrift);

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
            reader.List(1, 4 * 8, AdaptiveClipSpecification.Read).FirstOrDefault(),
            reader.List(1, ServerScheduleSpecification.EncodedBytes, ServerScheduleSpecification.Read).FirstOrDefault(),
            reader.Double(),
            reader.Count(int.MaxValue),
            reader.Double(),
            reader.Flag());
        reader.Require(Enum.IsDefined(training.ServerOptimizer) && Enum.IsDefined(training.LocalOptimizer));
        return training;
    }
}
