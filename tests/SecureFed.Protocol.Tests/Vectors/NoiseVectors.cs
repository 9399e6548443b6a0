using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>The file <c>noise-budget.json</c>: what follows from a task alone about noise and budget.</summary>
internal sealed record NoiseVectors(
    string Source, string Regenerate, string About, ScaleVector[] Scales, ChargeVector[] Charges, CapVector[] Caps, TreeVector[] Trees, ClipVector[] Clips);

/// <param name="Greatest">n: most clients of a cohort.</param>
/// <param name="ScaleExponents">e_g; absent where the task is refused, as all that follows.</param>
/// <param name="SquaredSensitivity">D₂², decimal.</param>
/// <param name="RingBits">The least b that a reader of the task accepts.</param>
internal sealed record ScaleVector(
    string Name,
    PrivacyUnit Unit,
    int Greatest,
    double SamplingRate,
    int ExpectedRecords,
    double NoiseMultiplier,
    SegmentVector[] Segments,
    int[]? ScaleExponents = null,
    string? SquaredSensitivity = null,
    int? RingBits = null,
    ShareVector[]? Shares = null,
    string? Code = null);

internal sealed record SegmentVector(int Length, double ClipNorm);

/// <param name="Honest">h.</param>
/// <param name="Variance">σ² of one share, decimal.</param>
internal sealed record ShareVector(int Honest, string Variance);

/// <param name="Cost">Units that a round costs; absent where z, q or α are out of range.</param>
/// <param name="Stated">The charge that a task states.</param>
/// <param name="Code">Null if a client accepts what is stated.</param>
internal sealed record ChargeVector(string Name, double NoiseMultiplier, double SamplingRate, int Order, long? Cost, long Stated, string? Code = null);

/// <param name="Cap">Units; absent if not one would fit.</param>
/// <param name="Charge">Of one training round.</param>
/// <param name="Code">Null if the schedule fits.</param>
internal sealed record CapVector(string Name, double Epsilon, double Delta, int Order, long? Cap, long Charge, int TrainRounds, string? Code = null);

/// <param name="ReleasesPerRecord">How many nodes of all epochs one record is in at most.</param>
internal sealed record TreeVector(
    string Name, PrivacyUnit Unit, double SamplingRate, int Leaves, int TrainRounds, long Charge, int? ReleasesPerRecord = null, TreeRoundVector[]? Rounds = null, string? Code = null);

/// <param name="CompletedTrainRounds">Of the model that the round starts from.</param>
/// <param name="IsReleased">Whether a round for the node was committed before.</param>
/// <param name="Charge">What ROUND_OPENED reserves.</param>
internal sealed record TreeRoundVector(int CompletedTrainRounds, bool IsReleased, int Node, int FirstLeaf, long Charge);

/// <param name="Below">The decoded noised sum of the count.</param>
/// <param name="Next">Clip norm of the next model.</param>
internal sealed record ClipVector(
    string Name, double Lowest, double Greatest, double Quantile, double Rate, double ClipNorm, double Below, double Expected, double? Next = null, string? Code = null);
