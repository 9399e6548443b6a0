using System.CommandLine;
using SecureFed.Cli.Output;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Commands;

/// <summary>Options that several commands share.</summary>
internal static class CommandOptions
{
    public static Option<bool> Json() => new("--json") { Description = "One JSON document on standard output." };

    public static Option<string> Required(string name, string description) => new(name) { Description = description, Required = true };

    public static Option<string> Optional(string name, string description) => new(name) { Description = description };

    /// <summary>Passphrase of a key file, from the environment: it does not belong on a command line.</summary>
    public static string? Passphrase => Environment.GetEnvironmentVariable("SECUREFED_PASSPHRASE");

    public static Identifier ReadIdentifier(string text, string option) => Identifier.TryParse(text, out Identifier identifier)
        ? identifier
        : throw CommandException.Misuse($"{option} is not an identifier.", "An identifier is 22 characters of base64url, as 'securefed keys' prints it.");

    public static Uri ReadAddress(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && string.Equals(address.Scheme, Uri.UriSchemeHttps, StringComparison.Ordinal)
        ? address
        : throw CommandException.Misuse("The server address is not an https address.", "For example https://localhost:7443.");
}
