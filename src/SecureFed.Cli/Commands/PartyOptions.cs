using System.CommandLine;
using SecureFed.Client.Configuration;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Commands;

/// <summary>What everybody states who takes part in a task as a process of its own: where the server is, who one is, and what one accepts.</summary>
internal sealed class PartyOptions
{
    private readonly Option<string> server = CommandOptions.Required("--server", "Server address, https.");
    private readonly Option<string> pin = CommandOptions.Optional("--certificate-pin", "SHA-256 of the server certificate's key, as 'securefed server' prints it.");
    private readonly Option<string> task = CommandOptions.Required("--task", "Task identifier.");
    private readonly Option<string> id = CommandOptions.Required("--id", "Own identifier in the roster.");
    private readonly Option<string> key = CommandOptions.Required("--key", "Own key (PEM).");
    private readonly Option<string> policy = CommandOptions.Required("--policy", "Policy file; a key holder's is the same as a client's.");

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { server, pin, task, id, key, policy, CommandOptions.Json() })
            command.Options.Add(option);
    }

    public Uri Server(ParseResult parsed) => CommandOptions.ReadAddress(parsed.GetValue(server)!);

    public string? Pin(ParseResult parsed) => parsed.GetValue(pin);

    public Identifier Task(ParseResult parsed) => CommandOptions.ReadIdentifier(parsed.GetValue(task)!, "--task");

    public Identifier Id(ParseResult parsed) => CommandOptions.ReadIdentifier(parsed.GetValue(id)!, "--id");

    public string KeyFile(ParseResult parsed) => parsed.GetValue(key)!;

    public SigningKey LoadKey(ParseResult parsed) => IdentityFile.Load(KeyFile(parsed), CommandOptions.Passphrase);

    public ClientPolicy LoadPolicy(ParseResult parsed) => PolicyFile.Load(parsed.GetValue(policy)!);
}
