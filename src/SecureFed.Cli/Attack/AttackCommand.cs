using System.CommandLine;
using System.Diagnostics;
using SecureFed.Cli.Attack.Serving;
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
        Option<string> serve = CommandOptions.Optional("--serve", "Plays this one deviation (or 'honest', the control) against a client of yours, which joins with what --out receives.");
        Option<string> output = CommandOptions.Optional("--out", "With --serve: new or empty directory for the victim's key, policy, data and README.txt.");
        Option<int?> minutes = new("--minutes") { Description = "With --serve: how long your client may take to come, 1 to 1440. Default 10." };
        Option<int?> quiet = new("--quiet") { Description = "With --serve: seconds without a request after which your client counts as silent, 1 to 600; longer than its longest computation. Default 10." };
        Command command = new("attack", "Tries to learn a client's update as a server that lies; every deviation must be refused.")
        {
            only, list, serve, output, minutes, quiet, CommandOptions.Json(),
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (ReadServe(parsed.GetValue(serve), parsed.GetValue(output), parsed.GetValue(minutes), parsed.GetValue(quiet)) is { } served)
            {
                if (parsed.GetValue(only) is not null || parsed.GetValue(list))
                    throw CommandException.Misuse("--serve plays one deviation; --only and --list do not go with it.", "Leave them out.");
                ServeResult result = await new ServeRun(served, terminal).ExecuteAsync(cancellationToken);
                AttackReport.Write(result, terminal);
                return result.ExitCode;
            }

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

    private static ServeOptions? ReadServe(string? name, string? directory, int? minutes, int? quiet)
    {
        if (name is null)
        {
            return directory is null && minutes is null && quiet is null
                ? null
                : throw CommandException.Misuse("--out, --minutes and --quiet go with --serve.", "Name a deviation: --serve tiny-cohort.");
        }

        if (string.IsNullOrEmpty(directory))
            throw CommandException.Misuse("--serve needs --out.", "--out names a new directory for what your client needs.");
        if (minutes is < 1 or > 1440 || quiet is < 1 or > 600)
            throw CommandException.Misuse("--minutes is 1 to 1440, --quiet 1 to 600 seconds.", "Leave them out for 10 minutes and 10 seconds.");
        return new ServeOptions(ServeOptions.Find(name), directory, TimeSpan.FromMinutes(minutes ?? 10), TimeSpan.FromSeconds(quiet ?? 10));
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
