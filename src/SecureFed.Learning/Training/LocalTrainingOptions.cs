namespace SecureFed.Learning.Training;

/// <summary>What a client does between receiving the global model and sending its update.</summary>
/// <remarks>Fixed by the task, so that every client does the same. None of these affects what an update may reveal: the clip norm bounds that.</remarks>
public sealed record LocalTrainingOptions
{
    /// <summary>Default Adam.</summary>
    public LocalOptimizer Optimizer { get; init; } = LocalOptimizer.Adam;

    /// <summary>
    /// ε of Adam, positive. Default 1e-8. Gradients well below it are followed as in plain gradient descent, so that steps shrink as training settles:
    /// with 1e-8 every round's first step is as long as the learning rate, however close the optimum.
    /// </summary>
    public double AdamEpsilon { get; init; } = 1e-8;

    /// <summary>Passes over the client's rows per round, at least 1. Default 1.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>Rows per step, at least 1; a number above the client's rows means all of them. Default 32.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Step size in round 1, positive. Default 0.05.</summary>
    public double LearningRate { get; init; } = 0.05;

    /// <summary>Factor on the step size from one round to the next, in (0, 1]. Default 1. Below 1 the model settles as clients' noise averages out.</summary>
    public double LearningRateDecay { get; init; } = 1;

    /// <summary>μ of FedProx (Li et al. 2020), at least 0: pulls local steps back to the global model. Default 0.</summary>
    public double ProximalWeight { get; init; }

    /// <summary>k: batches whose gradients make one step, at least 1. Default 1. As a batch k times as large, in the memory of one.</summary>
    public int AccumulatedBatches { get; init; } = 1;

    /// <summary>Step size in a round, counted from 1.</summary>
    public double LearningRateIn(int round) => LearningRate * Math.Pow(LearningRateDecay, round - 1);

    /// <exception cref="ArgumentOutOfRangeException">A value outside its range.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Epochs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfEqual(LearningRate is > 0 && double.IsFinite(LearningRate), false, nameof(LearningRate));
        ArgumentOutOfRangeException.ThrowIfEqual(AdamEpsilon is > 0 && double.IsFinite(AdamEpsilon), false, nameof(AdamEpsilon));
        ArgumentOutOfRangeException.ThrowIfEqual(ProximalWeight >= 0 && double.IsFinite(ProximalWeight), false, nameof(ProximalWeight));
        ArgumentOutOfRangeException.ThrowIfLessThan(AccumulatedBatches, 1);
        ArgumentOutOfRangeException.ThrowIfEqual(LearningRateDecay is > 0 and <= 1, false, nameof(LearningRateDecay));
    }
}
