using System.CommandLine;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using SecureFed.Cli.Output;
using SecureFed.Client.Configuration;
using SecureFed.Client.Http;
using SecureFed.Cryptography.Keys;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Server;
using SecureFed.Server.Witnessing;

namespace SecureFed.Cli.Commands;

/// <summary><c>securefed server</c>: the service on Kestrel until it is stopped.</summary>
internal static class ServerCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string> key = CommandOptions.Required("--key", "The server's identity key (PEM); signs log entries.");
        Option<string> roster = CommandOptions.Required("--roster", "Signed roster.");
        Option<string> authority = CommandOptions.Required("--policy", "Policy file that pins the roster authority and this server's key, as clients have it.");
        Option<string> listen = CommandOptions.Optional("--listen", "Address and port. Default 127.0.0.1:7443.");
        Option<string> certificate = CommandOptions.Optional("--certificate", "TLS certificate with key (PKCS#12; passphrase in SECUREFED_CERTIFICATE_PASSPHRASE). Default: self-signed for loopback, made now.");
        Option<string> authorities = CommandOptions.Optional("--authority", "Names under which clients reach the server, comma-separated, e.g. fed.example.org. Default: the local address.");
        Option<double> epsilon = new("--data-set-epsilon") { Description = "Largest sum of the epsilon of all tasks of one unit on one data set, in (0, 1e6]. Default 20.", DefaultValueFactory = _ => 20 };
        Option<double> delta = new("--data-set-delta") { Description = "The same for delta, in [1e-28, 1). Default 2e-5.", DefaultValueFactory = _ => 2e-5 };
        Option<string> store = CommandOptions.Optional("--store", "Where the logs are kept: a directory (created if absent), or 'memory' to lose them when the server stops. Default: SECUREFED_STORE, else securefed-data.");
        Option<string> guard = CommandOptions.Optional("--guard", "Directory of the rollback guards, best on another disk than the store; those of an existing store move there. Default: inside the store.");
        Option<bool> renewGuard = new("--renew-guard") { Description = "For one start after the guard directory was lost: trust the checkpoint in the store. First make sure that nobody has seen a larger tree." };
        Option<int?> retain = new("--retain-rounds") { Description = "Keep the uploaded (masked) vectors of so many finished rounds of each task for auditors, and delete older ones; the log says so. Default: keep all." };
        Option<string> witness = CommandOptions.Optional("--witness", "Witnesses that cosign checkpoints, comma-separated, each VKEY@ADDRESS, e.g. name+hash+key@https://witness.example.org.");
        Option<int> quorum = new("--witness-quorum") { Description = "Publish no checkpoint with fewer cosignatures. Default 0." };
        Option<bool> approval = new("--require-approval") { Description = "Take only tasks whose start an approver of another organisation has to approve." };
        Command command = new("server", "Runs the aggregation service.") { key, roster, authority, listen, certificate, authorities, epsilon, delta, store, guard, renewGuard, retain, witness, quorum, approval, CommandOptions.Json() };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            _ = new DataSetLedger(parsed.GetValue(epsilon), parsed.GetValue(delta)); // Says which range is allowed.
            Protocol.Policy.ClientPolicy policy = PolicyFile.Load(parsed.GetValue(authority)!);
            SampleKeys.RefuseOutsideDevelopment(
                policy.RosterAuthorityKey.Span,
                Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT") ?? Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") ?? "Production");
            using SigningKey signer = IdentityFile.Load(parsed.GetValue(key)!, CommandOptions.Passphrase);
            ServerOptions options = new()
            {
                Signer = signer,
                Roster = LoadRoster(parsed.GetValue(roster)!, policy, signer),
                RequireApproval = parsed.GetValue(approval),
                DataSetEpsilon = parsed.GetValue(epsilon),
                DataSetDelta = parsed.GetValue(delta),
                RosterAuthority = policy.RosterAuthorityKey,
                Store = StoreOf(parsed.GetValue(store)),
                GuardDirectory = parsed.GetValue(guard),
                RenewsGuard = parsed.GetValue(renewGuard),
                RetainedRounds = parsed.GetValue(retain),
                Witnesses = [.. (parsed.GetValue(witness)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? []).Select(WitnessOf)],
                WitnessQuorum = parsed.GetValue(quorum),
                Authorities = parsed.GetValue(authorities)?.ToLowerInvariant().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [],
            };
            if (options.WitnessQuorum < 0 || options.WitnessQuorum > options.Witnesses.Count)
                throw CommandException.Misuse("--witness-quorum is out of range.", $"0 to {options.Witnesses.Count}, the number of witnesses.");
            if (options.RetainedRounds < 0)
                throw CommandException.Misuse("--retain-rounds is negative.", "0 deletes a round's vectors when it is over.");
            using X509Certificate2 tls = LoadCertificate(parsed.GetValue(certificate));
            IPEndPoint endpoint = IPEndPoint.TryParse(parsed.GetValue(listen) ?? "127.0.0.1:7443", out IPEndPoint? wanted)
                ? wanted
                : throw CommandException.Misuse("--listen is not an address and port.", "For example 127.0.0.1:7443.");
            await using WebApplication app = SecureFedServer.Create(options, tls, endpoint, LogToStandardError);
            await StartAsync(app, cancellationToken);
            string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
            if (terminal.IsJson)
                terminal.WriteJson(new { address, certificatePin = PinnedHandler.PinOf(tls) });
            else
                terminal.WriteLine($"listening on {address}\ncertificate pin {PinnedHandler.PinOf(tls)}\n{(options.Store is { } place ? $"logs in {place}" : "Logs are kept in memory: stopping the server ends its tasks.")}");
            await app.WaitForShutdownAsync(cancellationToken);
            return SecureFedCommand.Done;
        });
        return command;
    }

    private static WitnessEndpoint WitnessOf(string text)
    {
        int at = text.LastIndexOf('@');
        return at > 0 && NoteVerifier.TryParse(text[..at], out NoteVerifier? key) && key!.Type == NoteKeyType.Cosignature
            && Uri.TryCreate(text[(at + 1)..], UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
                ? new WitnessEndpoint(address, key)
                : throw CommandException.Misuse($"'{text}' is no witness.", "VKEY@ADDRESS: the key that 'securefed keys witness' wrote beside the private one, and the witness's address.");
    }

    private static string? StoreOf(string? option)
    {
        string store = option ?? Environment.GetEnvironmentVariable("SECUREFED_STORE") ?? "securefed-data";
        return string.Equals(store, "memory", StringComparison.Ordinal) ? null : store;
    }

    private static async Task StartAsync(WebApplication app, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (SecureFedException exception) when (string.Equals(exception.Code, ErrorCodes.StorageUnavailable, StringComparison.Ordinal))
        {
            throw CommandException.Refuse(exception.Code, exception.Message, "See the section on storage in README.md.");
        }
    }

    /// <summary>The framework's own request lines are left out: they would put a client's identity beside its round.</summary>
    internal static void LogToStandardError(ILoggingBuilder logging)
    {
        logging.AddSimpleConsole(options => options.SingleLine = true);
        logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None); // A start that fails is reported once, by this command, without a stack trace.
        logging.Services.Configure<ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    private static Roster LoadRoster(string path, Protocol.Policy.ClientPolicy policy, SigningKey signer)
    {
        if (!Roster.TryDecode(File.ReadAllBytes(path), policy.RosterAuthorityKey.Span, out Roster? roster))
            throw CommandException.Refuse(ErrorCodes.RosterUntrusted, $"'{path}' is not signed by the authority of the policy file.", "Sign it with 'securefed keys sign-roster'.");
        return roster!.Entries.Any(e => e.Role == RosterRole.Server && e.PublicKey.Span.SequenceEqual(signer.PublicKey.Span))
            ? roster
            : throw CommandException.Refuse(ErrorCodes.NotEnrolled, "The roster has no server with this key.", "Enrol the server's public key, then sign the roster again.");
    }

    internal static X509Certificate2 LoadCertificate(string? path)
    {
        if (path is null)
            return LoopbackCertificate.Create();
        try
        {
            return X509CertificateLoader.LoadPkcs12FromFile(path, Environment.GetEnvironmentVariable("SECUREFED_CERTIFICATE_PASSPHRASE"));
        }
        catch (CryptographicException exception)
        {
            throw CommandException.Refuse("invalid-certificate", $"'{path}' cannot be opened: {exception.Message}", "Give a PKCS#12 file and its passphrase in SECUREFED_CERTIFICATE_PASSPHRASE.");
        }
    }
}
