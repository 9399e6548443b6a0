using System.Globalization;
using SecureFed.Cli.Attack.Serving;
using SecureFed.Cli.Output;
using Spectre.Console;

namespace SecureFed.Cli.Attack;

/// <summary>What an attack prints.</summary>
internal static class AttackReport
{
    private const int SchemaVersion = 1;

    public static void WriteList(IReadOnlyList<Deviation> deviations, Terminal terminal)
    {
        if (terminal.IsJson)
        {
            terminal.WriteJson(new { schemaVersion = SchemaVersion, deviations = deviations.Select(d => new { name = d.Name, claim = d.Claim, source = d.Source, phase = d.Phase, expected = d.Expected }) });
            return;
        }

        Table table = TableOf("deviation", "claim", "phase", "expected", "source");
        foreach (Deviation deviation in deviations)
            AddRow(table, deviation.Name, deviation.Claim, deviation.Phase, deviation.Expected, deviation.Source);
        terminal.Console.Write(table);
    }

    public static void Write(IReadOnlyList<DeviationResult> results, double seconds, Terminal terminal)
    {
        int refused = results.Count(r => r.IsRefused);
        if (terminal.IsJson)
        {
            terminal.WriteJson(new
            {
                schemaVersion = SchemaVersion,
                deviations = results.Select(r => new
                {
                    name = r.Deviation.Name,
                    claim = r.Deviation.Claim,
                    source = r.Deviation.Source,
                    phase = r.Deviation.Phase,
                    expected = r.Deviation.Expected,
                    observed = r.Observed,
                    messagesAfter = r.MessagesAfter,
                    refused = r.IsRefused,
                }),
                refused,
                failed = results.Count - refused,
                seconds = Math.Round(seconds, 1),
            });
            return;
        }

        Table table = TableOf("deviation", "claim", "phase", "expected", "observed", "sent after", "verdict");
        foreach (DeviationResult result in results)
        {
            AddRow(
                table,
                result.Deviation.Name,
                result.Deviation.Claim,
                result.Deviation.Phase,
                result.Deviation.Expected,
                result.Observed,
                result.MessagesAfter.ToString(CultureInfo.InvariantCulture),
                Verdict(result));
        }

        terminal.Console.Write(table);
        terminal.WriteLine("control: an honest round through the same harness gave the exact sum");
        terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{refused} of {results.Count} deviations refused or harmless, {results.Count - refused} not, {seconds:0.0} s"));
    }

    public static void Write(ServeResult result, Terminal terminal)
    {
        if (terminal.IsJson)
        {
            terminal.WriteJson(new
            {
                schemaVersion = SchemaVersion,
                deviation = result.Deviation,
                claim = result.Claim,
                verdict = result.Verdict,
                messagesAfter = result.MessagesAfter,
                hint = result.Hint,
            });
            return;
        }

        terminal.WriteLine($"{result.Deviation}: {result.Verdict}");
        terminal.WriteLine(result.Hint);
    }

    private static string Verdict(DeviationResult result)
    {
        if (!result.IsRefused)
            return "NOT REFUSED";
        return result.Deviation.IsHarmless ? "harmless" : "refused";
    }

    private static Table TableOf(params string[] columns)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string column in columns)
            table.AddColumn(new TableColumn(column) { NoWrap = !string.Equals(column, "source", StringComparison.Ordinal) });
        return table;
    }

    private static void AddRow(Table table, params string[] cells) => table.AddRow([.. cells.Select(Markup.Escape)]);
}
