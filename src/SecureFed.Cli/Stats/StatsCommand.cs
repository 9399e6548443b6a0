using System.CommandLine;
using System.Text.Json;
using SecureFed.Cli.Audit;
using SecureFed.Cli.Audit.Report;
using SecureFed.Cli.Commands;
using SecureFed.Cli.Demo;
using SecureFed.Cli.Output;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Cli.Stats;

/// <summary><c>securefed stats</c>: noised statistics of columns that nobody pools, by a whole consortium on loopback or by a task of a running server.</summary>
internal static class StatsCommand
{
    /// <summary>The answers, in the directory of <c>--out</c>.</summary>
    public const string FileName = "stats.json";

    public static Command Create(Terminal terminal)
    {
        StatsQuestionOptions questions = new();
        StatsServerOptions server = new();
        Option<string> scenario = DemoCommand.OneOf("--scenario", "Whose data to play.", "finance", "medical", "manufacturing", "smart-home");
        Option<string> data = new("--data") { Description = "CSV file (several: comma-separated, same header) instead of synthetic rows. All rows are the clients'; missing values are kept and counted." };
        Option<string> drop = new("--drop") { Description = "Columns of --data to leave out, comma-separated." };
        Option<int?> clients = new("--clients") { Description = "Number of clients." };
        Option<string> protection = DemoCommand.OneOf("--protection", "How contributions are hidden from the server. Default masking.", "masking", "encryption", "encryption-single-key");
        Option<double?> dropout = new("--dropout") { Description = "Probability that a client drops out of a round." };
        Option<string> adversary = DemoCommand.OneOf("--adversary", "Server class to defend against. Default malicious.", "malicious", "curious");
        Option<string> outDirectory = new("--out") { Description = "New or empty directory for log, blobs, client state, answers and report." };
        Command command = new("stats", "Asks a consortium for statistics of its columns, with noise and a bound on the error.")
        {
            scenario, data, drop, clients, protection, dropout, adversary, outDirectory,
        };
        questions.AddTo(command);
        server.AddTo(command);
        command.Options.Add(CommandOptions.Json());
        command.SetAction(async (parsed, cancellationToken) =>
        {
            StatsOptions asked = questions.Read(parsed);
            if (server.IsGiven(parsed))
                return await StatsServerRun.ExecuteAsync(asked, server, parsed, terminal, cancellationToken);
            ProtectionKind hidden = parsed.GetValue(protection) switch
            {
                "encryption" => ProtectionKind.Encryption,
                "encryption-single-key" => ProtectionKind.EncryptionSingleKey,
                _ => ProtectionKind.Masking,
            };
            DemoPlan.RequireUsage(hidden != ProtectionKind.EncryptionSingleKey || parsed.GetValue(adversary) is not "malicious", "A single key protects against a curious server only: leave --adversary out.");
            DemoOptions parties = new()
            {
                Scenario = parsed.GetValue(scenario) ?? "finance",
                Data = DemoCommand.ListOf(parsed.GetValue(data)),
                Drop = DemoCommand.ListOf(parsed.GetValue(drop)),
                Clients = parsed.GetValue(clients),
                Dropout = parsed.GetValue(dropout),
                Protection = hidden,
                IsCurious = hidden == ProtectionKind.EncryptionSingleKey || parsed.GetValue(adversary) is "curious",
            };
            DemoPlan.RequireUsage(parties.Data.Count > 0 || parties.Drop.Count == 0, "--drop goes with --data.");
            return await ExecuteAsync(StatsPlan.Create(asked, parties), parsed.GetValue(outDirectory), terminal, cancellationToken);
        });
        return command;
    }

    private static async Task<int> ExecuteAsync(StatsPlan plan, string? directory, Terminal terminal, CancellationToken cancellationToken)
    {
        if (directory is not null)
            AuditMirror.RequireEmpty(directory);
        StatsResult result = await StatsRun.ExecuteAsync(plan, directory, cancellationToken);
        DemoPlan parties = plan.Consortium;
        object document = StatsReport.ToDocument(result, plan.Query, parties.Scenario.Name, null, parties.Protection, parties.Clients);
        if (directory is not null)
        {
            await File.WriteAllTextAsync(Path.Combine(directory, FileName), JsonSerializer.Serialize(document, KeysCommand.Indented) + "\n", cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(directory, "report.html"), ReportHtml.Write(ReportContent.Of(result.Audit!)), cancellationToken);
        }

        if (terminal.IsJson)
            terminal.WriteJson(document);
        else
            Write(result, plan, directory, terminal);
        if (!parties.Privacy.HasNoise)
            terminal.Note("Warning: --privacy none. The server saw no single contribution, but the answers are exact: what several of them reveal together is not bounded.");
        return result.Audit!.IsVerified ? SecureFedCommand.Done : SecureFedCommand.VerificationFailed;
    }

    private static void Write(StatsResult result, StatsPlan plan, string? directory, Terminal terminal)
    {
        DemoPlan parties = plan.Consortium;
        foreach (string note in parties.Notes)
            terminal.WriteLine(note);
        StatsReport.WriteTable(result, plan.Query, terminal);
        terminal.WriteLine($"{parties.Clients} clients, {result.Rounds.Count} round(s), {plan.Query.Length} coordinates, {DemoReport.Text(result.Seconds, "0.0")} s.");
        DemoReport.WriteAudit(result.Audit!, directory, terminal);
        WriteBudget(result, terminal);
    }

    internal static void WriteBudget(StatsResult result, Terminal terminal)
    {
        if (result.Budget is { } budget)
            terminal.WriteLine($"Output privacy: unit {(budget.Unit == PrivacyUnit.Record ? "record" : "client")}, epsilon {DemoReport.Text(budget.EpsilonSpent, "0.000")} of {DemoReport.Text(budget.Epsilon, "0.###")} spent at delta {DemoReport.Text(budget.Delta, "0e0")}; noise multiplier {DemoReport.Text(budget.Releases[0].NoiseMultiplier, "0.####")}.");
    }
}
