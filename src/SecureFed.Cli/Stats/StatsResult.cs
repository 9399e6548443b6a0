using SecureFed.Cli.Audit;
using SecureFed.Cli.Demo;
using SecureFed.Learning.Statistics;
using SecureFed.Protocol.Resources;

namespace SecureFed.Cli.Stats;

/// <summary>What was answered.</summary>
/// <param name="Seconds">From start to verification.</param>
/// <param name="Answers">With error bounds.</param>
/// <param name="Exact">The same from all rows in one place; null where nobody has them.</param>
/// <param name="Rounds">Failed ones included.</param>
/// <param name="Budget">Null without noise.</param>
/// <param name="Audit">Null for a task of a running server, whose log <c>audit verify</c> reads.</param>
/// <param name="Sums">What the sums were compared with; null for a running server.</param>
internal sealed record StatsResult(
    double Seconds,
    IReadOnlyList<StatisticAnswer> Answers,
    IReadOnlyList<IReadOnlyList<double>>? Exact,
    IReadOnlyList<RoundView> Rounds,
    BudgetView? Budget,
    AuditResult? Audit,
    SumCheck? Sums);
