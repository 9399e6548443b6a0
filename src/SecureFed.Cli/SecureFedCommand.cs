using System.CommandLine;
using SecureFed.Cli.Attack;
using SecureFed.Cli.Audit;
using SecureFed.Cli.Bench;
using SecureFed.Cli.Commands;
using SecureFed.Cli.Demo;
using SecureFed.Cli.Models;
using SecureFed.Cli.Output;
using SecureFed.Cli.Stats;

namespace SecureFed.Cli;

/// <summary>The command line. Exit codes: 0 done, 1 refused or failed, 2 bad usage, 3 verification failed.</summary>
public static class SecureFedCommand
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int BadUsage = 2;
    public const int VerificationFailed = 3;

    /// <summary>Runs one command; <paramref name="output"/> gets the result, <paramref name="diagnostics"/> everything else.</summary>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter diagnostics, CancellationToken cancellationToken = default)
    {
        Terminal terminal = new(output, diagnostics, args.Contains("--json", StringComparer.Ordinal));
        RootCommand root = Create(terminal);
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            terminal.Fail(new CommandFailure("bad-usage", string.Join(" ", parsed.Errors.Select(e => e.Message)), "Run the command with --help to see its options.", BadUsage));
            return BadUsage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output, Error = diagnostics }, cancellationToken);
        }
        catch (Exception exception) when (CommandFailure.TryFrom(exception) is { } failure)
        {
            terminal.Fail(failure);
            return failure.ExitCode;
        }
    }

    private static RootCommand Create(Terminal terminal)
    {
        RootCommand root = new("SecureFed: federated learning through a server that sums what it cannot read.")
        {
            DemoCommand.Create(terminal),
            StatsCommand.Create(terminal),
            ServerCommand.Create(terminal),
            WitnessCommand.Create(terminal),
            KeysCommand.Create(terminal),
            TaskCommand.Create(terminal),
            AuditCommand.Create(terminal),
            ClientCommand.Create(terminal),
            KeyHolderCommand.Create(terminal),
            SecAggCommand.Create(terminal),
            PrivacyCommand.Create(terminal),
            HeCommand.Create(terminal),
            AttackCommand.Create(terminal),
            BenchCommand.Create(terminal),
            ModelCommand.Create(terminal),
        };
        return root;
    }
}
