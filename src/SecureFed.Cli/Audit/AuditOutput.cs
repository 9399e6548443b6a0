using System.Globalization;
using System.Text.Json;
using SecureFed.Cli.Output;
using SecureFed.Protocol.Resources;
using Spectre.Console;

namespace SecureFed.Cli.Audit;

/// <summary>A verification as a table, or as the JSON document of <c>audit verify --json</c>.</summary>
internal static class AuditOutput
{
    private const int SchemaVersion = 1;

    public static int Write(AuditResult result, Terminal terminal)
    {
        if (terminal.IsJson)
            terminal.WriteJson(ToDocument(result));
        else
            WriteTable(result, terminal);
        return result.IsVerified ? SecureFedCommand.Done : SecureFedCommand.VerificationFailed;
    }

    public static string WordOf(AuditStatus status) => status switch
    {
        AuditStatus.Passed => "passed",
        AuditStatus.Failed => "failed",
        AuditStatus.NotPossible => "not-possible",
        _ => "not-reached",
    };

    public static object ToDocument(AuditResult result) => new
    {
        schemaVersion = SchemaVersion,
        verified = result.IsVerified,
        place = result.Place,
        task = result.Entries.Created is null ? null : result.Entries.TaskId.ToString(),
        origin = result.Checkpoint?.Checkpoint.Origin,
        entries = result.Checkpoint?.Checkpoint.Size,
        root = result.Checkpoint?.Checkpoint.Root.ToString(),
        keyPinned = result.Trust.PinnedBy is not null,
        steps = result.Steps.Select(s => new { name = s.Name, status = WordOf(s.Status), detail = s.Detail }),
        rounds = result.Entries.Rounds.Count,
        model = result.Entries.Created is null ? null : result.Entries.ModelDigest.ToString(),
        recomputed = result.Replay is { } replay
            ? new { messages = replay.CheckedMessages, sums = replay.RecomputedSums, sumsWithoutVectors = replay.SumsWithoutVectors, models = replay.RecomputedModels }
            : null,
        budget = result.Budget is null ? (JsonElement?)null : JsonSerializer.SerializeToElement(result.Budget, ResourceJson.Options),
        fault = result.Fault is { } fault ? new { place = fault.Place, entry = fault.EntryIndex } : null,
        error = result.Fault is { } error ? new { code = error.Code, message = error.Message, hint = error.Hint } : null,
    };

    private static void WriteTable(AuditResult result, Terminal terminal)
    {
        Table table = new Table().AddColumns("part", "result", "what was checked").RoundedBorder();
        foreach (AuditStep step in result.Steps)
            table.AddRow(Markup.Escape(step.Name), MarkupOf(step.Status, terminal.IsInteractive), Markup.Escape(step.Detail));
        terminal.Console.Write(table);
        if (result.Fault is { } fault)
        {
            string entry = fault.EntryIndex is { } index ? string.Create(CultureInfo.InvariantCulture, $", entry {index}") : "";
            terminal.WriteLine($"NOT VERIFIED: {fault.Place}{entry}: {fault.Message} [{fault.Code}]");
            terminal.WriteLine($"  {fault.Hint}");
            return;
        }

        string pinned = result.Trust.PinnedBy is null ? " under a key that was not pinned" : "";
        terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Verified{pinned}: {result.Checkpoint!.Checkpoint.Size} entries of task {result.Entries.TaskId}, root {result.Checkpoint.Checkpoint.Root}."));
    }

    private static string MarkupOf(AuditStatus status, bool isColoured)
    {
        string word = WordOf(status).Replace('-', ' ');
        string colour = status switch { AuditStatus.Passed => "green", AuditStatus.Failed => "red", AuditStatus.NotPossible => "yellow", _ => "grey" };
        return isColoured ? $"[{colour}]{word}[/]" : word;
    }
}
