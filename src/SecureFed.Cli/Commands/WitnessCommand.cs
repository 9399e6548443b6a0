using System.CommandLine;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SecureFed.Cli.Output;
using SecureFed.Client.Http;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Server.Witnessing;

namespace SecureFed.Cli.Commands;

/// <summary><c>securefed witness</c>: cosigns the checkpoints of logs that somebody else runs, until it is stopped.</summary>
internal static class WitnessCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string> key = CommandOptions.Required("--key", "The witness's secret key, as 'securefed keys witness' writes it.");
        Option<string> logs = CommandOptions.Required("--log", "Verifier keys (name+id+base64) of the logs to witness, comma-separated.");
        Option<string> state = CommandOptions.Required("--state", "Directory for the latest checkpoint of each log. A witness that loses it can be shown another history.");
        Option<string> urls = CommandOptions.Optional("--urls", "Address and port, http or https. Default http://127.0.0.1:7444.");
        Option<string> certificate = CommandOptions.Optional("--certificate", "TLS certificate for https, as in 'securefed server'. Default: self-signed for loopback, made now.");
        Command command = new("witness", "Runs a witness that cosigns other servers' logs.") { key, logs, state, urls, certificate, CommandOptions.Json() };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            (IPEndPoint endpoint, bool isSecure) = ReadEndpoint(parsed.GetValue(urls) ?? "http://127.0.0.1:7444");
            if (!isSecure && parsed.GetValue(certificate) is not null)
                throw CommandException.Misuse("--certificate needs an https address.", "For example --urls https://127.0.0.1:7444.");
            using WitnessKey secret = WitnessKeyFile.Load(parsed.GetValue(key)!);
            using X509Certificate2? tls = isSecure ? ServerCommand.LoadCertificate(parsed.GetValue(certificate)) : null;
            WitnessOptions options = new() { Key = secret, Logs = ReadLogs(parsed.GetValue(logs)!), StateDirectory = parsed.GetValue(state)! };
            await using WebApplication app = SecureFedWitness.Create(options, endpoint, tls, ServerCommand.LogToStandardError);
            await app.StartAsync(cancellationToken);
            string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
            string? pin = tls is null ? null : PinnedHandler.PinOf(tls);
            if (terminal.IsJson)
                terminal.WriteJson(new { address, certificatePin = pin, vkey = secret.Verifier.ToString(), logs = options.Logs.Select(log => log.Name) });
            else
                terminal.WriteLine($"listening on {address}\n{(pin is null ? "" : $"certificate pin {pin}\n")}vkey {secret.Verifier}\nwitnessing {string.Join(", ", options.Logs.Select(log => log.Name))}");
            await app.WaitForShutdownAsync(cancellationToken);
            return SecureFedCommand.Done;
        });
        return command;
    }

    private static NoteVerifier[] ReadLogs(string text) =>
    [
        .. text.Split(',', StringSplitOptions.TrimEntries).Select(vkey =>
            NoteVerifier.TryParse(vkey, out NoteVerifier? log) && log!.Type is NoteKeyType.Ecdsa or NoteKeyType.Ed25519
                ? log
                : throw CommandException.Misuse($"--log has '{vkey}', which is no verifier key of a log.", "A verifier key is name+id+base64; the server shows that of each task's log.")),
    ];

    private static (IPEndPoint Endpoint, bool IsSecure) ReadEndpoint(string text)
    {
        bool isSecure = text.StartsWith("https://", StringComparison.Ordinal);
        return Uri.TryCreate(text, UriKind.Absolute, out Uri? address)
            && (isSecure || text.StartsWith("http://", StringComparison.Ordinal))
            && string.Equals(address.PathAndQuery, "/", StringComparison.Ordinal)
            && IPEndPoint.TryParse(address.Authority, out IPEndPoint? endpoint)
                ? (new IPEndPoint(endpoint.Address, address.Port), isSecure)
                : throw CommandException.Misuse("--urls is not one address and port.", "For example http://127.0.0.1:7444.");
    }
}
