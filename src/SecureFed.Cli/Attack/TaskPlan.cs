using SecureFed.Cli.Attack.Serving;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack;

/// <summary>The task that a deviation is tried on: sums of vectors (or a linear model with as many parameters), as small as the thresholds allow.</summary>
internal sealed record TaskPlan
{
    /// <summary>Fewest clients that every task asks for.</summary>
    public const int LeastClients = 6;

    public const int Length = 8;

    /// <summary>Clients that take part; also the greatest cohort.</summary>
    public int Clients { get; init; } = LeastClients;

    /// <summary>Smallest cohort that the task allows.</summary>
    public int Least { get; init; } = LeastClients;

    /// <summary>Rounds that the victim contributes to.</summary>
    public int Rounds { get; init; } = 1;

    /// <summary>A linear model, so that a client that trains on rows can be the victim.</summary>
    public bool IsLinear { get; init; }

    public PrivacyDefinition Privacy { get; init; } = PrivacyDefinition.None;

    /// <summary>How long the cohort may take to assemble.</summary>
    public int AdvertiseMilliseconds { get; init; } = 60_000;

    public decimal Gamma { get; init; } = 0.1m;

    public decimal DeltaDrop { get; init; } = 0.1m;

    /// <summary>How long the server waits for clients that it has made fall behind itself. Long where nobody falls behind, so that a slow machine changes nothing.</summary>
    public int GraceMilliseconds { get; init; } = 30_000;

    public TaskDefinition ToDefinition(Identifier taskId) => new()
    {
        TaskId = taskId.ToString(),
        Name = "hostile server",
        Model = IsLinear ? ServedRows.Model : new ModelDefinition { Kind = TaskModelKind.Vector, Length = Length },
        Training = new TrainingDefinition { ClipNorm = 10, GreatestRows = IsLinear ? ServedRows.Count : 1 },
        Schedule = new ScheduleDefinition { TrainRounds = Rounds, GreatestFailures = 1 },
        Cohort = new CohortDefinition { Least = Least, Greatest = Clients, Gamma = Gamma, DeltaDrop = DeltaDrop },
        Privacy = Privacy with { DataSet = Privacy.Unit == PrivacyUnit.None ? "" : taskId.ToString() },
        Deadlines = new DeadlineDefinition { AdvertiseMilliseconds = AdvertiseMilliseconds, PhaseMilliseconds = 60_000, GraceMilliseconds = GraceMilliseconds },
    };

    /// <summary>Another vector for every client and call, so that no two contributions can be taken for each other.</summary>
    public static double[] UpdateOf(int client, int call) => [.. Enumerable.Range(0, Length).Select(i => 0.25 * (client + 1) - 0.125 * i + call)];
}
