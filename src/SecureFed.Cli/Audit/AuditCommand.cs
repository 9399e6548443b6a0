using System.CommandLine;
using SecureFed.Cli.Audit.Report;
using SecureFed.Cli.Commands;
using SecureFed.Cli.Output;
using SecureFed.Client.Configuration;
using SecureFed.Client.Http;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Wire;
using Spectre.Console;

namespace SecureFed.Cli.Audit;

/// <summary><c>securefed audit</c>: what anybody can check of a task's log, and an auditor with blobs all of it.</summary>
internal static class AuditCommand
{
    public static Command Create(Terminal terminal) => new("audit", "Verifies a task's log without trusting the server, reports on it, and verifies receipts.")
    {
        Verify(terminal),
        Report(terminal),
        Fetch(terminal),
        ReceiptCommand.Create(terminal),
    };

    private static Command Verify(Terminal terminal)
    {
        AuditOptions options = new();
        Option<string> save = CommandOptions.Optional("--save", "File for the verified checkpoint, for --since of the next visit. Written only if everything holds.");
        Command command = options.AddTo(new Command("verify", "Verifies signature, tiles, transitions and budget; with blobs also messages, sums and models. Exit code 3 and the first fault if something is wrong.") { save });
        command.SetAction(parsed =>
        {
            AuditResult result = options.Run(parsed, terminal);
            if (result.IsVerified && parsed.GetValue(save) is { } target)
                File.WriteAllBytes(target, result.Checkpoint!.Note.Encode());
            return AuditOutput.Write(result, terminal);
        });
        return command;
    }

    private static Command Report(Terminal terminal)
    {
        AuditOptions options = new();
        Option<string> output = CommandOptions.Required("--out", "HTML file to write; an existing one is replaced.");
        Command command = options.AddTo(new Command("report", "Verifies a log and writes one self-contained HTML file: budget, rounds, participants, lineage, keys, deviations. Exit code 3 if the log is not verified; the report says so.") { output });
        command.SetAction(parsed =>
        {
            ReportContent content = ReportContent.Of(options.Run(parsed, terminal));
            File.WriteAllText(parsed.GetValue(output)!, ReportHtml.Write(content));
            if (terminal.IsJson)
                terminal.WriteJson(content);
            else
                terminal.WriteLine($"{content.Headline}\nThe report is in {parsed.GetValue(output)}.");
            return content.Verified ? SecureFedCommand.Done : SecureFedCommand.VerificationFailed;
        });
        return command;
    }

    private static Command Fetch(Terminal terminal)
    {
        AuditOptions options = new();
        Option<string> output = CommandOptions.Required("--out", "New or empty directory.");
        Command command = options.AddTo(new Command("fetch", "Copies a task's log, and as an auditor its blobs and budget, from a server into a directory, and verifies the copy.") { output });
        command.SetAction(parsed =>
        {
            (string, byte[])? earlier = options.ReadEarlier(parsed);
            using AuditPlace place = options.Open(parsed);
            AuditMirror.Copy(place, parsed.GetValue(output)!);
            using DirectoryPlace copy = DirectoryPlace.Open(parsed.GetValue(output)!, task: null);
            return AuditOutput.Write(new AuditRun(copy, options.TrustFor(parsed, copy)).Execute(earlier), terminal);
        });
        return command;
    }
}

/// <summary>The options that name a log and whom to believe.</summary>
internal sealed class AuditOptions
{
    private const int GreatestAttempts = 3;
    private readonly Argument<string> place = new("place") { Description = "Directory (of 'demo --out', of 'audit fetch', or a server's data directory) or https address of a server or task." };
    private readonly Option<string> task = CommandOptions.Optional("--task", "Task identifier. Needed if the place holds several.");
    private readonly Option<string> verifierKey = CommandOptions.Optional("--vkey", "File with the log's verifier key, got from somebody other than the server.");
    private readonly Option<string> policy = CommandOptions.Optional("--policy", "tlog-policy file: the log's key, witnesses and quorum.");
    private readonly Option<string> authority = CommandOptions.Optional("--authority", "File with the roster authority's key (base64), or a client policy (JSON), which pins the server's key too.");
    private readonly Option<string> since = CommandOptions.Optional("--since", "Checkpoint that an earlier visit saved: the log must continue it.");
    private readonly Option<string> pin = CommandOptions.Optional("--certificate-pin", "SHA-256 of the server certificate's key, as 'securefed server' prints it.");
    private readonly Option<string> id = CommandOptions.Optional("--id", "Auditor's identifier in the roster: who is shown blobs.");
    private readonly Option<string> key = CommandOptions.Optional("--key", "Auditor's key (PEM).");

    public Command AddTo(Command command)
    {
        command.Arguments.Add(place);
        foreach (Option option in (Option[])[task, verifierKey, policy, authority, since, pin, id, key, CommandOptions.Json()])
            command.Options.Add(option);
        return command;
    }

    public (string Name, byte[] Note)? ReadEarlier(ParseResult parsed) => parsed.GetValue(since) is { } file ? (file, File.ReadAllBytes(file)) : null;

    public AuditResult Run(ParseResult parsed, Terminal terminal)
    {
        (string, byte[])? earlier = ReadEarlier(parsed);
        using AuditPlace opened = Open(parsed);
        AuditTrust trust = TrustFor(parsed, opened);
        Identifier? wanted = TaskOf(parsed) ?? (opened as ServerPlace)?.TaskId;
        if (!terminal.IsInteractive)
            return Run(opened, trust, earlier, wanted, progress: null);
        return terminal.Console.Status().Start("Verifying", status => Run(opened, trust, earlier, wanted, entries => status.Status = FormattableString.Invariant($"Verifying entry {entries}")));
    }

    /// <summary>A running server may report a budget that is newer than the checkpoint that was read before it: then both are read again.</summary>
    private static AuditResult Run(AuditPlace opened, AuditTrust trust, (string Name, byte[] Note)? earlier, Identifier? wanted, Action<ulong>? progress)
    {
        AuditResult result = new AuditRun(opened, trust, progress).Execute(earlier, wanted);
        for (int attempt = 1; attempt < GreatestAttempts && opened.IsLive && !result.Entries.IsFinished && result.Fault is { Code: AuditRun.BudgetMismatch }; attempt++)
            result = new AuditRun(opened, trust, progress).Execute(earlier, wanted);
        return result;
    }

    public AuditPlace Open(ParseResult parsed)
    {
        string text = parsed.GetValue(place)!;
        if (!text.Contains("://", StringComparison.Ordinal))
            return DirectoryPlace.Open(text, TaskOf(parsed));
        Uri address = CommandOptions.ReadAddress(text);
        if (parsed.GetValue(id) is null != parsed.GetValue(key) is null)
            throw CommandException.Misuse("--id and --key go together.", "Give both to read blobs as an auditor, or neither.");
        HttpClient? signed = null;
        if (parsed.GetValue(id) is { } auditor)
        {
            SigningKey signer = IdentityFile.Load(parsed.GetValue(key)!, CommandOptions.Passphrase);
            signed = SignedHttpClient.Create(new Uri(address.GetLeftPart(UriPartial.Authority)), parsed.GetValue(pin), CommandOptions.ReadIdentifier(auditor, "--id"), signer);
        }

        return ServerPlace.Open(address, TaskOf(parsed), parsed.GetValue(pin), signed);
    }

    public AuditTrust TrustFor(ParseResult parsed, AuditPlace opened) => AuditTrust.Load(parsed.GetValue(verifierKey), parsed.GetValue(policy), parsed.GetValue(authority), opened);

    private Identifier? TaskOf(ParseResult parsed) => parsed.GetValue(task) is { } text ? CommandOptions.ReadIdentifier(text, "--task") : null;
}
