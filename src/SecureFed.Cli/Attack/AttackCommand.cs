using System.CommandLine;
using System.Diagnostics;
using SecureFed.Cli.Commands;
using SecureFed.Cli.Output;
using Spectre.Console;

namespace SecureFed.Cli.Attack;

/// <summary><c>securefed attack</c>: a hostile server against the real client library.</summary>
internal static class AttackCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string> only = CommandOptions.Optional("--only", "Names of deviations, comma-separated. Default: all of them.");
        Option<bool> list = new("--list") { Description = "Lists the deviations and tries none." };
        Command command = new("attack", "Tries to learn a client's update as a server that lies; every deviation must be refused.") { only, list, CommandOptions.Json() };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            IReadOnlyList<Deviation> deviations = Choose(parsed.GetValue(only));
            if (parsed.GetValue(list))
            {
                AttackReport.WriteList(deviations, terminal);
                return SecureFedCommand.Done;
            }

            Stopwatch watch = Stopwatch.StartNew();
            if (!await AttackControl.IsExactAsync(cancellationToken))
                throw CommandException.Refuse("control-failed", "An honest round through the same harness did not give the exact sum, so refusals would mean nothing.", "This is a bug; report it.");
            IReadOnlyList<DeviationResult> results = await RunAsync(deviations, terminal, cancellationToken);
            AttackReport.Write(results, watch.Elapsed.TotalSeconds, terminal);
            return results.All(r => r.IsRefused) ? SecureFedCommand.Done : SecureFedCommand.VerificationFailed;
        });
        return command;
    }

    private static IReadOnlyList<Deviation> Choose(string? names)
    {
        if (names is null)
            return DeviationCatalogue.All;
        Deviation[] chosen =
        [
            .. names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal).Select(name =>
                DeviationCatalogue.Find(name) ?? throw CommandException.Misuse($"There is no deviation '{name}'.", "securefed attack --list shows all names.")),
        ];
        return chosen.Length > 0 ? chosen : throw CommandException.Misuse("--only names no deviation.", "securefed attack --list shows all names.");
    }

    private static async Task<IReadOnlyList<DeviationResult>> RunAsync(IReadOnlyList<Deviation> deviations, Terminal terminal, CancellationToken cancellationToken)
    {
        if (!terminal.IsInteractive)
            return await AttackRun.ExecuteAsync(deviations, null, cancellationToken);
        return await terminal.Console.Progress().AutoClear(true).StartAsync(async context =>
        {
            ProgressTask bar = context.AddTask("deviations", maxValue: deviations.Count);
            return await AttackRun.ExecuteAsync(deviations, new Counter(bar), cancellationToken);
        });
    }

    private sealed class Counter(ProgressTask bar) : IProgress<DeviationResult>
    {
        public void Report(DeviationResult value) => bar.Increment(1);
    }
}
