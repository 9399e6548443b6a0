namespace SecureFed.Learning.Training;

/// <summary>Training ran away: the loss or a parameter is no longer finite, or the loss has exploded.</summary>
public sealed class TrainingDivergedException : LearningException
{
    /// <summary>What a task's failure is called when it is this.</summary>
    public const string DivergedCode = "training-diverged";

    /// <summary>Local training ran away.</summary>
    /// <param name="round">Counted from 1.</param>
    /// <param name="loss">The loss that was seen; may be NaN or infinite.</param>
    public TrainingDivergedException(int round, double loss)
        : this(
            round,
            loss,
            FormattableString.Invariant($"Local training diverged in round {round}: the loss reached {loss:G3}."),
            "Lower the learning rate (a tenth is a good next try), standardise the features, or use a larger batch.")
    {
    }

    private TrainingDivergedException(int round, double loss, string message, string hint)
        : base(DivergedCode, message, hint)
    {
        Round = round;
        Loss = loss;
    }

    /// <summary>Round, counted from 1.</summary>
    public int Round { get; }

    /// <summary>The loss that was seen; may be NaN or infinite.</summary>
    public double Loss { get; }

    /// <summary>The model that a round starts from, or ends with, has run away already.</summary>
    /// <param name="round">Counted from 1.</param>
    /// <param name="loss">Its loss.</param>
    public static TrainingDivergedException OfGlobalModel(int round, double loss) => new(
        round,
        loss,
        FormattableString.Invariant($"The global model has diverged by round {round}: its loss reached {loss:G3}."),
        "Lower the server's learning rate (a tenth is a good next try), or give it a warm-up; if local training takes long steps, lower its learning rate too.");
}
