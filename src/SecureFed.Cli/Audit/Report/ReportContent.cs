using System.Globalization;
using System.Text.Json;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;

namespace SecureFed.Cli.Audit.Report;

/// <summary>What a report says, once for the HTML file and once for <c>--json</c>. Every figure is the fold's over the entries, or the parameters'.</summary>
internal sealed record ReportContent
{
    public int SchemaVersion { get; init; } = 1;

    public required bool Verified { get; init; }

    /// <summary>Whether the reader named the key of the log; if not, "verified" says only that the files belong together.</summary>
    public required bool Pinned { get; init; }

    /// <summary>One sentence: verified or not, of what, under which checkpoint.</summary>
    public required string Headline { get; init; }

    /// <summary>The task's name; its identifier if the parameters are not known.</summary>
    public required string Title { get; init; }

    public required string? Task { get; init; }

    public required string? Origin { get; init; }

    public required ulong? Entries { get; init; }

    public required string? Root { get; init; }

    /// <summary>The figures that are looked for first.</summary>
    public required IReadOnlyList<ReportField> Summary { get; init; }

    public required IReadOnlyList<ReportStep> Steps { get; init; }

    /// <summary>Null without noise, or if it could not be recomputed.</summary>
    public required ReportBudget? Budget { get; init; }

    public required IReadOnlyList<ReportRound> Rounds { get; init; }

    /// <summary>Null for a masked task, or if nothing says how it encrypts.</summary>
    public required ReportEncryption? Encryption { get; init; }

    public required IReadOnlyList<ReportField> Parameters { get; init; }

    /// <summary>The fields of NIST SP 800-226 and of the differential-privacy deployment registry.</summary>
    public required IReadOnlyList<ReportField> PrivacyStatement { get; init; }

    public required IReadOnlyList<ReportModel> Lineage { get; init; }

    public required IReadOnlyList<ReportKey> Custody { get; init; }

    /// <summary>Every requested change of the task.</summary>
    public required IReadOnlyList<ReportApproval> Approvals { get; init; }

    /// <summary>What was checked of them, or that there are none.</summary>
    public required string ApprovalNote { get; init; }

    /// <summary>The roster at the task's creation and every later one; counts only where blobs were read.</summary>
    public required IReadOnlyList<ReportEnrolment> Enrolment { get; init; }

    /// <summary>Aborts, suspects, deletions, an early end, a failed verification.</summary>
    public required IReadOnlyList<ReportDeviation> Deviations { get; init; }

    /// <summary>What the log, the server and model readers learn, and what not.</summary>
    public required IReadOnlyList<string> Leakage { get; init; }

    /// <summary>What the model goes by, recomputed from the blobs; null without them or without an explanation round.</summary>
    public required ExplanationView? Explanation { get; init; }

    /// <summary>Loss after each training round on rows that the maker of the report holds; null where nobody measured it: the log has no such figure.</summary>
    public IReadOnlyList<ReportLoss>? LearningCurve { get; init; }

    /// <summary>Every evaluation on the clients' rows, recomputed from the blobs; empty without them.</summary>
    public required IReadOnlyList<ReportEvaluation> Evaluations { get; init; }

    /// <summary>How far the clients' updates lay apart in each training round, recomputed from the blobs; empty where it was not measured.</summary>
    public required IReadOnlyList<ReportDrift> Drift { get; init; }

    public static ReportContent Of(AuditResult result)
    {
        EntryAudit audit = result.Entries;
        Checkpoint? tree = result.Checkpoint?.Checkpoint;
        string? task = audit.Created is null ? null : audit.TaskId.ToString();
        return new ReportContent
        {
            Verified = result.IsVerified,
            Pinned = result.Trust.PinnedBy is not null,
            Headline = HeadlineOf(result, tree),
            Title = audit.Parameters?.Name ?? task ?? "unknown task",
            Task = task,
            Origin = tree?.Origin,
            Entries = tree?.Size,
            Root = tree?.Root.ToString(),
            Summary = ReportFields.Summary(result),
            Steps = [.. result.Steps.Select(s => new ReportStep(s.Name, AuditOutput.WordOf(s.Status), s.Detail))],
            Budget = BudgetOf(result),
            Rounds = [.. audit.Rounds.Select(RoundOf)],
            Encryption = ReportEncryption.Of(result),
            Parameters = ReportFields.Parameters(audit),
            PrivacyStatement = ReportFields.Statement(audit, result.Budget),
            Lineage = LineageOf(audit),
            Custody = ReportFields.Custody(result),
            Approvals = [.. audit.Changes.Select(ReportApproval.Of)],
            ApprovalNote = ReportApproval.NoteOf(result),
            Enrolment = EnrolmentOf(result),
            Deviations = DeviationsOf(result),
            Leakage = ReportFields.Leakage(audit),
            Explanation = result.Explanation,
            Evaluations = [.. FiguresOf(result).Where(f => f.Metrics is not null).Select(f => new ReportEvaluation(f.Round, f.Metrics!.Rows, f.Metrics.Loss, f.Metrics.Auc, f.Metrics.Accuracy, f.Metrics.Rmse))],
            Drift = [.. FiguresOf(result).Where(f => f.Drift is not null).Select(f => new ReportDrift(f.Round, f.Drift!.Dispersion, f.Drift.SquaredMeanNorm, f.Drift.Deviation))],
        };
    }

    private static IReadOnlyList<RoundFigures> FiguresOf(AuditResult result) => result.Figures ?? [];

    private static string HeadlineOf(AuditResult result, Checkpoint? tree)
    {
        if (result.Fault is { } fault)
            return $"Not verified: {fault.Place}: {fault.Message}";
        string key = result.Trust.PinnedBy is null ? "under a key that came with the log and was not pinned" : $"under the key pinned by {Path.GetFileName(result.Trust.PinnedBy)}";
        return string.Create(CultureInfo.InvariantCulture, $"Verified: {tree!.Size} entries {key}");
    }

    private static ReportBudget? BudgetOf(AuditResult result) => result.Budget is not { } budget ? null : new ReportBudget(
        budget.Unit.ToString().ToLowerInvariant(),
        budget.Epsilon,
        budget.EpsilonSpent,
        budget.Views.Server,
        budget.Views.ModelReaders,
        budget.Delta,
        budget.Order,
        budget.Units,
        budget.Spent,
        budget.Left,
        [.. result.Entries.Rounds.Select(r => new ReportPoint(r.Number, r.EpsilonAfter ?? 0, r.Charge, (r.Budget ?? BudgetState.Void).ToString().ToLowerInvariant()))]);

    private static ReportRound RoundOf(AuditedRound round) => new(
        round.Number,
        round.RoundId.ToString(),
        round.Kind.ToString().ToLowerInvariant(),
        round.Phase.ToString().ToLowerInvariant(),
        round.Cohort,
        round.LeastSurvivors,
        round.Survivors,
        round.Dropped,
        round.Leaves,
        round.LostLeaves,
        round.AbortReason,
        round.OpenIndex);

    private static IReadOnlyList<ReportModel> LineageOf(EntryAudit audit) => audit.Created is not { } created
        ? []
        : [new ReportModel(0, null, created.ModelDigest.ToString()), .. audit.Rounds.Where(r => r.ModelDigest is not null).Select(r => new ReportModel(r.Number, r.ParentDigest.ToString(), r.ModelDigest!.Value.ToString()))];

    private static IReadOnlyList<ReportEnrolment> EnrolmentOf(AuditResult result) => [.. result.Entries.Rosters.Select(roster =>
    {
        EnrolmentChange? change = result.Replay?.Enrolments.FirstOrDefault(e => e.Index == roster.Index);
        return new ReportEnrolment(
            roster.Index,
            roster.Digest.ToString(),
            change?.Sequence,
            change?.Counts.ToDictionary(c => JsonNamingPolicy.CamelCase.ConvertName(c.Role.ToString()), c => new ReportEnrolmentCount(c.Added, c.Removed), StringComparer.Ordinal));
    })];

    private static IReadOnlyList<ReportDeviation> DeviationsOf(AuditResult result)
    {
        List<ReportDeviation> deviations = [];
        foreach (AuditedRound round in result.Entries.Rounds)
        {
            if (round.AbortReason is { } reason)
                deviations.Add(new ReportDeviation(round.Number, round.Phase == RoundPhase.Closed ? $"no model follows from the sum: {reason}" : $"aborted: {reason}"));
            if (round.LostLeaves > 0)
                deviations.Add(new ReportDeviation(round.Number, string.Create(CultureInfo.InvariantCulture, $"{round.LostLeaves} of {round.Leaves} leaves lost")));
            if (round.Suspects.Count > 0)
                deviations.Add(new ReportDeviation(round.Number, $"wrong or missing shares between these pseudonyms, honest ones can be among them: {string.Join(", ", round.Suspects)}"));
            if (round.VectorsDeleted is { } entry)
                deviations.Add(new ReportDeviation(round.Number, string.Create(CultureInfo.InvariantCulture, $"uploaded vectors deleted by retention, entry {entry}")));
        }

        if (result.Entries.FinishReason.Length > 0)
            deviations.Add(new ReportDeviation(null, $"the task was given up: {result.Entries.FinishReason}"));
        if (result.Fault is { } fault)
            deviations.Add(new ReportDeviation(null, $"verification failed at {fault.Place}: {fault.Message}"));
        return deviations;
    }
}

/// <summary>One part of the verification.</summary>
internal sealed record ReportStep(string Name, string Status, string Detail);

/// <summary>A field of a table.</summary>
internal sealed record ReportField(string Name, string Value);

/// <summary>One round. <paramref name="Least"/> is S_min, <paramref name="Entry"/> its ROUND_OPENED.</summary>
internal sealed record ReportRound(int Round, string Id, string Kind, string State, int Cohort, int Least, int Survivors, int Dropped, int Leaves, int LostLeaves, string? Reason, ulong Entry);

/// <summary>A model and its parent; round 0 is the initial one.</summary>
internal sealed record ReportModel(int Round, string? Parent, string Model);

/// <summary>A roster in force from an entry on. Sequence and changes since the one before, by role, are null for the first and where no blobs were read.</summary>
internal sealed record ReportEnrolment(ulong Entry, string Roster, ulong? Sequence, IReadOnlyDictionary<string, ReportEnrolmentCount>? Changes);

/// <summary>Members of one role.</summary>
internal sealed record ReportEnrolmentCount(int Added, int Removed);

/// <summary>Mean loss after a training round.</summary>
internal sealed record ReportLoss(int Round, double Loss);

/// <summary>An evaluation round. What the model has no such metric of is null.</summary>
internal sealed record ReportEvaluation(int Round, long Rows, double Loss, double? Auc, double? Accuracy, double? Rmse);

/// <summary>Drift in a training round: <see cref="DriftView"/>.</summary>
internal sealed record ReportDrift(int Round, double Dispersion, double SquaredMeanNorm, double Deviation);

/// <summary>A key that the report depends on.</summary>
internal sealed record ReportKey(string Role, string Fingerprint, string Source);

/// <summary>Something that did not go as planned; round null for the task.</summary>
internal sealed record ReportDeviation(int? Round, string What);

/// <summary>ε after a round, with what the round was charged.</summary>
internal sealed record ReportPoint(int Round, double Epsilon, long Charge, string State);

/// <summary>The budget against its cap.</summary>
internal sealed record ReportBudget(
    string Unit, double Cap, double EpsilonSpent, double EpsilonOfServer, double EpsilonOfModelReaders, double Delta, int Order, long Units, long Spent, long Left, IReadOnlyList<ReportPoint> Points);
