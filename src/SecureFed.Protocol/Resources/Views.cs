using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Protocol.Resources;

/// <summary>Body of <c>GET /v1/tasks/{task}</c>.</summary>
/// <param name="TaskId">Task.</param>
/// <param name="Name">Name.</param>
/// <param name="ParametersDigest">SHA-256 of <c>GET …/parameters</c>.</param>
/// <param name="ModelDigest">Current global model, at <c>/v1/models/{digest}</c>.</param>
/// <param name="Round">The round in progress or the last one; null before the first.</param>
/// <param name="CompletedRounds">Rounds that gave their result.</param>
/// <param name="ScheduledRounds">Rounds of the whole schedule, as extended.</param>
/// <param name="Finished">No further round will open; for the reason <c>budget-exhausted</c> only as long as no raise is approved.</param>
/// <param name="FinishReason">Empty if the schedule was completed, else an error code.</param>
/// <param name="Entries">Log entries so far.</param>
/// <param name="ApprovedChanges">Changes in force, at <c>GET …/changes</c>.</param>
/// <param name="AwaitsApproval">No round opens because nobody has approved the start.</param>
public sealed record TaskView(
    string TaskId,
    string Name,
    string ParametersDigest,
    string ModelDigest,
    RoundView? Round,
    int CompletedRounds,
    int ScheduledRounds,
    bool Finished,
    string FinishReason,
    ulong Entries,
    int ApprovedChanges = 0,
    bool AwaitsApproval = false);

/// <summary>Body of <c>GET …/holder-keys/{holder}</c>.</summary>
/// <param name="LastNumber">Number of the last key offered; 0 if there is none.</param>
/// <param name="Ahead">Offered keys that no round has taken yet.</param>
public sealed record HolderKeysView(ulong LastNumber, int Ahead);

/// <summary>Body of <c>GET …/rounds/{round}</c>.</summary>
/// <param name="RoundId">Round.</param>
/// <param name="Number">1, 2, … in the task.</param>
/// <param name="Kind">What is summed.</param>
/// <param name="Phase">Where it stands.</param>
/// <param name="Cohort">n, once published.</param>
/// <param name="Survivors">Updates in the sum, once listed.</param>
/// <param name="AbortReason">Error code of an aborted round.</param>
/// <param name="Leaves">Ids of its leaves, if the round has more than one: each has a state of its own.</param>
public sealed record RoundView(string RoundId, int Number, RoundKind Kind, RoundPhase Phase, int Cohort, int Survivors, string? AbortReason, IReadOnlyList<string>? Leaves = null)
{
    /// <summary>Views are compared to see whether anything changed: leaves by their ids.</summary>
    public bool Equals(RoundView? other) =>
        other is not null
        && (RoundId, Number, Kind, Phase, Cohort, Survivors, AbortReason) == (other.RoundId, other.Number, other.Kind, other.Phase, other.Cohort, other.Survivors, other.AbortReason)
        && (Leaves ?? []).SequenceEqual(other.Leaves ?? [], StringComparer.Ordinal);

    public override int GetHashCode() => HashCode.Combine(RoundId, Phase, Survivors);
}

/// <summary>One item of <c>GET /v1/tasks/{task}/changes</c>: a request for a change and its approval. The two signed blobs say it all; the rest is what they hold.</summary>
/// <param name="ChangeId">Identifier of the request.</param>
/// <param name="Kind">What changes.</param>
/// <param name="Epsilon">ε of the whole task afterwards; null unless the budget is raised.</param>
/// <param name="TrainRounds">Training rounds afterwards; null unless the schedule is extended.</param>
/// <param name="Requester">Operator.</param>
/// <param name="ExpiresAt">Unix time in seconds: no approval is accepted later.</param>
/// <param name="Reason">The operator's words.</param>
/// <param name="RequestDigest">SHA-256 of the signed request: what an approval names.</param>
/// <param name="RequestEntry">Log index of the request.</param>
/// <param name="Approver">Null while nobody has approved it.</param>
/// <param name="ApprovalEntry">Log index from which on it is in force.</param>
/// <param name="SignedRequest">Base64.</param>
/// <param name="SignedApproval">Base64.</param>
public sealed record ChangeView(
    string ChangeId,
    ChangeKind Kind,
    double? Epsilon,
    int? TrainRounds,
    string Requester,
    ulong ExpiresAt,
    string Reason,
    string RequestDigest,
    ulong RequestEntry,
    string? Approver,
    ulong? ApprovalEntry,
    string SignedRequest,
    string? SignedApproval)
{
    public static ChangeView Of(ChangeRecord change)
    {
        ChangeRequest request = change.Request.Request;
        return new ChangeView(
            request.ChangeId.ToString(),
            request.Kind,
            request.Kind == ChangeKind.RaiseBudget ? request.Epsilon : null,
            request.Kind == ChangeKind.ExtendSchedule ? request.TrainRounds : null,
            request.Requester.ToString(),
            request.ExpiresAt,
            request.Reason,
            change.Request.Digest.ToString(),
            change.RequestIndex,
            change.Approval?.Approver.ToString(),
            change.ApprovalIndex,
            Convert.ToBase64String(change.Request.Bytes.Span),
            change.Approval is { } approval ? Convert.ToBase64String(approval.Bytes.Span) : null);
    }
}

/// <summary>One item of <c>GET /v1/tasks/{task}/participation</c>: a released sum and the nearest earlier one of its kind.</summary>
/// <param name="Round">Number of the round.</param>
/// <param name="RoundId">Its id, or the leaf's.</param>
/// <param name="Kind">What was summed.</param>
/// <param name="Survivors">Updates in the sum.</param>
/// <param name="NearestRound">The earlier round with the most similar survivors that are not the same; null if there is none.</param>
/// <param name="Difference">By how many clients the two differ; at least the task's leastDifference.</param>
public sealed record ParticipationView(int Round, string RoundId, RoundKind Kind, int Survivors, int? NearestRound, int? Difference);

/// <summary>Body of <c>GET /v1/tasks/{task}/budget</c>: filter and odometer of a task with noise.</summary>
/// <param name="Unit">Whose presence is hidden.</param>
/// <param name="DataSet">Data set whose budget the task shares.</param>
/// <param name="Epsilon">ε of the whole task.</param>
/// <param name="Delta">δ.</param>
/// <param name="Order">Order of Rényi divergence at which the task accounts.</param>
/// <param name="Units">The budget in units of 10⁻¹² of that divergence.</param>
/// <param name="Spent">Units committed.</param>
/// <param name="Reserved">Units of the round in progress.</param>
/// <param name="Left">Units left.</param>
/// <param name="EpsilonSpent">ε of what is committed or reserved.</param>
/// <param name="Views">The same for two readers.</param>
/// <param name="Releases">Noise and cost by kind of round.</param>
/// <param name="Entries">Every charge.</param>
/// <param name="Refusal">Why the next round of the schedule cannot open: requested, spent and left; null if it can, or if there is none.</param>
public sealed record BudgetView(
    PrivacyUnit Unit,
    string DataSet,
    double Epsilon,
    double Delta,
    int Order,
    long Units,
    long Spent,
    long Reserved,
    long Left,
    double EpsilonSpent,
    PrivacyViews Views,
    IReadOnlyList<ReleaseView> Releases,
    IReadOnlyList<ChargeView> Entries,
    string? Refusal);

/// <summary>ε so far for two readers.</summary>
/// <param name="Server">Server with colluding clients, who know their own noise: the headline.</param>
/// <param name="ModelReaders">Who reads the published models and colludes with nobody, a client for example: all survivors' noise but one share counts.</param>
public sealed record PrivacyViews(double Server, double ModelReaders);

/// <summary>One kind of release.</summary>
public sealed record ReleaseView(RoundKind Kind, double NoiseMultiplier, double SamplingRate, long Charge);

/// <summary>One charge; <paramref name="State"/> is reserved, committed or void.</summary>
public sealed record ChargeView(int Round, RoundKind Kind, long Units, BudgetState State);

/// <summary>Body of <c>GET …/rounds/{round}/manifest</c>: what a finished round leaves for auditors.</summary>
/// <param name="Round">State.</param>
/// <param name="OpenDigest">openDigest.</param>
/// <param name="AggregateDigest">SHA-256 of <c>GET …/aggregate</c>.</param>
/// <param name="MaskTotalDigest">SHA-256 of the removed masks: aggregate = Σ uploads − masks.</param>
/// <param name="Segments">How the sum is to be read.</param>
/// <param name="RingBits">b.</param>
/// <param name="NoiseDeviation">Standard deviation of the noise in every coordinate of the sum, integer units; 0 without noise.</param>
/// <param name="Metrics">Federated metrics, for an evaluation round.</param>
/// <param name="Suspects">Pseudonyms of clients with wrong or missing shares between them; honest ones can be among them.</param>
/// <param name="Drift">How far the updates of a training round lie apart; null unless the task measures it.</param>
/// <param name="Explanation">What the model goes by, for an explanation round.</param>
public sealed record ManifestView(
    RoundView Round,
    string OpenDigest,
    string? AggregateDigest,
    string? MaskTotalDigest,
    IReadOnlyList<SegmentView> Segments,
    int RingBits,
    double NoiseDeviation,
    MetricsView? Metrics,
    IReadOnlyList<string> Suspects,
    DriftView? Drift = null,
    ExplanationView? Explanation = null);

/// <summary>How far the updates of a training round lie apart, if its task measures that; of no client by itself.</summary>
/// <param name="Dispersion">Mean of ‖Δ_i - mean‖² weighted by rows (FedSGD: of the gradients, all alike), at least 0.</param>
/// <param name="SquaredMeanNorm">‖mean‖². A dispersion far above it says that the clients pull in different directions.</param>
/// <param name="Deviation">Standard deviation of the noise in the dispersion; 0 without noise.</param>
public sealed record DriftView(double Dispersion, double SquaredMeanNorm, double Deviation);

/// <param name="Name">Name.</param>
/// <param name="Length">Coordinates in the sum.</param>
/// <param name="ClipNorm">C.</param>
/// <param name="ScaleExponent">log₂ s.</param>
/// <param name="FlattenedLength">Coordinates before flattening, which is to be taken back after the scale; null if the segment is not flattened.</param>
public sealed record SegmentView(string Name, int Length, double ClipNorm, int ScaleExponent, int? FlattenedLength = null);

/// <summary>Federated metrics over the survivors' rows.</summary>
/// <param name="Rows">Rows.</param>
/// <param name="Loss">Mean loss without penalty.</param>
/// <param name="Auc">Null unless there are two classes.</param>
/// <param name="Accuracy">Null for a number.</param>
/// <param name="Rmse">Null for classes.</param>
/// <param name="R2">Null for classes.</param>
/// <param name="Classes">Each of several classes, without record-level noise; else null.</param>
public sealed record MetricsView(long Rows, double Loss, double? Auc, double? Accuracy, double? Rmse, double? R2, IReadOnlyList<ClassView>? Classes = null);

/// <summary>One of several classes in an evaluation.</summary>
/// <param name="Name">Class.</param>
/// <param name="Rows">Rows of the class.</param>
/// <param name="Correct">Those of them that were predicted correctly.</param>
/// <param name="Predicted">How often they were taken for each class, in the order of the classes; null with more than 32.</param>
public sealed record ClassView(string Name, long Rows, long Correct, IReadOnlyList<long>? Predicted);

/// <summary>One item of <c>GET …/models</c>: the lineage.</summary>
public sealed record ModelView(int Round, RoundKind Kind, string ModelDigest);

/// <summary>One item of <c>GET …/entries</c>, until the log is served as tiles.</summary>
public sealed record EntryView(ulong Index, string Type, string Sha256, string Entry, string Signature);

/// <summary>Body of <c>GET /v1/clients/{client}</c>.</summary>
public sealed record IdentityView(string Id, string Role, string Organisation);

/// <summary>The roster in force after it was published.</summary>
/// <param name="Sequence">Its number.</param>
/// <param name="Digest">SHA-256 of the signed roster.</param>
/// <param name="Members">Identities of all roles.</param>
/// <param name="ClientOrganisations">Distinct organisations with a client.</param>
/// <param name="Tasks">Every task that is not finished.</param>
public sealed record RosterView(ulong Sequence, string Digest, int Members, int ClientOrganisations, IReadOnlyList<RosterTaskView> Tasks);

/// <summary>What a published roster means for a task.</summary>
/// <param name="TaskId">Task.</param>
/// <param name="Sequence">Number of the roster of its current or next round.</param>
/// <param name="Refusal">Why the task goes on under its own roster; null if it has taken over the new one, or does so before its next round.</param>
public sealed record RosterTaskView(string TaskId, ulong Sequence, string? Refusal);
