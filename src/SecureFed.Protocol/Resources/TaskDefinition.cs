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

    /// <summary>Groups that the explanation round compares. Null: none.</summary>
    public ExplanationDefinition? Explanation { get; init; }
}

/// <summary>What the explanation round compares; goes with <c>schedule.explain</c>.</summary>
public sealed record ExplanationDefinition
{
    /// <summary>A feature of few public values, or the column that was encoded as <c>name=value</c> features.</summary>
    public string FairnessFeature { get; init; } = "";

    /// <summary>Its public values, at most 16; empty for an encoded column.</summary>
    public IReadOnlyList<double> FairnessValues { get; init; } = [];
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

    /// <summary>Part of the budget for the explanation round, if the schedule has one.</summary>
    public double ExplainShare { get; init; } = 0.1;
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

    /// <summary>Softmax, or a network with softmax output: names of the classes in ascending ordinal order.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Network: widths of its one or two hidden layers, each 1 to 4096.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [];

    /// <summary>Network: null is tanh.</summary>
    public NetworkActivation? Activation { get; init; }

    /// <summary>Network: what it predicts. Null: classes if there are any, else the probability of the positive class.</summary>
    public NetworkOutput? Output { get; init; }

    /// <summary>Only for kind statistics: the questions. Columns are the features; the schedule and the training settings but the greatest rows follow from them.</summary>
    public StatisticsDefinition? Statistics { get; init; }

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

    /// <summary>How the server's rate changes from round to round. Null: it stays.</summary>
    public ServerScheduleDefinition? ServerSchedule { get; init; }

    /// <summary>μ of FedProx; 0 = not.</summary>
    public double ProximalWeight { get; init; }

    /// <summary>Batches whose gradients make one local step.</summary>
    public int AccumulatedBatches { get; init; } = 1;

    /// <summary>Clients correct their local steps by the mean of all clients' gradients, which each training sum then holds besides the updates.</summary>
    public bool CorrectDrift { get; init; }

    /// <summary>Largest L2 norm of the gradient that corrects drift. Null: the clip norm of updates.</summary>
    public double? GradientClipNorm { get; init; }

    /// <summary>Each training round tells how far the clients' updates lie apart.</summary>
    public bool MeasureDrift { get; init; }
}

/// <summary>The server's rate from round to round.</summary>
public sealed record ServerScheduleDefinition
{
    public ServerScheduleKind Kind { get; init; } = ServerScheduleKind.Constant;

    /// <summary>Training rounds of a linear warm-up.</summary>
    public int WarmUpRounds { get; init; }

    /// <summary>Cosine: least factor, 0 to 1.</summary>
    public double Floor { get; init; }

    /// <summary>Step: training rounds between two steps.</summary>
    public int StepRounds { get; init; } = 10;

    /// <summary>Step: factor of each, in (0, 1].</summary>
    public double StepFactor { get; init; } = 0.5;
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

    /// <summary>An evaluation round after so many training rounds, beside the last; 0 = only the last. Each takes its part of the budget's evaluation share.</summary>
    public int EvaluateEvery { get; init; }

    /// <summary>Evaluations in a row without improvement after which training stops; 0 = never early. What the schedule did not use stays unspent.</summary>
    public int Patience { get; init; }

    /// <summary>By how much the federated loss has to fall below the least so far to count as an improvement.</summary>
    public double LeastImprovement { get; init; }

    /// <summary>Rounds open only when enough clients wait for one, for tasks that go on as data come.</summary>
    public bool WaitForClients { get; init; }

    /// <summary>Training rounds by which the model that an update was computed on may be older than the round's.</summary>
    public int GreatestStaleness { get; init; }

    /// <summary>One more round at the end that explains the finished model.</summary>
    public bool Explain { get; init; }
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
