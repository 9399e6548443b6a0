using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SecureFed.Cli.Audit;
using SecureFed.Cli.Output;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Trees;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Claims;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using Spectre.Console;

namespace SecureFed.Cli.Demo;

/// <summary>The closing words of a demo, as tables or as the JSON document of DESIGN section 8.</summary>
internal static class DemoReport
{
    private const int SchemaVersion = 1;
    private const int ShownCoefficients = 8;

    public static void Write(DemoResult result, DemoPlan plan, string? directory, Terminal terminal)
    {
        IReadOnlyList<(string Name, double? Coefficient)> features = FeaturesOf(result, plan);
        if (terminal.IsJson)
            terminal.WriteJson(result.Resumed is { } resumed ? WithResumption(ToDocument(result, plan, features), resumed) : ToDocument(result, plan, features));
        else
            WriteTables(result, plan, directory, terminal, features);
        if (!plan.Privacy.HasNoise)
            terminal.Note("Warning: --privacy none. The server saw no single update, but the sums themselves carry no differential-privacy noise: what several of them reveal together is not bounded.");
        if (plan.Protection == ProtectionKind.EncryptionSingleKey)
            terminal.Note("Warning: --protection encryption-single-key. One malformed ciphertext of any client discloses the round's key to whoever reads the sum, and with it every update of that round; take --protection encryption unless your clients must run SEAL's own keys.");
    }

    internal static string Text(double value, string format = "0") => value.ToString(format, CultureInfo.InvariantCulture);

    private static object ToDocument(DemoResult result, DemoPlan plan, IReadOnlyList<(string Name, double? Coefficient)> features) => new
    {
        schemaVersion = SchemaVersion,
        scenario = plan.Scenario.Name,
        protection = ProtectionOf(plan),
        clients = plan.Clients,
        seconds = Math.Round(result.Seconds, 3),
        testRows = plan.Data.Test.Rows,
        rounds = result.Rounds.Select(r => new { round = r.Round, participants = r.Participants, dropped = r.Dropped, loss = r.Loss, drift = ToDrift(r.Drift) }),
        metrics = ToMetrics(result.Metrics),
        baseline = ToMetrics(result.Baseline),
        privacy = ToPrivacy(result.Budget, plan.Privacy.Definition.TreeLeaves, result.ClipNorm),
        audit = new { entries = EntriesOf(result), verified = result.Audit.IsVerified },
        communication = new { bytesUpPerClientPerRound = result.BytesUpPerClientPerRound, bytesDownPerClientPerRound = result.BytesDownPerClientPerRound },
        model = ToModel(result, plan, features),
        explanation = result.Explanation,
    };

    /// <summary>Only a run that was resumed says so.</summary>
    private static JsonObject WithResumption(object document, DemoResumption resumed)
    {
        JsonObject extended = JsonSerializer.SerializeToNode(document, JsonSerializerOptions.Web)!.AsObject();
        extended["resumed"] = JsonSerializer.SerializeToNode(resumed, JsonSerializerOptions.Web);
        return extended;
    }

    /// <summary>Trees need their depth to be read; what other models say of themselves is as it was.</summary>
    private static object ToModel(DemoResult result, DemoPlan plan, IReadOnlyList<(string Name, double? Coefficient)> features)
    {
        string kind = KindOf(plan);
        double[] parameters = result.Model.Parameters.ToArray();
        var named = features.Select(f => new { name = f.Name, coefficient = f.Coefficient });
        return plan.Trees is { } trees
            ? new { kind, parameters, features = named, treeDepth = trees.Options.Depth }
            : new { kind, parameters, features = named };
    }

    /// <summary>What <c>model.json</c> holds: enough to predict with, and the digest that the log names.</summary>
    public static ModelFile ToModelFile(DemoResult result, DemoPlan plan) => new(
        SchemaVersion,
        result.Audit.Entries.TaskId.ToString(),
        result.Audit.Entries.ModelDigest.ToString(),
        KindOf(plan),
        result.Model.Parameters.ToArray(),
        [.. result.State.Standardisation],
        [.. FeaturesOf(result, plan).Select(f => new ModelFeature(f.Name, f.Coefficient))],
        plan.Form.ToForm(),
        plan.Trees?.Options.Depth);

    private static object? ToDrift(DriftView? drift) => drift is null ? null : new { dispersion = drift.Dispersion, squaredMeanNorm = drift.SquaredMeanNorm, deviation = drift.Deviation };

    private static string ProtectionOf(DemoPlan plan) => ProtectionOf(plan.Protection);

    internal static string ProtectionOf(ProtectionKind protection) => protection switch
    {
        ProtectionKind.Encryption => "encryption",
        ProtectionKind.EncryptionSingleKey => "encryption-single-key",
        _ => "masking",
    };

    private static string HiddenIn(DemoPlan plan) => plan.Protection == ProtectionKind.Masking ? "masked" : "encrypted";

    private static string KindOf(DemoPlan plan) => plan.Trees is not null ? "trees" : plan.Model.ToString().ToLowerInvariant();

    /// <summary>One coefficient for each feature, with trees its part of the gain, largest first; null where the model has none such, in the features' order then.</summary>
    private static IReadOnlyList<(string Name, double? Coefficient)> FeaturesOf(DemoResult result, DemoPlan plan)
    {
        string[] names = [.. plan.Data.Schema.Features.Select(f => f.Name)];
        return result.Model switch
        {
            GlobalModel { Shape: LinearModel } linear => [.. linear.Coefficients(names).Select(f => (f.Name, (double?)f.Coefficient))],
            TreeEnsemble => [.. names.Zip(TreeImportance.Of(names.Length, [.. result.State.OptimizerState]), (name, part) => (name, (double?)part)).OrderByDescending(f => f.Item2)],
            _ => [.. names.Select(name => (name, (double?)null))],
        };
    }

    private static void WriteCoefficients(DemoPlan plan, Terminal terminal, IReadOnlyList<(string Name, double? Coefficient)> features)
    {
        if (plan.Form.Shape is not LinearModel)
        {
            string hidden = plan.Form.IsNetwork ? $", hidden layers of {string.Join(" and ", plan.Form.Hidden)} units with {plan.Form.Activation!.Value.ToString().ToLowerInvariant()}" : "";
            terminal.WriteLine($"Model: {KindOf(plan)} with {plan.Form.Shape.ParameterCount} parameters{hidden}; it has no single coefficient for each feature.");
            return;
        }

        terminal.WriteLine(plan.Trees is null ? "Interpretability: coefficients of the standardised features, largest first:" : "Interpretability: each feature's part of the gain of all splits, largest first:");
        foreach ((string name, double? coefficient) in features.Take(ShownCoefficients))
            terminal.WriteLine($"  {Text(coefficient!.Value, "+0.000;-0.000")}  {name}");
        if (features.Count > ShownCoefficients)
            terminal.WriteLine($"  and {features.Count - ShownCoefficients} smaller (--json shows all)");
    }

    private static ulong EntriesOf(DemoResult result) => result.Audit.Checkpoint?.Checkpoint.Size ?? 0;

    internal static object ToPrivacy(BudgetView? budget, int treeLeaves, double clipNorm) => new
    {
        unit = budget is null ? "none" : UnitOf(budget),
        mechanism = budget is not { Unit: PrivacyUnit.Record } ? null : treeLeaves > 0 ? "tree" : "sampled",
        treeLeaves = treeLeaves > 0 ? treeLeaves : (int?)null,
        adaptiveClipNorm = clipNorm > 0 ? clipNorm : (double?)null,
        epsilon = budget?.EpsilonSpent,
        delta = budget?.Delta,
        accountant = budget is null ? null : "rdp",
        order = budget?.Order,
        budget = budget?.Epsilon,
        views = new { server = budget?.Views.Server, modelReaders = budget?.Views.ModelReaders },
        releases = budget is null
            ? []
            : budget.Releases.Select(r => new
            {
                kind = r.Kind.ToString().ToLowerInvariant(),
                count = CountOf(budget, r.Kind),
                noiseMultiplier = r.NoiseMultiplier,
                samplingRate = r.SamplingRate,
            }).ToArray<object>(),
    };

    private static string UnitOf(BudgetView budget) => budget.Unit == PrivacyUnit.Record ? "record" : "client";

    private static int CountOf(BudgetView budget, RoundKind kind) => budget.Entries.Count(e => e.Kind == kind && e.State != BudgetState.Void);

    private static object ToMetrics(ModelMetrics metrics) => new { auc = metrics.Auc, accuracy = metrics.Accuracy, loss = metrics.Loss, rmse = metrics.Rmse, r2 = metrics.R2 };

    private static void WriteTables(DemoResult result, DemoPlan plan, string? directory, Terminal terminal, IReadOnlyList<(string Name, double? Coefficient)> features)
    {
        foreach (string note in plan.Notes)
            terminal.WriteLine(note);
        terminal.WriteLine();

        bool hasDrift = result.Rounds.Any(r => r.Drift is not null);
        Table rounds = new Table().AddColumns(["round", "in the sum", "dropped", "test loss", .. hasDrift ? ["dispersion", "|mean|²"] : Array.Empty<string>()]).RoundedBorder();
        foreach (DemoRound round in result.Rounds)
            rounds.AddRow([Text(round.Round), Text(round.Participants), Text(round.Dropped), Text(round.Loss, "0.0000"), .. hasDrift ? [Text(round.Drift?.Dispersion ?? 0, "0.####"), Text(round.Drift?.SquaredMeanNorm ?? 0, "0.####")] : Array.Empty<string>()]);
        if (!terminal.IsInteractive)
            terminal.Console.Write(rounds); // A person has just watched this table grow.

        if (hasDrift)
            terminal.WriteLine("Dispersion: mean squared distance of the clients' updates from their mean, weighted by rows; it names no client. Far above |mean|², clients pull in different directions: --correct-drift or --proximal help.");

        Table metrics = new Table().AddColumns("on the test rows", $"federated, {(plan.Privacy.HasNoise ? "noised and " : "")}{HiddenIn(plan)}", "central baseline").RoundedBorder();
        AddMetric(metrics, "AUC", result.Metrics.Auc, result.Baseline.Auc);
        AddMetric(metrics, "accuracy", result.Metrics.Accuracy, result.Baseline.Accuracy);
        AddMetric(metrics, "loss", result.Metrics.Loss, result.Baseline.Loss);
        AddMetric(metrics, "RMSE", result.Metrics.Rmse, result.Baseline.Rmse);
        AddMetric(metrics, "R2", result.Metrics.R2, result.Baseline.R2);
        terminal.Console.Write(metrics);

        if (result.Federated is { } federated)
        {
            string quality = federated.Auc is { } auc ? $"AUC {Text(auc, "0.0000")}" : federated.Rmse is null ? $"accuracy {Text(federated.Accuracy ?? 0, "0.0000")}" : $"RMSE {Text(federated.Rmse ?? 0, "0.0000")}";
            terminal.WriteLine($"Federated evaluation on the clients' own {federated.Rows} rows, by a sum that is {HiddenIn(plan)} too: {quality}, loss {Text(federated.Loss, "0.0000")}.");
        }

        string failed = result.FailedRounds > 0 ? $" {result.FailedRounds} round(s) failed for lack of survivors and were repeated." : "";
        terminal.WriteLine($"{plan.Clients} clients, {plan.Data.Test.Rows} test rows, {Text(result.Seconds, "0.0")} s, {EntriesOf(result)} log entries.{failed}");
        WriteAudit(result.Audit, directory, terminal);
        if (result.Sums.ExactSums > 0)
            terminal.WriteLine($"{result.Sums.ExactSums} released sums equal the sum of the clients' quantised updates bit for bit.");
        if (result.Sums.NoiseRatio is { } ratio)
            terminal.WriteLine($"{result.Sums.NoisySums} released sums differ from the sum of the clients' integers by noise whose standard deviation is {Text(ratio, "0.000")} times the stated one ({result.Sums.NoisyCoordinates} coordinates).");
        if (result.Resumed is { } resumed)
            terminal.WriteLine($"Resumed {resumed.Times} time(s): {resumed.ComparedSums} of {resumed.ReleasedSums} released sums were compared with the clients' integers; a process that was interrupted has taken those of the others with it. Seconds and bytes are those since the last resumption.");
        terminal.WriteLine();
        terminal.WriteLine($"Communication: {Text(result.BytesUpPerClientPerRound)} bytes up and {Text(result.BytesDownPerClientPerRound)} bytes down per client and round.");
        WriteCoefficients(plan, terminal, features);
        if (result.Explanation is { } explanation)
            DemoExplanationTables.Write(explanation, terminal);
        else if (plan.Explanation is not null)
            terminal.WriteLine("No explanation: noise hides how many rows are in its sum. Take more clients or rows, a larger --epsilon, or more of it for --explain-share.");
        if (result.Budget is { } budget)
            WriteBudget(budget, result, plan.Privacy.Definition.TreeLeaves, terminal);
        terminal.WriteLine(
            $"Input privacy: the server saw {HiddenIn(plan)} integers of each client and, per round, the sum over at least {plan.Cohort.DeltaDrop.FloorOfRest(result.Rounds.Count > 0 ? result.Rounds.Min(r => r.Participants + r.Dropped) : plan.Clients)} clients; no single update, row count or loss.");
    }

    internal static void WriteAudit(AuditResult audit, string? directory, Terminal terminal)
    {
        if (audit.Fault is { } fault)
        {
            terminal.WriteLine($"Log NOT verified: {fault.Place}: {fault.Message} [{fault.Code}]");
            return;
        }

        string recomputed = audit.Replay is { } replay ? $"; {replay.CheckedMessages} signed messages, {replay.RecomputedSums} sums and {replay.RecomputedModels} models computed again" : "";
        terminal.WriteLine($"Log verified: signature, every tile and leaf, {audit.Entries.EntryCount} legal transitions{(audit.Budget is null ? "" : ", epsilon from the entries alone")}{recomputed}.");
        if (directory is not null)
            terminal.WriteLine($"  In {directory}: log, blobs, client state, model and report.html. Verify it again: securefed audit verify {directory}");
    }

    private static void WriteBudget(BudgetView budget, DemoResult result, int treeLeaves, Terminal terminal)
    {
        (double groupEpsilon, double groupDelta) = GroupPrivacy.Of(budget.EpsilonSpent, budget.Delta, 2);
        PrivacyStatement statement = new(UnitOf(budget), budget.EpsilonSpent, budget.Delta);
        terminal.WriteLine($"Output privacy: unit {UnitOf(budget)}, epsilon {Text(budget.EpsilonSpent, "0.000")} of {Text(budget.Epsilon, "0.###")} spent at delta {Text(budget.Delta, "0e0")}, as the server and its colluders see it; {Text(budget.Views.ModelReaders, "0.000")} for who only reads the models.");
        terminal.WriteLine($"  Even odds about one {UnitOf(budget)} become {Text(100 * statement.BeliefFromEven, "0.0")} % at most. Two units of one person: epsilon {Text(groupEpsilon, "0.00")}, delta {Text(groupDelta, "0.0e0")}.");
        if (treeLeaves > 0)
            terminal.WriteLine($"  Mechanism: tree over {treeLeaves} rounds, each row in one of them and in at most {FenwickTree.DepthOf(treeLeaves)} of the released sums; no sampling is claimed. A unit is a record emptied in its place: which round a row is in depends on its number alone.");
        if (result.ClipNorm > 0)
            terminal.WriteLine($"  Clip norm: followed a quantile of the norms by a noised count in each training round, and is {Text(result.ClipNorm, "0.####")} at the end.");
        foreach (ReleaseView release in budget.Releases)
        {
            string sampled = release.SamplingRate < 1 ? $", each record with probability {Text(release.SamplingRate, "0.####")}" : "";
            terminal.WriteLine($"  released: {CountOf(budget, release.Kind)} sums to {Purpose(release.Kind)} with noise multiplier {Text(release.NoiseMultiplier, "0.####")}{sampled}");
        }
    }

    private static string Purpose(RoundKind kind) => kind switch
    {
        RoundKind.Standardise => "standardise",
        RoundKind.Train => "train",
        RoundKind.Explain => "explain",
        _ => "evaluate",
    };

    private static void AddMetric(Table table, string name, double? federated, double? central)
    {
        if (federated is not null || central is not null)
            table.AddRow(name, federated is { } f ? Text(f, "0.0000") : "", central is { } c ? Text(c, "0.0000") : "");
    }
}
