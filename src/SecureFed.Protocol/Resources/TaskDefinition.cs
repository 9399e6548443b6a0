using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Protocol.Resources;

/// <summary>Body of <c>POST /v1/tasks</c>: what an operator decides; the rest follows from it and the roster.</summary>
public sealed record TaskDefinition
{
    /// <summary>16 random bytes in base64url, chosen by the operator, so that the same request again creates nothing new.</summary>
    public required string TaskId { get; init; }

    public required string Name { get; init; }

    public required ModelDefinition Model { get; init; }

    public required TrainingDefinition Training { get; init; }

    public required ScheduleDefinition Schedule { get; init; }

    public required CohortDefinition Cohort { get; init; }

    public DeadlineDefinition Deadlines { get; init; } = new();

    public ProtectionKind Protection { get; init; } = ProtectionKind.Masking;

    /// <summary>Key holders and parameter set of an encrypted task. Null: the usual ones.</summary>
    public EncryptionDefinition? Encryption { get; init; }

    /// <summary>b of Z mod 2^b, 2 to 32.</summary>
    public int RingBits { get; init; } = 32;

    /// <summary>Spread the norm of training vectors over their coordinates by a public rotation, so that long vectors fit 16 or 20 ring bits. Needs noise; refused where uploads do not become smaller.</summary>
    public bool Flatten { get; init; }

    /// <summary>No round opens before an approver of the roster, of another organisation than the operator, has approved the start.</summary>
    public bool RequiresApproval { get; init; }

    /// <summary>Budget and noise. Default: on, unit client, ε = 4.</summary>
    public PrivacyDefinition Privacy { get; init; } = new();
}

/// <summary>How an encrypted task encrypts.</summary>
public sealed record EncryptionDefinition
{
    /// <summary>Parameter set. Null: A1 with one-time keys, S1 with a single key.</summary>
    public string? Set { get; init; }

    /// <summary>Low bits of a coefficient that are not sent. Null: all but ten more than the ring's.</summary>
    public int? DroppedBits { get; init; }

    /// <summary>Identifiers of the key holders, by their points. Null: all that the roster has.</summary>
    public IReadOnlyList<string>? Holders { get; init; }

    /// <summary>Holders who together give the sum of keys. Null: the fewest that the assumed corrupt ones allow.</summary>
    public int? Threshold { get; init; }

    /// <summary>Holders assumed corrupt. Null: two of five.</summary>
    public int? CorruptHolders { get; init; }
}

/// <summary>What the releases of a task may tell; the noise follows from it.</summary>
public sealed record PrivacyDefinition
{
    /// <summary>Exact sums: only <c>unit: none</c> says so.</summary>
    public static PrivacyDefinition None { get; } = new() { Unit = PrivacyUnit.None };

    public PrivacyUnit Unit { get; init; } = PrivacyUnit.Client;

    /// <summary>ε of all releases together. Raising it lets them tell more.</summary>
    public double Epsilon { get; init; } = 4;

    /// <summary>δ; null: min(10⁻⁵, N^−1.1) rounded down, N the greatest cohort or the expected records.</summary>
    public double? Delta { get; init; }

    /// <summary>Name of the data that clients compute on: tasks with one name share the budget that server and clients keep for it.</summary>
    public string DataSet { get; init; } = "";

    /// <summary>Unit record: probability of each record to enter a training round, in (0, 1].</summary>
    public double SamplingRate { get; init; } = 1;

    /// <summary>Unit record: public estimate of all clients' records together.</summary>
    public int ExpectedRecords { get; init; }

    /// <summary>Unit record: training rounds of an epoch, one node of its tree released in each, instead of independent sums of samples; 0 = no tree. Needs sampling rate 1.</summary>
    public int TreeLeaves { get; init; }

    /// <summary>Training rounds beyond the schedule that the budget holds in reserve for rounds that fail after their unmask request.</summary>
    public int SpareRounds { get; init; }

    /// <summary>Part of the budget for the standardisation round, if the schedule has one.</summary>
    public double StandardiseShare { get; init; } = 0.3;

    /// <summary>Part of the budget for the evaluation round, if the schedule has one.</summary>
    public double EvaluateShare { get; init; } = 0.1;
}

public sealed record FeatureDefinition(string Name, double LowerBound, double UpperBound);

public sealed record ModelDefinition
{
    public required TaskModelKind Kind { get; init; }

    /// <summary>Only for kind vector: the number of coordinates.</summary>
    public int? Length { get; init; }

    public IReadOnlyList<FeatureDefinition> Features { get; init; } = [];

    public FeatureDefinition? Label { get; init; }

    public double L2Penalty { get; init; }

    /// <summary>Only for kind trees. Null: the usual ones.</summary>
    public TreeDefinition? Trees { get; init; }
}

public sealed record TrainingDefinition
{
    public ServerOptimizerKind Optimizer { get; init; } = ServerOptimizerKind.FedAvg;

    public double ServerLearningRate { get; init; } = 1;

    public LocalOptimizerKind LocalOptimizer { get; init; } = LocalOptimizerKind.Adam;

    public double LocalLearningRate { get; init; } = 0.05;

    public double AdamEpsilon { get; init; } = 1e-8;

    public double LearningRateDecay { get; init; } = 1;

    public int LocalEpochs { get; init; } = 1;

    public int BatchSize { get; init; } = 32;

    public double ClipNorm { get; init; } = 1;

    /// <summary>Scale features by their public bounds: for tasks without a standardisation round.</summary>
    public bool ScaleByBounds { get; init; }

    /// <summary>A clip norm that follows a quantile of the norms. Null: it stays.</summary>
    public AdaptiveClipDefinition? AdaptiveClip { get; init; }

    /// <summary>Result is the mean of the models of the second half. Null: with noise yes, without no.</summary>
    public bool? AverageIterates { get; init; }

    /// <summary>Public maximum of rows at one client; a hidden weight is rows divided by it.</summary>
    public int GreatestRows { get; init; } = 1;
}

/// <summary>Adaptive clipping; releases a count beside each training sum, paid for with it.</summary>
public sealed record AdaptiveClipDefinition
{
    /// <summary>Wanted fraction of units that are not clipped, 0.01 to 0.99.</summary>
    public double Quantile { get; init; } = 0.5;

    public required double Lowest { get; init; }

    public required double Greatest { get; init; }

    /// <summary>How fast the clip norm follows, in (0, 1].</summary>
    public double Rate { get; init; } = 0.2;
}

public sealed record ScheduleDefinition
{
    public bool Standardise { get; init; }

    public int TrainRounds { get; init; } = 10;

    public bool Evaluate { get; init; }

    public int GreatestFailures { get; init; } = 2;
}

public sealed record CohortDefinition
{
    public required int Least { get; init; }

    public required int Greatest { get; init; }

    public int OrganisationCap { get; init; } = 1;

    /// <summary>Most organisations with a client that the roster may have while the task runs; c is counted from it. Null: as many as it has now, so that others can only take their places.</summary>
    public int? Organisations { get; init; }

    public decimal Gamma { get; init; } = 0.1m;

    public decimal DeltaDrop { get; init; } = 0.1m;

    public ServerClass ServerClass { get; init; } = ServerClass.Malicious;

    /// <summary>Leaves of a round, each with a graph and thresholds of its own; 1 unless the cohort is too large for one graph.</summary>
    public int Leaves { get; init; } = 1;

    /// <summary>Cross-round guard: survivors of two rounds of one kind are the same or differ by at least this many clients; 0 switches it off. Null: 2 without noise, 0 with.</summary>
    public int? LeastDifference { get; init; }
}

public sealed record DeadlineDefinition
{
    public int AdvertiseMilliseconds { get; init; } = 60_000;

    public int PhaseMilliseconds { get; init; } = 30_000;

    public int GraceMilliseconds { get; init; } = 5_000;
}
