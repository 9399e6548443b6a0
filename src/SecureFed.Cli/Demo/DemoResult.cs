using SecureFed.Cli.Audit;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Cli.Demo;

/// <summary>One training round.</summary>
/// <param name="Round">1, 2, … of the training rounds.</param>
/// <param name="Participants">Updates in the sum.</param>
/// <param name="Dropped">Cohort members that are not in it.</param>
/// <param name="Loss">Mean test loss after the round.</param>
/// <param name="Drift">How far the clients' updates lie apart; null unless the task measures it.</param>
internal sealed record DemoRound(int Round, int Participants, int Dropped, double Loss, DriftView? Drift = null);

/// <summary>What a demo found.</summary>
internal sealed record DemoResult(
    double Seconds,
    IReadOnlyList<DemoRound> Rounds,
    int FailedRounds,
    SumCheck Sums,
    BudgetView? Budget,
    ModelMetrics Metrics,
    ModelMetrics Baseline,
    MetricsView? Federated,
    IScoringModel Model,
    Standardizer Standardizer,
    double ClipNorm,
    AuditResult Audit,
    double BytesUpPerClientPerRound,
    double BytesDownPerClientPerRound,
    ModelState State,
    ExplanationView? Explanation = null,
    DemoResumption? Resumed = null);
