using System.Globalization;
using System.Text.Json;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Tasks;

namespace SecureFed.Cli.Audit;

/// <summary>Verifies a task's log in one pass: signature, tiles, transitions and budget, and with blobs every message, list, sum and model again.</summary>
/// <remarks>Nothing is kept of the entries but what the folds need, so a log of any length is verified in the memory of its largest round.</remarks>
/// <param name="place">Where the log is.</param>
/// <param name="trust">Whom the auditor believes.</param>
/// <param name="progress">Told the number of entries now and then; null if nobody watches.</param>
internal sealed class AuditRun(AuditPlace place, AuditTrust trust, Action<ulong>? progress = null)
{
    /// <summary>Code of a published budget that the entries do not give.</summary>
    public const string BudgetMismatch = "budget-mismatch";

    private const ulong ProgressStep = 4096;
    private const double Tolerance = 1e-12;
    private const string NoNoise = "the task adds no noise and promises none";
    private static readonly string[] Order = ["signature", "history", "tiles", "entries", "budget", "messages", "sums", "models"];
    private readonly List<AuditStep> steps = [];
    private readonly List<RoundFigures> told = [];

    // The part that found a fault in blobs; null if none did.
    private string? failedReplay;

    /// <param name="earlier">A checkpoint of an earlier visit, as its file holds it, with the file's name; null on the first.</param>
    /// <param name="task">The task that the log must be of; null for whichever it is.</param>
    public AuditResult Execute((string Name, byte[] Note)? earlier = null, Identifier? task = null)
    {
        EntryAudit entries = new(digest => FindBlob(digest, task));
        TaskReplay? replay = place.Blobs is { } blobs && trust.RosterAuthority is { } authority
            ? new TaskReplay(blobs, authority, state => ModelStep.Next(state, blobs), ModelStep.First)
            : null;
        SignedCheckpoint? since = null;
        AuditFault? fault = earlier is { } visit && trust.Policy.Open(visit.Note, out since) is { } untrusted
            ? new AuditFault(visit.Name, null, untrusted.Code, $"The earlier checkpoint does not satisfy the policy: {untrusted.Detail}")
            : null;
        SignedCheckpoint? checkpoint = null;
        if (fault is null)
            (checkpoint, fault) = VerifyLog(entries, replay, since, task);
        BudgetView? budget = fault is null ? entries.ReadBudget() : null;
        if (fault is null)
            fault = CompareBudget(entries, budget);
        if (fault is null)
            fault = CloseReplay(replay, entries);
        if (fault is null && place.FindModelFault(entries.TaskId, entries.ModelDigest) is { } foreign)
        {
            steps.RemoveAll(s => string.Equals(s.Name, "models", StringComparison.Ordinal));
            Add("models", AuditStatus.Failed, $"{ModelFile.Name}: {foreign}");
            fault = new AuditFault(ModelFile.Name, null, ErrorCodes.ModelMismatch, foreign);
        }

        foreach (string missed in Order.Except(steps.Select(s => s.Name), StringComparer.Ordinal).ToArray())
            Add(missed, AuditStatus.NotReached, "an earlier part failed");
        return new AuditResult(place.Name, trust, checkpoint, [.. steps.OrderBy(s => Array.IndexOf(Order, s.Name))], fault, entries, replay, budget, fault is null ? ReadExplanation(replay) : null, told);
    }

    /// <summary>From the sum and the model that the replay has just checked.</summary>
    private ExplanationView? ReadExplanation(TaskReplay? replay) =>
        replay?.State is { Round: { } last } state && place.Blobs is { } blobs ? ModelStep.TryExplain(state.Parameters, last, blobs) : null;

    private ReadOnlyMemory<byte>? FindBlob(Digest digest, Identifier? task)
    {
        try
        {
            if (place.Blobs is { } blobs)
                return blobs.Get(digest);
            if (task is { } known && place.FindParameters(known) is { } served)
                return served;
            return default(ReadOnlyMemory<byte>?); // Not null: that would convert to an empty blob by way of an array.
        }
        catch (KeyNotFoundException)
        {
            return null; // The replay says which blob is missing.
        }
    }

    private (SignedCheckpoint? Checkpoint, AuditFault? Fault) VerifyLog(EntryAudit entries, TaskReplay? replay, SignedCheckpoint? since, Identifier? task)
    {
        LogVerification log = new LogVerifier(place.Log, trust.Policy).Verify((index, entry) => Check(index, entry, entries, replay), since);
        LogFault? first = log.Fault;
        if (log.Checkpoint is not { } signed)
        {
            Add("signature", AuditStatus.Failed, first!.Rejection.Detail);
            return (null, ToFault(first));
        }

        Checkpoint tree = signed.Checkpoint;
        AuditFault? named = first is null or { Rejection.Code: ErrorCodes.HistoryRewritten } ? FindForeignName(signed, entries, task) : null;
        Add("signature", named is null ? AuditStatus.Passed : AuditStatus.Failed, named?.Message ?? DescribeSigners(signed));
        if (named is not null)
            return (signed, named);
        if (first is { Rejection.Code: ErrorCodes.HistoryRewritten } && since is not null)
        {
            Add("history", AuditStatus.Failed, first.Rejection.Detail);
            return (signed, ToFault(first));
        }

        Add("history", since is null ? AuditStatus.NotPossible : first is null ? AuditStatus.Passed : AuditStatus.NotReached, since is null
            ? "no earlier checkpoint was given (--since); nothing tells whether this history was always so"
            : first is null ? Text($"continues the checkpoint of {since.Checkpoint.Size} entries") : "an earlier part failed");
        if (first is null)
        {
            Add("tiles", AuditStatus.Passed, Text($"every tile and all {tree.Size} leaves give the signed root {tree.Root}"));
            Add("entries", AuditStatus.Passed, DescribeEntries(entries));
            return (signed, null);
        }

        bool isEntry = first is { Rejection.Code: ErrorCodes.IllegalEntry };
        Add("tiles", isEntry ? AuditStatus.Passed : AuditStatus.Failed, isEntry ? Text($"{first.EntryIndex + 1} of {tree.Size} leaves give the signed root; then the entries went wrong") : first.Rejection.Detail);
        if (isEntry)
            Add("entries", failedReplay is null ? AuditStatus.Failed : AuditStatus.Passed, failedReplay is null ? first.Rejection.Detail : Text($"legal up to entry {first.EntryIndex}"));
        if (failedReplay is not null)
            Add(failedReplay, AuditStatus.Failed, first.Rejection.Detail);
        return (signed, ToFault(first));
    }

    private RoundRejection? Check(ulong index, ReadOnlyMemory<byte> entry, EntryAudit entries, TaskReplay? replay)
    {
        if (index % ProgressStep == 0)
            progress?.Invoke(index);
        if (entries.Add(index, entry.Span) is { } rejection)
            return rejection;
        if (replay is null)
            return null;
        bool isEntry = LogEntry.TryDecode(entry.Span, out LogEntry? read);
        if ((replay.Add(index, entry.Span) ?? FindDamagedOutcome(index, read)) is { } fault)
        {
            failedReplay = isEntry ? PartOf(read!.Event) : "messages";
            return new RoundRejection(ErrorCodes.IllegalEntry, fault);
        }

        if (read?.Event is TaskEvent.RoundClosed)
            ReadFigures(replay.State!);
        return null;
    }

    /// <summary>From the sum that the replay has just checked.</summary>
    private void ReadFigures(TaskState state)
    {
        RoundFigures read = new(
            state.Round!.Parameters.Number,
            ModelStep.TryEvaluate(state.Parameters, state.Round, place.Blobs!),
            ModelStep.TryMeasureDrift(state.Parameters, state.Round, place.Blobs!));
        if (read.Metrics is not null || read.Drift is not null)
            told.Add(read);
    }

    private static string PartOf(TaskEvent change) => change switch
    {
        TaskEvent.RoundClosed => "sums",
        TaskEvent.ModelPublished or TaskEvent.ModelRefused => "models",
        _ => "messages",
    };

    /// <summary>The replay computes what a round gave and compares digests; whether those who read the blobs get the same is looked at here.</summary>
    private string? FindDamagedOutcome(ulong index, LogEntry? entry)
    {
        Digest[] outcome = entry?.Event switch
        {
            TaskEvent.TaskCreated created => [created.ModelDigest],
            TaskEvent.RoundClosed closed => [closed.AggregateDigest, closed.MaskTotalDigest],
            TaskEvent.ModelPublished published => [published.ModelDigest],
            _ => [],
        };
        foreach (Digest digest in outcome)
        {
            try
            {
                if (Digest.Of(place.Blobs!.Get(digest).Span) != digest)
                    return Text($"Entry {index}: Blob {digest} holds other bytes than its name says.");
            }
            catch (KeyNotFoundException)
            {
                return Text($"Entry {index}: Blob {digest} is missing.");
            }
        }

        return null;
    }

    /// <summary>A checkpoint of one task must not pass for another's: the log's name holds its key and its task (<see cref="LogOrigin"/>).</summary>
    private AuditFault? FindForeignName(SignedCheckpoint signed, EntryAudit entries, Identifier? task)
    {
        string origin = signed.Checkpoint.Origin;
        if (entries.Created is null)
            return Foreign("The log is empty: it has no TASK_CREATED.");
        if (task is { } wanted && wanted != entries.TaskId)
            return Foreign($"The log is of task {entries.TaskId}, not of {wanted}.");
        NoteVerifier log = signed.Signers.First(s => trust.Policy.Logs.Contains(s));
        return log.Type == NoteKeyType.Ecdsa
            && EcdsaDer.TryReadKey(log.Key.Span, out ReadOnlySpan<byte> key)
            && string.Equals(LogOrigin.Of(key, entries.TaskId), origin, StringComparison.Ordinal)
                ? null
                : Foreign($"The log's name {origin} does not belong to its key and to task {entries.TaskId}.");

        AuditFault Foreign(string message) => new(place.PathOf("checkpoint"), null, ErrorCodes.CheckpointUntrusted, message);
    }

    private string DescribeSigners(SignedCheckpoint signed)
    {
        int witnesses = signed.Signers.Count(s => s.Type == NoteKeyType.Cosignature);
        string key = trust.PinnedBy is { } file
            ? $"the key pinned by {file}"
            : "the key that came with the log, which was not pinned: this shows that the files belong together, not whose they are";
        return Text($"{signed.Checkpoint.Origin}, {signed.Checkpoint.Size} entries, signed with {key}; {witnesses} cosignatures of witnesses");
    }

    private static string DescribeEntries(EntryAudit entries)
    {
        string without = entries.Parameters is null ? "; without the parameters the schedule and the noise are not judged" : "";
        if (entries.HasUnreadChange)
            without = "; approved changes could not be read, so neither they nor schedule and budget after them are judged";
        string end = entries.IsFinished ? $"finished{(entries.FinishReason.Length == 0 ? "" : $" ({entries.FinishReason})")}" : "running";
        return Text($"{entries.EntryCount} legal transitions, {entries.Rounds.Count} rounds, model lineage unbroken, task {end}{without}");
    }

    private AuditFault? CompareBudget(EntryAudit entries, BudgetView? budget)
    {
        if (entries.Parameters is null)
        {
            Add("budget", AuditStatus.NotPossible, "without the task's parameters there is no order and no cap to count with");
            return null;
        }

        if (entries.HasUnreadChange)
        {
            Add("budget", AuditStatus.NotPossible, "a change was approved that this reader is not shown; it may have raised the cap");
            return null;
        }

        string source = place.BudgetSource(entries.TaskId);
        if (place.ReadPublishedBudget(entries.TaskId) is not { } json)
        {
            Add("budget", budget is null ? AuditStatus.Passed : AuditStatus.NotPossible, budget is null
                ? NoNoise
                : Text($"recomputed from the entries: epsilon {budget.EpsilonSpent:R} of {budget.Epsilon:R}; nothing published was found to compare it with"));
            return null;
        }

        if (!TryParseBudget(json, out BudgetView? published))
            return FailBudget(source, "The published budget cannot be read.");
        if (budget is null || published is null)
        {
            if (budget is not null || published is not null)
                return FailBudget(source, budget is null ? "A budget is published, but the task adds no noise." : "No budget is published, but the task adds noise.");
            Add("budget", AuditStatus.Passed, NoNoise);
            return null;
        }

        if (FindDifference(budget, published) is { } difference)
            return FailBudget(source, difference);
        Add("budget", AuditStatus.Passed, Text($"epsilon {budget.EpsilonSpent:R} of {budget.Epsilon:R} at delta {budget.Delta:R}, recomputed from the entries and equal to {source}"));
        return null;
    }

    /// <param name="json">A budget as the server gives it, or <c>{"unit":"none"}</c>.</param>
    /// <param name="budget">Null for the latter.</param>
    private static bool TryParseBudget(byte[] json, out BudgetView? budget)
    {
        budget = null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.TryGetProperty("unit", out JsonElement unit) && unit.ValueEquals("none"))
                return true;
            budget = document.RootElement.Deserialize<BudgetView>(ResourceJson.Options);
            return budget is { Views: not null, Entries: not null, Releases: not null };
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private AuditFault FailBudget(string source, string message)
    {
        Add("budget", AuditStatus.Failed, message);
        return new AuditFault(source, null, BudgetMismatch, message);
    }

    private static string? FindDifference(BudgetView recomputed, BudgetView published)
    {
        if ((recomputed.Unit, recomputed.Order, recomputed.Units, recomputed.Spent, recomputed.Reserved) != (published.Unit, published.Order, published.Units, published.Spent, published.Reserved))
            return Text($"The entries charge {recomputed.Spent} units and reserve {recomputed.Reserved} of {recomputed.Units} at order {recomputed.Order}, unit {recomputed.Unit}; published are {published.Spent}, {published.Reserved}, {published.Units}, {published.Order}, {published.Unit}.");
        (string Name, double Own, double Theirs)[] figures =
        [
            ("epsilon spent", recomputed.EpsilonSpent, published.EpsilonSpent), ("epsilon", recomputed.Epsilon, published.Epsilon), ("delta", recomputed.Delta, published.Delta),
            ("epsilon as the server sees it", recomputed.Views.Server, published.Views.Server), ("epsilon of model readers", recomputed.Views.ModelReaders, published.Views.ModelReaders),
        ];
        return figures.Where(f => !(Math.Abs(f.Own - f.Theirs) <= Tolerance * Math.Abs(f.Own))).Select(f => Text($"The entries give {f.Name} {f.Own:R}; published is {f.Theirs:R}.")).FirstOrDefault()
            ?? (recomputed.Entries.SequenceEqual(published.Entries) && recomputed.Releases.SequenceEqual(published.Releases) ? null : "The published charges or releases are not those of the entries.");
    }

    private AuditFault? CloseReplay(TaskReplay? replay, EntryAudit entries)
    {
        if (replay is null)
        {
            string why = place.Blobs is null ? place.WithoutBlobs : "no roster authority was given (--authority), so nobody says who the clients are";
            foreach (string part in (string[])["messages", "sums", "models"])
                Add(part, AuditStatus.NotPossible, why);
            return null;
        }

        ProtectionWords words = ProtectionWords.Of(entries);
        string enrolled = trust.IsAuthorityPinned ? "the given roster authority" : "the roster authority that the directory itself names, which was not pinned";
        Add("messages", AuditStatus.Passed, Text($"{replay.CheckedMessages} messages carry signatures of {words.Senders} enrolled by {enrolled}; every list follows from them; {replay.State!.Changes.ApprovedCount} changes were approved with four eyes"));
        if (replay.Finish() is { } missing)
        {
            Add("sums", AuditStatus.Failed, missing);
            return new AuditFault(DirectoryPlace.BlobFolder, null, ErrorCodes.IllegalEntry, missing);
        }

        string deleted = replay.SumsWithoutVectors == 0 ? "" : Text($"; {replay.SumsWithoutVectors} more had their uploads deleted by a logged rule, and {words.Removed} alone were recomputed");
        Add("sums", AuditStatus.Passed, Text($"{replay.RecomputedSums} sums are {words.Sum}{deleted}"));
        Add("models", AuditStatus.Passed, Text($"{replay.RecomputedModels} models recomputed from their sums; the last is {entries.ModelDigest}"));
        return null;
    }

    private void Add(string name, AuditStatus status, string detail) => steps.Add(new AuditStep(name, status, detail));

    private AuditFault ToFault(LogFault fault) => new(place.PathOf(fault.Place), fault.EntryIndex, fault.Rejection.Code, fault.Rejection.Detail);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
