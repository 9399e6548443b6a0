namespace SecureFed.Learning.Training;

/// <summary>Local training ran away: the loss or a parameter is no longer finite, or the loss has exploded.</summary>
public sealed class TrainingDivergedException(int round, double loss) : LearningException(
    "training-diverged",
    FormattableString.Invariant($"Local training diverged in round {round}: the loss reached {loss:G3}."),
    "Lower the learning rate (a tenth is a good next try), standardise the features, or use a larger batch.")
{
    /// <summary>Round, counted from 1.</summary>
    public int Round { get; } = round;

    /// <summary>The loss that was seen; may be NaN or infinite.</summary>
    public double Loss { get; } = loss;
}
