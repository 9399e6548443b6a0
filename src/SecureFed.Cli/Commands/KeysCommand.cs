using System.CommandLine;
using System.Text.Json;
using SecureFed.Cli.Output;
using SecureFed.Client.Configuration;
using SecureFed.Client.Holding;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Witnessing;

namespace SecureFed.Cli.Commands;

/// <summary><c>securefed keys</c>: identity keys, a witness's key, rosters and a whole trial consortium.</summary>
internal static class KeysCommand
{
    internal static readonly JsonSerializerOptions Indented = new(ResourceJson.Options)
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create(Terminal terminal) => new("keys", "Makes identity keys and signs rosters.")
    {
        New(terminal),
        Witness(terminal),
        Sign(terminal),
        Consortium(terminal),
    };

    private static Command New(Terminal terminal)
    {
        Option<string> output = CommandOptions.Required("--out", "PEM file to write; existing files are kept. Encrypted if SECUREFED_PASSPHRASE is set.");
        Command command = new("new", "Makes one identity key and prints the roster member that belongs to it.") { output, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            byte[] publicKey = IdentityFile.Create(parsed.GetValue(output)!, CommandOptions.Passphrase, OperatingSystemRandomSource.Instance);
            string id = Identifier.Random(OperatingSystemRandomSource.Instance).ToString();
            string key = Convert.ToBase64String(publicKey);
            if (terminal.IsJson)
                terminal.WriteJson(new { id, publicKey = key, file = parsed.GetValue(output) });
            else
                terminal.WriteLine($"id {id}\npublic key {key}");
            return SecureFedCommand.Done;
        });
        return command;
    }

    private static Command Witness(Terminal terminal)
    {
        Option<string> name = CommandOptions.Required("--name", "Name under which the witness signs, by convention an address without scheme, e.g. witness.example.org/w1.");
        Option<string> output = CommandOptions.Required("--out", "File for the secret key, not encrypted; the verifier key goes beside it with the extension .vkey. Existing files are kept.");
        Command command = new("witness", "Makes the key of a witness (Ed25519) and prints its verifier key.") { name, output, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(output)!;
            NoteVerifier verifier;
            try
            {
                verifier = WitnessKeyFile.Create(path, parsed.GetValue(name)!, OperatingSystemRandomSource.Instance);
            }
            catch (ArgumentException)
            {
                throw CommandException.Misuse("--name is no name of a key.", "A name is not empty and has no white space and no plus, e.g. witness.example.org/w1.");
            }

            if (terminal.IsJson)
                terminal.WriteJson(new { vkey = verifier.ToString(), file = path, publicFile = WitnessKeyFile.PublicPathOf(path) });
            else
                terminal.WriteLine($"vkey {verifier}");
            return SecureFedCommand.Done;
        });
        return command;
    }

    private static Command Sign(Terminal terminal)
    {
        Option<string> roster = CommandOptions.Required("--roster", "Roster file (JSON) to sign.");
        Option<string> authority = CommandOptions.Required("--authority", "Key of the roster authority (PEM), who is not the server.");
        Option<string> output = CommandOptions.Required("--out", "Signed roster to write.");
        Command command = new("sign-roster", "Signs a roster file with the authority's key.") { roster, authority, output, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            RosterFile file = RosterFile.Load(parsed.GetValue(roster)!);
            using SigningKey key = IdentityFile.Load(parsed.GetValue(authority)!, CommandOptions.Passphrase);
            Roster signed = file.Sign(key);
            File.WriteAllBytes(parsed.GetValue(output)!, signed.Bytes.ToArray());
            if (terminal.IsJson)
                terminal.WriteJson(new { sequence = signed.Sequence, members = signed.Entries.Count, digest = signed.Digest.ToString(), file = parsed.GetValue(output) });
            else
                terminal.WriteLine($"{signed.Entries.Count} members, digest {signed.Digest}");
            return SecureFedCommand.Done;
        });
        return command;
    }

    private static Command Consortium(Terminal terminal)
    {
        Option<string> output = CommandOptions.Required("--out", "New or empty directory.");
        Option<int> clients = new("--clients") { Description = "Number of clients, each an organisation of its own. Default 5.", DefaultValueFactory = _ => 5 };
        Option<int> approvers = new("--approvers") { Description = "Number of approvers, each an organisation of its own. Default 1.", DefaultValueFactory = _ => 1 };
        Option<int> holders = new("--key-holders") { Description = "Number of key holders for encrypted tasks, each an organisation of its own; five let a round go on without one. Default 0: the policy takes masked tasks only.", DefaultValueFactory = _ => 0 };
        Command command = new("consortium", "Makes all keys of a trial consortium: authority, server, operator, clients, approvers, key holders, auditor; with signed roster and client policy.")
        {
            output, clients, approvers, holders, CommandOptions.Json(),
        };
        command.SetAction(parsed =>
        {
            int count = parsed.GetValue(clients);
            if (count is < 2 or > 10_000)
                throw CommandException.Misuse("--clients is 2 to 10,000.", "Run 'securefed keys consortium --help'.");
            if (parsed.GetValue(approvers) is < 0 or > 100)
                throw CommandException.Misuse("--approvers is 0 to 100.", "Run 'securefed keys consortium --help'.");
            if (parsed.GetValue(holders) is < 0 or > VectorSharing.GreatestHolders)
                throw CommandException.Misuse($"--key-holders is 0 to {VectorSharing.GreatestHolders}.", "Run 'securefed keys consortium --help'.");
            WriteConsortium(parsed.GetValue(output)!, count, parsed.GetValue(approvers), parsed.GetValue(holders));
            if (terminal.IsJson)
                terminal.WriteJson(new { directory = parsed.GetValue(output), clients = count, approvers = parsed.GetValue(approvers), keyHolders = parsed.GetValue(holders) });
            else
                terminal.WriteLine($"Keys, roster and policy for {count} clients are in {parsed.GetValue(output)}. One machine holding all of them is for trials only.");
            return SecureFedCommand.Done;
        });
        return command;
    }

    private static void WriteConsortium(string directory, int clients, int approvers, int holders)
    {
        if (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any(path => !path.EndsWith(".md", StringComparison.Ordinal)))
            throw CommandException.Refuse("not-empty", $"'{directory}' is not empty; keys are never overwritten.", "Choose a new directory.");
        Directory.CreateDirectory(directory);
        IRandomSource random = OperatingSystemRandomSource.Instance;
        byte[] authority = IdentityFile.Create(Path.Combine(directory, "authority.pem"), CommandOptions.Passphrase, random);
        List<RosterMember> members = [];
        byte[] server = Enrol("server", RosterRole.Server, "service provider");
        Enrol("operator", RosterRole.Operator, "service provider");
        for (int client = 1; client <= clients; client++)
            Enrol($"client-{client}", RosterRole.Client, $"organisation {client}");
        for (int approver = 1; approver <= approvers; approver++)
            Enrol($"approver-{approver}", RosterRole.Approver, $"approving organisation {approver}");
        for (int holder = 1; holder <= holders; holder++)
        {
            Enrol($"holder-{holder}", RosterRole.KeyHolder, $"holding organisation {holder}");
            StateKeyFile.Create(KeyHolderCommand.DefaultOf(Path.Combine(directory, $"holder-{holder}.pem")), random);
        }

        Enrol("auditor", RosterRole.Auditor, "audit"); // Last: who reads the file counts server, operator, clients.
        RosterFile roster = new() { Sequence = 1, Members = members };
        WriteJson("roster.json", roster);
        using SigningKey key = IdentityFile.Load(Path.Combine(directory, "authority.pem"), CommandOptions.Passphrase);
        File.WriteAllBytes(Path.Combine(directory, "roster.signed"), roster.Sign(key).Bytes.ToArray());
        WriteJson("policy.json", new PolicyFile
        {
            RosterAuthorityKey = Convert.ToBase64String(authority),
            ServerKey = Convert.ToBase64String(server),
            SmallestCohort = Math.Min(clients, 5),
            LeastSurvivors = Math.Min(clients, 3),
            KeyHolders = [.. members.Where(m => m.Role == RosterRole.KeyHolder).Select(m => m.Id)],
            Protections = holders > 0 ? [ProtectionKind.Masking, ProtectionKind.Encryption] : [ProtectionKind.Masking],
        });

        byte[] Enrol(string name, RosterRole role, string organisation)
        {
            byte[] publicKey = IdentityFile.Create(Path.Combine(directory, name + ".pem"), CommandOptions.Passphrase, random);
            members.Add(new RosterMember(Identifier.Random(random).ToString(), role, organisation, Convert.ToBase64String(publicKey)));
            return publicKey;
        }

        void WriteJson<T>(string name, T content) =>
            File.WriteAllText(Path.Combine(directory, name), JsonSerializer.Serialize(content, Indented) + "\n");
    }
}
