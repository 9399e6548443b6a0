using System.Globalization;
using System.Security.Cryptography;
using SecureFed.Privacy.Accounting;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;

namespace SecureFed.Cli.Audit.Report;

/// <summary>The tables of a report that are words and parameters.</summary>
internal static class ReportFields
{
    private const string Unknown = "not known to this reader: the parameters are a blob, which auditors of the roster are shown";

    /// <summary>Of a verified log only: what was read before a fault is not all there is.</summary>
    public static IReadOnlyList<ReportField> Summary(AuditResult result)
    {
        if (!result.IsVerified)
            return [];
        EntryAudit audit = result.Entries;
        AuditedRound[] summed = [.. audit.Rounds.Where(r => r.Phase == RoundPhase.Closed)];
        int aborted = audit.Rounds.Count(r => r.Phase == RoundPhase.Aborted);
        string end = audit.FinishReason.Length > 0 ? $"given up: {audit.FinishReason}" : audit.IsFinished ? "finished" : "running";
        return
        [
            new("task", end),
            new("rounds", Text($"{summed.Length} closed, {aborted} aborted, {audit.Rounds.Count - summed.Length - aborted} in progress")),
            new("updates in a sum", summed.Length == 0 ? "no sum yet" : Text($"{summed.Min(r => r.Survivors)} to {summed.Max(r => r.Survivors)}, where at least {summed.Min(r => r.LeastSurvivors)} are needed; {summed.Sum(r => r.Dropped)} dropped out in all rounds together")),
            .. ReportEncryption.Of(result)?.Warning is { } warning ? [new ReportField("protection", warning)] : Array.Empty<ReportField>(),
            new("epsilon spent", result.Budget is { } budget ? Text($"{budget.EpsilonSpent:G6} of {budget.Epsilon:G6} at delta {budget.Delta:G3}, for one {budget.Unit.ToString().ToLowerInvariant()}") : "no noise, or not recomputed: nothing bounds what sums reveal together"),
            new("witnesses", result.Trust.Policy.Witnesses.Count == 0 ? "none in the policy" : Text($"{result.Checkpoint?.Signers.Count(s => s.Type == NoteKeyType.Cosignature) ?? 0} of {result.Trust.Policy.Witnesses.Count} of the policy cosigned this checkpoint")),
        ];
    }

    public static IReadOnlyList<ReportField> Parameters(EntryAudit audit)
    {
        if ((audit.InForce ?? audit.Parameters) is not { } task)
            return [new ReportField("task parameters", Unknown), .. DigestsOf(audit)];
        CohortBounds cohort = task.Cohort;
        return
        [
            new("name", task.Name),
            .. DigestsOf(audit),
            new("model", Text($"{task.Model.Kind}, {task.Model.Length} parameters")),
            new("server optimiser", Text($"{task.Training.ServerOptimizer}, learning rate {task.Training.ServerLearningRate}")),
            new("clip norm", task.Training.AdaptiveClip is null ? Text($"{task.Training.ClipNorm}") : Text($"{task.Training.ClipNorm} at first, then a noised quantile")),
            new("start", task.RequiresApproval ? "demands the approval of a second person" : "demands no approval"),
            new("schedule", Text($"{task.Schedule.TrainRounds} training rounds{(task.Schedule.Standardise ? ", a standardisation round first" : "")}{(task.Schedule.Evaluate ? ", an evaluation round after them" : "")}{(task.Schedule.Explain ? ", an explanation round last" : "")}; {task.Schedule.GreatestFailures} failures in a row end it")),
            new("protection", Text($"{(task.Encryption is { } own ? Text($"{ProtectionWords.Of(audit).Name} with set {own.Set}") : task.Protection.ToString())}, ring of {task.RingBits} bits{(task.Flattens ? ", flattened" : "")}")),
            new("cohort", Text($"{cohort.Least} to {cohort.Greatest} clients of {cohort.Organisations} organisations, at most {cohort.OrganisationCap} of one; {(cohort.Leaves == 1 ? "one sum" : Text($"{cohort.Leaves} leaves whose sums add up"))} in each round")),
            new("adversary", Text($"server class {cohort.ServerClass}; at most a fraction {cohort.Gamma} of the organisations collude with it (gamma), at most a fraction {cohort.DeltaDrop} of the clients drop out (delta_drop)")),
            new("cross-round guard", cohort.LeastDifference == 0 ? "none" : Text($"survivors of two rounds are the same or differ by at least {cohort.LeastDifference} clients")),
        ];
    }

    /// <summary>NIST SP 800-226 (the pyramid from ε and unit down to trust and access), and the fields of the deployment registry of arXiv 2509.13509.</summary>
    public static IReadOnlyList<ReportField> Statement(EntryAudit audit, BudgetView? budget)
    {
        if ((audit.InForce ?? audit.Parameters) is not { } task)
            return [new ReportField("privacy statement", Unknown)];
        PrivacySpecification privacy = task.Privacy;
        ProtectionWords words = ProtectionWords.Of(audit);
        List<ReportField> fields = [.. privacy.HasNoise ? Promise(privacy, budget, words) : [new ReportField("output privacy", "none: sums carry no noise, and what several of them reveal together is not bounded")]];
        fields.AddRange(
        [
            new("input privacy", words.InputPrivacy),
            new("trust model", task.Cohort.ServerClass == ServerClass.Malicious
                ? Text($"distributed: noise is added by clients; the server may be actively malicious and collude with a fraction {task.Cohort.Gamma} of organisations")
                : Text($"distributed, weaker class: the server is curious but follows the protocol, and colludes with a fraction {task.Cohort.Gamma} of organisations")),
            new("post-processing", "server optimiser steps and model publication, computed from released sums only; recomputed by an auditor with blobs"),
            new("access control", "requests signed by enrolled keys; roster signed by an authority that is not the server"),
            new("data collection exposure", words.Exposure),
            new("side channels", "participation, timing to the phase and sizes are visible to the server; noise is drawn with integers only, exactly or in constant time"),
            new("utility and bias", "not judged by this report; clients that drop out often are less represented"),
        ]);
        return fields;
    }

    public static IReadOnlyList<ReportKey> Custody(AuditResult result)
    {
        List<ReportKey> keys = [];
        foreach (NoteVerifier log in result.Trust.Policy.Logs)
            keys.Add(new ReportKey("server (signs log and entries)", Fingerprint(log.Key.Span), result.Trust.PinnedBy is { } file ? $"pinned by {Path.GetFileName(file)}" : "came with the log, not pinned"));
        if (result.Trust.RosterAuthority is { } authority)
            keys.Add(new ReportKey("roster authority (enrols clients)", FingerprintOf(authority.Span), result.Trust.IsAuthorityPinned ? "given by the auditor" : "named by the audited directory, not pinned"));
        else
            keys.Add(new ReportKey("roster authority (enrols clients)", "not given", result.Entries.Created is { } created ? $"the log names the roster {created.RosterDigest}" : "unknown"));
        foreach (NoteVerifier witness in result.Trust.Policy.Witnesses)
            keys.Add(new ReportKey("witness", Fingerprint(witness.Key.Span), result.Checkpoint?.Signers.Contains(witness) == true ? "cosigned this checkpoint" : "did not cosign this checkpoint"));
        if (result.Trust.Policy.Witnesses.Count == 0)
            keys.Add(new ReportKey("witness", "none in the policy", "nobody vouches that others were shown the same log"));
        ProtectionWords words = ProtectionWords.Of(result.Entries);
        foreach (ReportHolder holder in ReportEncryption.Of(result)?.Holders ?? [])
            keys.Add(new ReportKey(Text($"key holder at point {holder.Point}"), holder.Fingerprint ?? holder.Holder, holder.Organisation is null ? "named by the task; not looked up in a roster" : $"{holder.Organisation}, enrolled by the roster in force"));
        keys.Add(new ReportKey(words.Keys, "fresh in every round", words.KeyFate));
        return keys;
    }

    public static IReadOnlyList<string> Leakage(EntryAudit audit)
    {
        bool hasNoise = audit.Parameters?.Privacy.HasNoise ?? audit.Rounds.Any(r => r.NoiseMultiplier is not null);
        ProtectionWords words = ProtectionWords.Of(audit);
        return
        [
            "Who reads the log learns how many clients took part in each round, per-round pseudonyms in sorted order that cannot be linked between rounds without the round's salt, digests, bounds and charges. No update, row count, loss or key is in it.",
            $"An auditor with blobs learns in addition who took part, {words.Blobs} and the released sums; not one update.",
            "The server learns the same, and when requests came.",
            hasNoise
                ? "The released sums and models are bounded by the budget above, for the stated unit, against the server and the stated fraction of colluding organisations."
                : $"The released sums and models are exact: {words.Act} hides single updates, and nothing bounds what sums reveal together.",
            $"{words.Limit} A server that colludes with more organisations than stated is outside all of these claims.",
        ];
    }

    private static List<ReportField> Promise(PrivacySpecification privacy, BudgetView? budget, ProtectionWords words)
    {
        bool isRecord = privacy.Unit == PrivacyUnit.Record;
        double spent = budget?.EpsilonSpent ?? privacy.Epsilon;
        (double groupEpsilon, double groupDelta) = GroupPrivacy.Of(spent, privacy.Delta, 2);
        return
        [
            new("unit of privacy", isRecord ? "record: one row of one participant" : "client: one participant's whole contribution"),
            new("privacy definition", $"(epsilon, delta)-differential privacy; towards the server it rests on {words.Definition}"),
            new("neighbour relation", privacy.IsTree ? "one record emptied in its place" : $"add or remove one {(isRecord ? "record" : "client")}"),
            new("epsilon", budget is null ? Text($"cap {privacy.Epsilon}; spent not recomputed") : Text($"{budget.EpsilonSpent} spent of {privacy.Epsilon}")),
            new("delta", Text($"{privacy.Delta}")),
            new("epsilon for who reads models only", budget is null ? "not recomputed" : Text($"{budget.Views.ModelReaders}")),
            new("group privacy", Text($"two units of one person: epsilon {groupEpsilon}, delta {groupDelta}")),
            new("mechanism", Text($"distributed discrete Gaussian{(privacy.IsTree ? $" on the nodes of a tree over {privacy.TreeLeaves} rounds" : "")}; {string.Join(", ", privacy.Releases.Select(r => Text($"{r.Kind} noise multiplier {r.NoiseMultiplier}, sampling rate {privacy.SamplingRateOf(r.Kind)}")))}")),
            new("sensitivity", isRecord ? "each record's vector is clipped to the clip norm by its owner before it is summed" : "each client's update is clipped to the clip norm by that client"),
            new("accounting", Text($"Rényi filter at the fixed order {privacy.Order}, integer units of 1e-12; conversion of Canonne, Kamath and Steinke 2020")),
            new("composition horizon", $"all releases of this task, repeated and failed rounds included{(privacy.DataSet.Length > 0 ? $"; counted with other tasks on data set '{privacy.DataSet}'" : "")}"),
            new("budget rule", "reserved before a round opens, committed when shares are asked for, void only if the round ended before that; never refunded"),
        ];
    }

    private static IEnumerable<ReportField> DigestsOf(EntryAudit audit) => audit.Created is not { } created
        ? []
        : [new("task", audit.TaskId.ToString()), new("digest of the parameters", created.ParametersDigest.ToString()), new("digest of the roster", audit.Rosters[^1].Digest.ToString())];

    /// <summary>Of an identity key, 65 bytes.</summary>
    public static string FingerprintOf(ReadOnlySpan<byte> key) => Fingerprint(EcdsaDer.SubjectPublicKeyInfo(key));

    /// <summary>As other tools print it: SHA-256 of the key in DER, or of its 32 bytes.</summary>
    private static string Fingerprint(ReadOnlySpan<byte> key) => "SHA256:" + Convert.ToHexStringLower(SHA256.HashData(key));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
